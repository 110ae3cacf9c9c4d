"""What a log says of the stack, the model and the run that it comes from.

Each reader is an expression and what a match of it means. Values come from closed sets, from
version numbers or from plain numbers: nothing else of a log becomes a fact, and so none is printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import checkpoints
from ..detect.packages import DISTRIBUTIONS, normalise
from .patterns import Pattern, pattern

# How sure a reading is; among equally sure ones the last in the log wins.
MENTIONED, STATED, LISTED = 1, 2, 3


@dataclass(frozen=True)
class Reading:
    """One fact as one line states it.

    Attributes:
        topic: dotted: ``packages.trl``, ``gpus``, ``training.mixed_precision``; ``model`` for a
            published checkpoint, ``model_type`` for what may be meant (a frozenset of types).
        value: the fact; ``None`` for known absent.
        strength: how sure it is.
    """

    topic: str
    value: Any
    strength: int


Reader = Callable[[re.Match[str]], Iterator[Reading]]

_ALIASES = {
    "pytorch": "torch",
    "hf-hub": "huggingface-hub",
    "hugging-face-hub": "huggingface-hub",
    "unsloth-zoo": "unsloth-zoo",
    "flash-attention": "flash-attn",
}
_NAMES = "|".join(
    sorted({re.escape(n).replace(r"\-", "[-_]") for n in DISTRIBUTIONS}, key=len)[::-1]
)
_VERSION = (
    r"\d+(?:\.\d+){1,3}(?:\.?(?:dev|post|rc|a|b)\d+)*(?:\+(?:cu\d{2,3}|cpu|xpu|rocm[\d.]{1,6}))?"
)


def _package(name: str, version: str | None, strength: int) -> Iterator[Reading]:
    known = normalise(name.strip(" `"))
    known = _ALIASES.get(known, known)
    if known in DISTRIBUTIONS:
        yield Reading(f"packages.{known}", version, strength)


def _pinned(match: re.Match[str]) -> Iterator[Reading]:
    """``transformers==4.50.3``: listed by pip freeze or uv, or only asked for in a command."""
    line = match.string.strip(" \t+\"'")
    strength = LISTED if line.startswith(match["name"]) else MENTIONED
    if "requires" not in line:
        for name, version in re.findall(
            rf"\b({_NAMES})(?:\[[\w,-]{{0,40}}\])?==({_VERSION})", line
        ):
            yield from _package(name, version, strength)


def _had(match: re.Match[str]) -> Iterator[Reading]:
    """``... but you have transformers 4.50.3 which is incompatible``, as pip warns."""
    yield from _package(match["name"], match["version"], LISTED)


def _labelled(match: re.Match[str]) -> Iterator[Reading]:
    """``- `transformers` version: 4.57.6``, as ``transformers env`` and ``trl env`` print it."""
    name, value = match["name"].strip(" `"), match["value"]
    if normalise(name) == "python":
        yield Reading("python", value, LISTED)
    elif not value[0].isdigit():  # not installed, N/A
        yield from _package(name, None, LISTED)
    else:
        yield from _package(name, value, LISTED)


def _installed(match: re.Match[str]) -> Iterator[Reading]:
    """``Successfully installed trl-0.15.2 transformers-4.50.3``."""
    for name, version in re.findall(rf"({_NAMES})-({_VERSION})(?=\s|$)", match.string):
        yield from _package(name, version, LISTED)


def _unsloth(match: re.Match[str]) -> Iterator[Reading]:
    yield from _package("unsloth", match["version"], LISTED)
    if match["transformers"]:
        yield from _package("transformers", match["transformers"], LISTED)
    yield from _type_named(match["model"] or "", STATED)


def _torch_line(match: re.Match[str]) -> Iterator[Reading]:
    """The line of Unsloth's banner that names torch and Triton."""
    yield from _package("torch", match["torch"], LISTED)
    if match["triton"]:
        yield from _package("triton", match["triton"], LISTED)


def _gpu(match: re.Match[str]) -> Iterator[Reading]:
    from .. import gpus
    from ..errors import UsageError

    words = match["name"].replace(",", " ").split()
    count = re.search(r"Num GPUs = (\d{1,2})\b", match.string)
    for end in range(len(words), 0, -1):  # the name may run on into the text after it
        try:
            gpus.cards(" ".join(words[:end]))
        except UsageError:
            continue
        text = " ".join(words[:end])
        yield Reading("gpus", f"{count[1]}x{text}" if count else text, LISTED)
        return


def _capability(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("gpus", f"sm_{match['major']}{match['minor']}", MENTIONED)


def _python(match: re.Match[str]) -> Iterator[Reading]:
    version = match["python"]  # Windows paths have no dot in it: Python311
    yield Reading("python", version if "." in version else f"3.{version[1:]}", STATED)


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
    "paligemma": {"paligemma"},
    "shieldgemma2": {"shieldgemma2"},
}
_WHOLE = {
    "gemma3": "gemma3",
    "gemma3n": "gemma3n",
    "gemma4": "gemma4",
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


def _type_named(name: str, strength: int) -> Iterator[Reading]:
    types = _TYPES.get(name.lower().replace("_text", ""))
    if types:
        yield Reading("model_type", frozenset(types), strength)


def _module(match: re.Match[str]) -> Iterator[Reading]:
    """``transformers/models/gemma3/modeling_gemma3.py``; another family's is read too."""
    name = match["name"].lower()
    if "gemma" in name:
        yield from _type_named(name, STATED)
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


_LABELS = rf"PyTorch|Hugging ?[Ff]ace[_ ][Hh]ub|HF Hub|Python|Flash[- ]Attention|(?i:{_NAMES})"
_AFTER_NAME = r"version(?: \([^)\n]{0,40}\))?: *"

_TEXT_MATCH: tuple[tuple[str, bytes, Reader], ...] = (
    (rf"\b(?P<name>{_NAMES})(?:\[[\w,-]*\])?==(?P<version>{_VERSION})", b"==", _pinned),
    (rf"but you have (?P<name>{_NAMES}) (?P<version>{_VERSION})", b"you have", _had),
    (
        rf"(?P<name>{_LABELS})`? {_AFTER_NAME}(?P<value>{_VERSION}|not installed|N/A)",
        b"version",
        _labelled,
    ),
    (r"Successfully installed .*", b"Successfully", _installed),
    (
        rf"Requirement already satisfied: (?P<name>{_NAMES})\b.*\((?P<version>{_VERSION})\)\s*$",
        b"satisfied",
        _had,
    ),
    (rf"^(?P<name>{_NAMES}) {{2,}}(?P<version>{_VERSION})\b", b"-----", _had),
    (rf"[/\\](?P<name>{_NAMES})-(?P<version>{_VERSION})\.(?:dist|egg)-info", b"-info", _had),
    (
        r"Unsloth:? (?P<version>20\d\d\.\d+\.\d+)(?:.*?Fast (?P<model>\w+)[^.\n]* patching)?"
        rf"(?:.*?Transformers:? ?=? ?(?P<transformers>{_VERSION}))?",
        b"Unsloth",
        _unsloth,
    ),
    (
        rf"Torch: (?P<torch>{_VERSION})\. CUDA(?:.*Triton: (?P<triton>{_VERSION}))?",
        b"Torch",
        _torch_line,
    ),
    (r"(?P<name>(?:NVIDIA|Tesla|GeForce|Quadro) [A-Za-z0-9][\w -]{1,40})", b"", _gpu),
    (
        r"(?:CUDA|compute) capability ?(?:sm_|=|:)? ?(?P<major>\d{1,2})[._]?(?P<minor>\d)\b",
        b"capability",
        _capability,
    ),
    (
        r"[/\\][Pp]ython(?P<python>3\.?\d{1,2})[/\\](?:[Ll]ib[/\\])?(?:site|dist)-packages",
        b"-packages",
        _python,
    ),
    (r"\bPython (?P<python>3\.\d{1,2}\.\d{1,2})\b", b"Python 3", _python),
    (r"(?P<name>(?:google|unsloth)/[\w.-]{3,60})", b"/", _checkpoint),
    (r"models[/\\.](?P<name>\w{2,30})[/\\.]modeling_", b"modeling_", _module),
    (
        r"\b(?P<name>[A-Z]\w{1,30}?)For(?P<kind>CausalLM|ConditionalGeneration)\b",
        b"For",
        _model_class,
    ),
    (r"model[_ ]type[\"'`]?\s?[:=]?\s?[\"'`]?(?P<name>[a-z]\w{1,30})", b"model", _stated_type),
)


def readers() -> list[Pattern]:
    """All of them; the key of each is the function that turns a match into readings."""
    from .settings import SETTINGS

    table = (*_TEXT_MATCH, *SETTINGS)
    return [pattern("fact", reader, text, needs, limit=400) for text, needs, reader in table]
