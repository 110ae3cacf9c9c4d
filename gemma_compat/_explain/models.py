"""Which model a log is about: names of checkpoints, classes, modules and config fields."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..tables import checkpoints
from .readings import LISTED, MENTIONED, STATED, Reading, Row


def _checkpoint(match: re.Match[str]) -> Iterator[Reading]:
    found = checkpoints.find(match["name"])
    if found is not None:
        yield Reading("model", found.published_as, STATED)
        yield Reading("model_type", frozenset({found.config["model_type"]}), STATED)
    if found is not None and found.four_bit:
        yield Reading("model.quantization_bits", 4, STATED)
        yield Reading("model.quantization", "bitsandbytes", STATED)


# Class or module of transformers to the model types that may be meant.
_TYPES = {
    "gemma": {"gemma"},
    "gemma2": {"gemma2", "paligemma"},
    "gemma3": {"gemma3", "gemma3_text", "shieldgemma2"},
    "gemma3n": {"gemma3n", "gemma3n_text"},
    "gemma4": {"gemma4", "gemma4_text"},
    "gemma4_unified": {"gemma4_unified", "gemma4_unified_text"},
    "paligemma": {"paligemma"},
    "shieldgemma2": {"shieldgemma2"},
}
_WHOLE = {
    "gemma3": "gemma3",
    "gemma3n": "gemma3n",
    "gemma4": "gemma4",
    "gemma4unified": "gemma4_unified",
    "paligemma": "paligemma",
    "shieldgemma2": "shieldgemma2",
}
_TEXT = {
    "gemma": "gemma",
    "gemma2": "gemma2",
    "gemma3": "gemma3_text",
    "gemma3n": "gemma3n_text",
    "gemma4": "gemma4_text",
}


# Families whose name may be repeated; any other is "another family".
_OTHERS = """
bart bert bloom cohere deepseek falcon gpt2 gpt_neox granite idefics3 llama llama4 llava mamba
mistral mistral3 mixtral mllama mpt olmo olmo2 opt phi phi3 pixtral qwen qwen2 qwen2_5_vl
qwen2_moe qwen2_vl qwen3 qwen3_moe qwen3_vl roberta smollm3 smolvlm stablelm t5 whisper
"""


def _other(name: str, strength: int) -> Reading:
    return Reading("other_model", name if name in _OTHERS.split() else "another family", strength)


def type_named(name: str, strength: int) -> Iterator[Reading]:
    types = _TYPES.get(name.lower().replace("_text", ""))
    if types:
        yield Reading("model_type", frozenset(types), strength)


def _module(match: re.Match[str]) -> Iterator[Reading]:
    """``transformers/models/gemma3/modeling_gemma3.py``; another family's is read too."""
    name = match["name"].lower()
    if "gemma" in name:
        yield from type_named(name, STATED)
    else:
        yield _other(name, STATED)


def _model_class(match: re.Match[str]) -> Iterator[Reading]:
    """``Gemma3ForConditionalGeneration`` is the composite, ``Gemma3ForCausalLM`` its text model."""
    name, kind = match["name"].lower(), match["kind"]
    if "gemma" not in name:
        if not name.startswith("auto"):  # AutoModelForCausalLM is every model's
            yield _other(name, STATED)
        return
    exact = (_TEXT if kind == "CausalLM" else _WHOLE).get(name)
    if exact:
        yield Reading("model_type", frozenset({exact}), LISTED)


def _stated_type(match: re.Match[str]) -> Iterator[Reading]:
    name = match["name"].lower()
    known = {item for types in _TYPES.values() for item in types}
    if name in known:
        yield Reading("model_type", frozenset({name}), LISTED)
    elif "gemma" not in name and "siglip" not in name:
        yield _other(name, MENTIONED)


MODELS: tuple[Row, ...] = (
    (r"(?P<name>(?:google|unsloth)/[\w.-]{3,60})", b"/", _checkpoint),
    (r"models[/\\.](?P<name>\w{2,30})[/\\.]modeling_", b"modeling_", _module),
    (
        r"\b(?P<name>[A-Z]\w{1,30}?)For(?P<kind>CausalLM|ConditionalGeneration)\b",
        b"For",
        _model_class,
    ),
    (r"model[_ ]type[\"'`]?\s?[:=]?\s?[\"'`]?(?P<name>[a-z]\w{1,30})", b"model", _stated_type),
)
