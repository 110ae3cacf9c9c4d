"""Weights of which vLLM says that their shape is another, or that they are missing."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from .vllm import _AS_4_BITS, _IN_VLLM

_OTHER_VOCABULARY = Answer(
    "the embeddings or the head in the files have another number of tokens than config.json says",
    (
        '"vocab_size" in FOLDER/config.json (under text_config, for a multimodal Gemma) as many as '
        "the rows of the embeddings",
        "where no tokens were added: merge again on the base checkpoint, whose vocabulary is that "
        "of its config",
        "sent by a trainer (GRPO): the same tokenizer and config for trainer and server",
    ),
    why="tokens were added and the embeddings resized, and the config that vLLM reads has the old "
    "number",
    known="the assertion compares the rows with the vocabulary",
    settles=False,
)


def _another_shape(case: Case) -> Answer | None:
    if not re.search(rf"(?i){_IN_VLLM}", case.above + case.around + case.near):
        return None
    if case.error is None and case.hit.text.lstrip("> ").startswith("assert"):
        return None  # source that a traceback of another error shows
    if "org_vocab_size" in f"{case.code} {case.hit.text} {case.message}":
        return _OTHER_VOCABULARY
    return Answer(
        "a weight of the files has another shape than the parameter of vLLM's class",
        (
            f"{_AS_4_BITS}   if the checkpoint is in 4 bits (bnb-4bit)",
            "or the config.json that belongs to these weights: vocab_size as many as the rows of "
            "the embeddings",
        ),
        why="a 4-bit weight of bitsandbytes is one packed column, and new tokens make the "
        "embeddings longer than vocab_size in config.json says",
        known="the assertion compares the two shapes; which of these it is, the log does not say",
        settles=False,
    )


def _not_initialised(case: Case) -> Answer:
    near = f"{case.above}{case.around}{case.hit.before[-4000:]}"
    package = "sglang" if re.search(r"(?i)sglang", near) else "vllm"
    engine = {"sglang": "SGLang", "vllm": "vLLM"}[package]
    names = re.findall(r"'([\w.]{3,120})'", case.message or case.hit.text)
    if names and all(name.endswith("lm_head.weight") for name in names):
        return Answer(
            f"the files have no weight for the head, which {engine}'s class asks for",
            (
                "the base checkpoint's config.json beside these weights",
                '"tie_word_embeddings": true in FOLDER/config.json   for a Gemma, or another '
                "model whose base has no lm_head.weight",
                "or merge and save again, where the base has one",
            ),
            why="a Gemma has no weight for its head: it is tied to the input embeddings, which "
            "config.json must say; a larger Llama or Qwen has a separate weight",
            known=f"{engine} lists the names",
        )
    return Answer(
        f"the files lack {len(names)} weights that {engine}'s class needs, {names[0]} among them"
        if names
        else f"the files lack weights that {engine}'s class needs",
        (
            "compare with the base checkpoint: model.safetensors.index.json lists every name",
            "merge and save again, with the base checkpoint's config.json beside the weights",
            f"or pip install -U {package}: an older one looks for them under other names",
        ),
        why="a shard is missing, or the names in the files are another class's than the one that "
        "config.json names",
        known=f"{engine} lists the names; why they are missing, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "shape-not-that-of-vllms-class",
        r"assert param(?:_data)?\.(?:shape|size\(\)) == loaded_weight|"
        r"assert loaded_weight\.shape\[",
        _another_shape,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/vllm/model_executor/'
            'layers/linear.py", line 9, in weight_loader\n    assert param_data.shape == '
            "loaded_weight.shape\nAssertionError": "bnb-4bit",
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/vllm/model_executor/layers/'
            'vocab_parallel_embedding.py", line 390, in weight_loader\n    assert '
            "loaded_weight.shape[output_dim] == self.org_vocab_size\nAssertionError": "vocab_size",
            "# AssertionError (assert param_data.shape == loaded_weight.shape) when serving "
            "dynamic "
            "quantized models with VLLM": "bitsandbytes",
        },
        alone=True,
    ),
    General(
        "weights-not-in-the-files",
        r"[Ww]eights were not initialized from checkpoint: ?[\[{]",
        _not_initialised,
        {
            "ValueError: Following weights were not initialized from checkpoint: "
            "{'lm_head.weight'}": "tie_word_embeddings",
            "python -m sglang.launch_server\nFollowing model weights were not initialized from "
            "checkpoint: {'layers.19.self_attn.qkv_proj.weight'}": "pip install -U sglang",
            "ValueError: Following weights were not initialized from checkpoint: "
            "{'model.layers.16.input_layernorm.weight', 'model.norm.weight'}": "lack 2 weights",
        },
        alone=True,
    ),
    General(
        "vllms-false-warning",
        r"gemma[23]?\.py:\d+\] Some weights are not initialized from checkpoints: ",
        lambda case: Answer(
            "this warning of vLLM's Gemma classes alone does not say that weights are missing",
            (
                "go by the model's answers: if they are sensible, nothing is wrong",
                "pip install -U vllm   : later releases no longer print it",
            ),
            why="these classes load the weights in several calls and warned after each of them of "
            "all that the others load; vLLM's own check stops with `Following weights were not "
            "initialized`",
            known="vLLM took the warning out of gemma2.py and gemma3.py as misleading (March 2025)",
            certain=False,
            settles=False,
        ),
        {
            "WARNING 03-14 16:32:11 [gemma3.py:457] Some weights are not initialized from "
            "checkpoints: {'layers.23.input_layernorm.weight'}": "sensible",
        },
        alone=True,
    ),
)
