"""What Unsloth uses beside its Python code: xformers, llama-server, Triton."""

from __future__ import annotations

import re

from ....tables import torch_wheels
from ...answer import Answer
from ..base import Case, General, always
from .prompts import NO_GENERATION_PROMPT, RESIZED
from .saving import UPGRADE


def _empty_row(case: Case) -> Answer | None:
    near = case.hit.before[-6000:] + case.around + case.hit.after
    if "nsloth" not in near or not re.search("_prepare_dataset|SFTTrainer|dataset_utils", near):
        return None
    return Answer(
        "a text whose first character is asked for is empty: that of the first row, most likely",
        (
            "print(repr(dataset[0]['text']))   (the column of dataset_text_field)",
            "dataset = dataset.filter(lambda row: row['text'])   for rows that are empty",
            "or a chat template, where the text is made by one: a base checkpoint has none, and "
            "the rows come out empty",
        ),
        why="sft_prepare_dataset takes the first character of the first text to look for <bos>",
        known="read in unsloth_zoo 2025.12.8 and 2026.5.5, dataset_utils.py; the frame itself is "
        "needed to be certain",
        certain=False,
        settles=False,
    )


_OF_UNSLOTH = re.compile(r"(?i)unsloth")


def _no_server(case: Case) -> Answer:
    """Answer by whose program starts llama-server: Unsloth's own llama.cpp, or another."""
    is_unsloth = _OF_UNSLOTH.search(case.near)
    return Answer(
        "llama-server, which runs the GGUF, did not start: this sentence does not say why"
        if "start" in case.match[0]
        else "llama-server, which runs the GGUF, ended: this sentence does not say why",
        (
            "pip install -U unsloth unsloth_zoo, and unsloth studio update   for a llama.cpp that "
            "knows the model"
            if is_unsloth
            else "a newer llama.cpp, or a newer release of the program that brings it",
            "llama-server -m FILE.gguf -ngl 99 -c 4096   by hand shows llama.cpp's own lines",
            "ROCR_VISIBLE_DEVICES=0 (CUDA_VISIBLE_DEVICES=0)   where a second, unsupported GPU "
            "is in "
            "the machine",
            "compare the file's size with that on the hub: a download may have been cut",
        ),
        why="most often llama.cpp is older than the model's architecture, the file is not whole, "
        "or "
        "model and context do not fit into memory",
        known="the sentence; which of these it is, llama.cpp's own lines say",
        settles=False,
    )


def _proxy(case: Case) -> Answer | None:
    """Answer a page that gave up; a client of an API that got the same number is another matter."""
    if case.error is not None or not re.search(
        r"(?i)unsloth|studio|runpod|gradio"
        + ("" if "Gateway" in case.hit.text else r"|\bexport|gguf|web ?ui"),
        case.near,
    ):
        return None
    return Answer(
        "a proxy between browser and server gave up waiting; the job behind it may still run",
        (
            "look at the server's own log (Unsloth Studio: ~/.unsloth/studio/logs), and at the "
            "folder "
            "or the repository on the hub",
            "or do the long step in a shell or a notebook on the machine itself: "
            "model.push_to_hub_gguf(...)",
        ),
        why="Cloudflare (RunPod's proxy) and others cut a request after about 100 seconds",
        known="524 and 504 are timeouts of a proxy; what the job itself did, they do not say",
        settles=False,
    )


def _unpatched(case: Case) -> Answer | None:
    if not _OF_UNSLOTH.search(case.near):
        return None
    return Answer(
        f"Unsloth did not put its own code in place of {case.match['name']}",
        (UPGRADE, "nothing, where another model is trained: the class is not used then"),
        why="unsloth_zoo replaces forwards whose signature it compares first; most often a "
        "release of transformers that came after it has another",
        known="the line; the run goes on with the code of transformers",
        settles=False,
    )


_NO_XFORMERS = Answer(
    "Unsloth asks xformers for attention, and its import had failed",
    (
        "python -m xformers.info   prints why it does not load",
        torch_wheels.XFORMERS,
        "or pip install -U unsloth unsloth_zoo: newer releases do without xformers",
    ),
    why="Unsloth sets xformers to None where its import fails, and older releases use it all the "
    "same",
    known="read in unsloth 2025.5.7, models/_utils.py",
)

KINDS: tuple[General, ...] = (
    General(
        "unsloth-without-xformers",
        r"'NoneType' object has no attribute '(?:attn_bias|memory_efficient_attention)'",
        lambda case: _NO_XFORMERS if re.search(r"nsloth", f"{case.near}{case.around}") else None,
        {
            "unsloth 2025.5.7\nAttributeError: 'NoneType' object has no attribute 'attn_bias'": (
                "xformers.info"
            ),
            "    xformers.ops.memory_efficient_attention(q)\nAttributeError: 'NoneType' object has "
            "no attribute 'memory_efficient_attention'": "",
            "AttributeError: 'NoneType' object has no attribute 'to'": "",
        },
    ),
    General(
        "no-memory-counted-for-the-loss",
        r"No or negligible GPU memory available for fused",
        always(
            "Unsloth counted no free memory on the card for its loss in chunks: the card is full, "
            "or torch holds what looks used",
            "UNSLOTH_CE_LOSS_TARGET_GB=1 before the command   gives the chunks that size, whatever "
            "is free",
            "nvidia-smi   : what other processes hold; a smaller batch or max_seq_length, where "
            "the run itself fills the card",
            why="the size of the chunks is taken from what the driver says is free. Blocks that "
            "torch keeps for later count as used there, as after an epoch of long rows",
            known="read in unsloth_zoo 2026.10.9, fused_losses/cross_entropy_loss.py",
            settles=False,
        ),
        {
            "RuntimeError: Unsloth: No or negligible GPU memory available for fused cross "
            "entropy.": "UNSLOTH_CE_LOSS_TARGET_GB",
            "- **Symptom**: `Unsloth: No or negligible GPU memory available for fused cross "
            "entropy` after loading": "UNSLOTH_CE_LOSS_TARGET_GB",
        },
        alone=True,
    ),
    General(
        "llama-server-not-started",
        r"llama-server (?:failed to start|crashed at startup|process (?:died|exited)|exited)"
        r"(?! (?:with (?:exit )?(?:code|status) 0\b|cleanly|normally))",
        _no_server,
        {
            '"Failed to load model: llama-server failed to start. Check that the GGUF file is '
            'valid and you have enough memory."': "by hand",
            "Unsloth Studio: llama-server failed to start": "unsloth studio update",
            "error: llama-server exited": "ended",
            "llama-server exited with code 0 after the test": "",
        },
        alone=True,
    ),
    General(
        "proxy-gave-up",
        r"Request failed \((?:504|522|524)\)|(?:504 Gateway Time-?out|524: A timeout occurred)",
        _proxy,
        {
            "Export fails with `Request failed (524)`. LoRA works": "server's own log",
            "gguf export notes: curl returned 504 Gateway Timeout for the docs page": "",
            "requests.exceptions.HTTPError: 504 Gateway Timeout for url https://x.com/v1/chat": "",
        },
        alone=True,
    ),
    General(
        "unsloth-asks-for-a-generation-prompt",
        r"does not have a \{% if add_generation_prompt %\}",
        NO_GENERATION_PROMPT,
        {
            "# inference with unsloth: error does not have a {% if add_generation_prompt %} for "
            "generation purposes.": "get_chat_template"
        },
        alone=True,
    ),
    General(
        "unsloth-leaves-a-class-unpatched",
        r"(?:Unsloth: )?Failed to patch "
        r"(?P<name>\w{3,60}(?:For\w{4,40}|Attention|Model|MLP|Norm))",
        _unpatched,
        {
            "Unsloth Zoo will now patch everything\nFailed to patch "
            "Gemma3ForConditionalGeneration": "another model is trained",
            "[axolotl] Failed to patch LlamaAttention": "",
        },
        alone=True,
    ),
    General(
        "rotary-without-its-tables",
        r"'(?:GemmaFixed|LlamaExtended|LongRope)\w{0,20}RotaryEmbedding' object has no attribute "
        r"'(?:cos|sin)_cached'",
        always(
            "Unsloth and transformers are of different times: one reads of the rotary embedding "
            "what the other does not keep there",
            UPGRADE,
            "or the transformers of that Unsloth's time (before 4.48, where Unsloth is older than "
            "2025.1.6)",
            why="transformers 4.48 moved the rotary embedding from each layer to the model; an "
            "older Unsloth patches the class as it was before",
            known="the message names the class; which of the two is older, it does not say",
            certain=False,
            settles=False,
        ),
        {
            "AttributeError: 'GemmaFixedRotaryEmbedding' object has no attribute 'cos_cached'": (
                "4.48"
            )
        },
    ),
    General(
        "no-input-that-requires-gradients",
        r"Failed to make input require gradients",
        always(
            "Unsloth found no tensor that enters the model at which gradient checkpointing could "
            "begin",
            UPGRADE,
            "finetune_vision_layers=False, for rows without images",
            "use_gradient_checkpointing=False in get_peft_model, or transformers with PEFT alone, "
            "where this Unsloth does not know the architecture",
            why="unsloth_zoo marks the first input of the embeddings; a tower that is called by "
            "keywords only (SigLIP in Unsloth of March 2025), or an encoder with a decoder, has "
            "none where it looks",
            known="the message is unsloth_zoo's (peft_utils.py); which module it is, it does not "
            "say",
            settles=False,
        ),
        {
            "RuntimeError: Unsloth: Failed to make input require gradients!": "architecture",
            "[Bug] RuntimeError: `Failed to make input require gradients!` with T5Gemma 2": "PEFT",
        },
        alone=True,
    ),
    General(
        "unsloth-refuses-without-its-name",
        r"^[#`\"' >]{0,4}(?:\[\w{2,12}\] )?(?:add_new_tokens ?-?>? ?)?(?:Embedding|LM Head) matrix "
        r"size did not get resized",
        RESIZED,
        {
            "It throws this error:\n```\nEmbedding matrix size did not get resized properly. "
            "Please file a bug report!\n```": "reckon with the padding",
            "# Embedding matrix size did not get resized properly, while trying to add": (
                "num_embeddings"
            ),
        },
        alone=True,
    ),
    General(
        "no-output-that-requires-gradients",
        r"Failed to make output require gradients|nor logits are available for grad post hook",
        always(
            "Unsloth looked for the loss or the logits of the model at which gradient "
            "checkpointing ends, and found neither",
            UPGRADE,
            "use_gradient_checkpointing=False in get_peft_model, where memory suffices",
            why="an embedding model returns hidden states only (last_hidden_state), which an older "
            "unsloth_zoo does not look at",
            known="read in unsloth_zoo: 2025.8.9 asks for loss and logits, 2026.10.9 for "
            "last_hidden_state too",
            settles=False,
        ),
        {
            "RuntimeError: Unsloth: Failed to make output require gradients:\nNeither loss nor "
            "logits are available for grad post hook.": "last_hidden_state"
        },
        alone=True,
    ),
    General(
        "first-row-is-empty",
        r"IndexError: string index out of range",
        _empty_row,
        {
            "# IndexError: string index out of range in _prepare_dataset with Gemma-4-31B\n"
            '  File "/x/unsloth/trainer.py", line 547, in new_init': "first row",
            "IndexError: string index out of range": "",
        },
    ),
)
