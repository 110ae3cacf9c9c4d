"""mergekit: merging several trained models into one."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_TOKENS = Answer(
    "mergekit cannot unite the tokenizers of these models",
    (
        "tokenizer_source: base   where no model added tokens that matter",
        "models with added tokens: model.resize_token_embeddings(len(tokenizer)) and "
        "save_pretrained, all alike, before the merge",
    ),
    why="union compares vocabularies token by token, and needs a row of embeddings for each",
    known="mergekit says so",
    settles=False,
)
_NO_FILES = Answer(
    "mergekit finds no safetensors or bin files of a whole model in one of the folders",
    (
        "an adapter: MODEL+ADAPTER in place of the folder, or merge_and_unload() first",
        "ls FOLDER   : model*.safetensors with its index, beside config.json",
    ),
    known="mergekit names the folder",
)
_NOT_THEIRS = {"transformers", "torch"}  # they run what another program asks for


def _is_mergekit(case: Case) -> bool:
    """Return whether the text near a line tells of mergekit, whose wording others have too."""
    if case.packages:
        return "mergekit" in case.packages
    return re.search(r"(?i)merge.?kit|merge_method|\bslerp\b|\bdare_ties\b", case.near) is not None


def _raises_plainly(case: Case) -> bool:
    """Return whether the line is mergekit's error without a frame that says whose it is."""
    return not case.places and "RuntimeError: " in case.hit.text


def _parameter(case: Case) -> Answer | None:
    if not _is_mergekit(case) and not re.search(r" for \S{1,200}\.weight", case.hit.text):
        return None
    name = case.match["name"]
    return Answer(
        f"mergekit's method needs {name} for every model and tensor, and the YAML does not give it "
        "for one",
        (
            f"under that model: parameters: {{{name}: 0.5}}   or once for all, under parameters: "
            "at the top level",
            "base_model: BASE   and the base not listed again under models, where the method "
            "(ties, dare, task arithmetic) takes one",
            "slerp: exactly two models, and t in place of weight",
        ),
        why="a value with a filter (self_attn, mlp) leaves out embeddings and norms; the last "
        "entry "
        "of the list needs to be one without a filter",
        known="mergekit names the parameter and the tensor (read in 0.1.5)",
        settles=False,
    )


def _tensor(case: Case) -> Answer:
    name = case.match["name"]
    if "lm_head" in name:
        return Answer(
            "one of the models has no weight for the head, which mergekit asks for",
            (
                "pip install -U mergekit   : newer ones know that a Gemma ties it",
                "all models saved alike: load each, tie_weights(), save_pretrained",
            ),
            why="a Gemma's head is its embeddings; some fine-tunes were saved with a copy, others "
            "without",
            known="mergekit names the tensor and the model",
            settles=False,
        )
    return Answer(
        f"one of the models has no tensor {name}, which mergekit asks for",
        (
            "the same class for all: a multimodal Gemma 3 or 4 (language_model. in its names) and "
            "a text-only one do not mix",
            "an adapter merged first: model.merge_and_unload(), save_pretrained",
            "pip install -U mergekit",
        ),
        why="mergekit takes tensors by name; transformers has changed names of the multimodal "
        "Gemmas between releases",
        known="mergekit names the tensor and the model",
        settles=False,
    )


def _unlike(case: Case) -> Answer | None:
    if case.match["name"] and not _is_mergekit(case):
        who = next((item for item in reversed(case.packages) if item not in _NOT_THEIRS), "")
        return Answer(
            f"{who or 'a program'} does not know the architecture {case.match['name']}, which "
            "config.json names",
            (
                f"pip install -U {who}" if who else "a newer release of the program that says so",
                "or another program for this model, where the newest one has no such architecture",
            ),
            known="the message has the name; whose it is, the last frame shows",
            settles=False,
        )
    return Answer(
        f"this mergekit has no table of tensors for {case.match['name'] or case.match['json']}"
        if case.match["name"] or case.match["json"]
        else "mergekit was given models of different classes",
        (
            "pip install -U mergekit   : it reads the names from the files where it has no table",
            "the same architectures entry in every config.json (Gemma3ForCausalLM and "
            "Gemma3ForConditionalGeneration are two)",
        ),
        why="tensors are merged by name, so all have to be of one class and size",
        known="mergekit says so",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "merge-without-a-parameter",
        r"Missing required parameter [`'\"]?(?P<name>\w{1,30})",
        _parameter,
        {
            "RuntimeError: Missing required parameter weight for google/gemma-2-2b-it."
            "model.embed_tokens.weight": "base_model",
            "encountering a RuntimeError: Missing required parameter weight when attempting to use "
            "SLERP": "slerp",
            "botocore.exceptions.ParamValidationError: Parameter validation failed:\nMissing "
            'required parameter in input: "TrainingJobName"': "",
            "all = a.merge(b)\nbotocore.exceptions.ParamValidationError: Parameter validation "
            'failed:\nMissing required parameter in input: "TrainingJobName"': "",
        },
        alone=True,
    ),
    General(
        "merge-without-a-tensor",
        r"Tensor (?P<name>[\w.]{3,160}) required but not present in model",
        _tensor,
        {
            "RuntimeError: Tensor lm_head.weight required but not present in model me/gemma": (
                "tie_weights"
            ),
            "RuntimeError: Tensor model.layers.0.mlp.up_proj.weight required but not present in "
            "model a/b": "text-only",
        },
        alone=True,
    ),
    General(
        "merge-of-unlike-models",
        r"Must specify --allow-crimes to attempt to mix|More than one architecture in config\?|"
        r"Unsupported architecture (?P<name>\w{3,60})|No JSON architecture found for "
        r"(?P<json>\w{3,60})",
        _unlike,
        {
            "RuntimeError: Must specify --allow-crimes to attempt to mix different architectures": (
                "config.json"
            ),
            "mergekit-yaml c.yml OUT\nRuntimeError: Unsupported architecture "
            "Gemma3ForConditionalGeneration": "no table",
            'File "/x/site-packages/exllamav2/config.py", line 200, in prepare\n    f()\n  File '
            '"/x/site-packages/torch/a.py", line 2, in f\n    g()\n'
            "ValueError: Unsupported architecture Qwen3ForCausalLM": "pip install -U exllamav2",
        },
        alone=True,
    ),
    General(
        "merge-finds-no-files",
        r"Unable to find model files at",
        lambda case: _NO_FILES if _is_mergekit(case) or _raises_plainly(case) else None,
        {
            "RuntimeError: Unable to find model files at /x/lora": "merge_and_unload",
            "INFO: Unable to find model files at /models/tts; downloading": "",
        },
        alone=True,
    ),
    General(
        "merge-of-tokenizers",
        r"has unused tokens and does not support fast tokenizer|but only BPE is currently "
        r"supported "
        r"for tokenizer merge|Token \S{1,80} (?:not found in model|requires a vocabulary weight)|"
        r"Cannot specify both tokenizer_source and tokenizer",
        lambda case: (
            None if case.match[0].startswith("Token ") and not _is_mergekit(case) else _TOKENS
        ),
        {
            "WARNING Token unbelievable not found in model, skipped": "",
            "RuntimeError: Tokenizer for a/b has type Unigram, but only BPE is currently supported "
            "for tokenizer merge": "tokenizer_source: base",
        },
        alone=True,
    ),
)
