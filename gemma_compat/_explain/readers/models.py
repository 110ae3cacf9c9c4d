"""Read which model a log is about: names of checkpoints, classes, modules and config fields."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...tables import checkpoints
from .base import LISTED, MENTIONED, STATED, Reader, Reading
from .saying import is_beside, is_in_comment

# Class or module of transformers to the model types that it can be.
_TYPES = {
    "gemma": {"gemma"},
    "gemma2": {"gemma2", "paligemma"},
    "gemma3": {"gemma3", "gemma3_text", "shieldgemma2"},
    "gemma3n": {"gemma3n", "gemma3n_text"},
    "gemma4": {"gemma4", "gemma4_text"},
    "gemma4_unified": {"gemma4_unified", "gemma4_unified_text"},
    "paligemma": {"paligemma"},
    "shieldgemma2": {"shieldgemma2"},
    "t5gemma": {"t5gemma"},
    "t5gemma2": {"t5gemma2"},
    "vaultgemma": {"vaultgemma"},
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


def type_named(name: str, strength: int) -> Iterator[Reading]:
    """Yield the model types that go by a name, if there are any."""
    types = _TYPES.get(name.lower().replace("_text", ""))
    if types:
        yield Reading("model_type", frozenset(types), strength)


def _module(match: re.Match[str]) -> Iterator[Reading]:
    """Read a path such as ``transformers/models/gemma3/modeling_gemma3.py``."""
    yield from type_named(match["name"], STATED)


def _model_class(match: re.Match[str]) -> Iterator[Reading]:
    """Read a class: ``Gemma3ForConditionalGeneration`` is composite, ``Gemma3ForCausalLM``
    is not.
    """
    name, kind = match["name"].lower(), match["kind"]
    exact = (_TEXT if kind == "CausalLM" else _WHOLE).get(name)
    if exact:
        yield Reading("model_type", frozenset({exact}), LISTED)


def _config_class(match: re.Match[str]) -> Iterator[Reading]:
    """Read a class of the config or of a part: ``Gemma3Config`` is composite."""
    name, kind = match["name"].lower(), match["kind"]
    if kind == "Config" or match["part"]:
        exact = _WHOLE.get(name) or (_TEXT.get(name) if kind == "Config" else None)
    else:
        exact = _TEXT.get(name) if kind == "TextConfig" else None
    if exact:
        yield Reading("model_type", frozenset({exact}), STATED)
    else:
        yield from type_named(match["name"], STATED)


def _template(match: re.Match[str]) -> Iterator[Reading]:
    """Read LLaMA-Factory's and ms-swift's template, which is named after the family."""
    types = _TYPES.get(match["name"], set()) - {"shieldgemma2", "paligemma"}
    if types:
        yield Reading("model_type", frozenset(types), STATED)


def _prose(match: re.Match[str]) -> Iterator[Reading]:
    """Read a name as people write it: ``Gemma 3 4B``, ``Gemma3_(4B)``, ``Gemma-3 12B Inst``."""
    if is_beside(match) or is_in_comment(match):
        return
    family = match["family"].lower()
    size = re.sub(r"[^\w]", "", match["size"] or "").lower()
    name = f"gemma-{family}-{size}" if size else f"gemma-{family}"
    for pattern, types in _FAMILIES:
        if re.search(pattern, name):
            whole = {"gemma3", "gemma4"} & types
            if size and whole and len(types) == 2:  # every size but these has an image tower
                types = frozenset(whole)
            yield Reading("model_type", types, MENTIONED)
            return


def _stated_type(match: re.Match[str]) -> Iterator[Reading]:
    name = match["name"].lower()
    known = {item for types in _TYPES.values() for item in types}
    if name in known:
        yield Reading("model_type", frozenset({name}), LISTED)


# A family in a name that a user gave, to the types that it can be.
_FAMILIES: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (pattern, frozenset(types.split()))
    for pattern, types in (
        (r"t5[-_]?gemma[-_]?2", "t5gemma2"),
        (r"t5[-_]?gemma", "t5gemma"),
        (r"vault[-_]?gemma", "vaultgemma"),
        (r"recurrent[-_]?gemma", "recurrent_gemma"),
        (r"pali[-_]?gemma", "paligemma"),
        (r"code[-_]?gemma", "gemma"),
        (r"shield[-_]?gemma[-_]?2", "shieldgemma2"),
        (r"shield[-_]?gemma", "gemma2"),
        (r"function[-_]?gemma", "gemma3_text"),
        (r"embedding[-_]?gemma[-_]?2", "embedding_gemma2"),
        (r"embedding[-_]?gemma", "gemma3_text"),
        (r"diffusion[-_]?gemma", "diffusion_gemma"),
        (r"(?:med|translate)[-_]?gemma", "gemma3 gemma3_text"),
        (r"(?:tx|data|dolphin)[-_]?gemma", "gemma2"),
        (r"gemma[-_]?3n", "gemma3n gemma3n_text"),
        (r"gemma[-_]?3[-_](?:1b|270m)", "gemma3_text"),
        (r"gemma[-_]?3(?![0-9])", "gemma3 gemma3_text"),
        (r"gemma[-_]?4[-_]12b", "gemma4_unified gemma4_unified_text"),
        (r"gemma[-_]?4(?![0-9])", "gemma4 gemma4_text"),
        (r"gemma[-_]?2[-_](?:2|9|27)b", "gemma2"),
        (r"gemma2(?![0-9]|b(?![a-z]))", "gemma2"),  # gemma2b-it is mostly the first one's 2B
        (r"gemma[-_](?:1\.1[-_])?[27]b", "gemma"),
    )
)


# "the notebook of gemma-3-4b, but with Qwen": the run's model is the other one.
_WITH_ANOTHER = re.compile(
    r"[^.\n]{0,30}\bbut (?:with|using|for) [\w/]*(?!Gemma|gemma)[A-Z][\w.-]*\d"
)


def _name(match: re.Match[str]) -> Iterator[Reading]:
    """Read a published name, with or without its owner; of any other name, the family in it."""
    name = match["name"].strip(".-_").removeprefix("models--google--")
    owner = match["owner"] or ""
    if name.endswith(".py") or (name[0].isupper() and not re.search("[-_]", name)):
        return  # a module or a class, which have separate readers
    if re.search(r"models[/\\.]$", match.string[: match.start()]):
        return
    if is_beside(match) or is_in_comment(match) or _WITH_ANOTHER.match(match.string, match.end()):
        return
    found = checkpoints.find(f"{owner}{name}")
    if found is None and name.rpartition("--")[2] != name:
        found = checkpoints.find(name.rpartition("--")[2])
    if found is not None:
        strength = STATED if owner else MENTIONED
        yield Reading("model", found.published_as, strength)
        yield Reading("model_type", frozenset({found.config["model_type"]}), strength)
        if found.four_bit:
            yield Reading("model.quantization_bits", 4, STATED)
            yield Reading("model.quantization", "bitsandbytes", STATED)
        return
    for pattern, types in _FAMILIES:
        if re.search(pattern, name, re.IGNORECASE):
            yield Reading("model_type", types, MENTIONED)
            return


MODELS: tuple[Reader, ...] = (
    Reader(
        r"(?<![\w.-])(?P<owner>(?:google|unsloth)/)?(?P<name>[\w.-]{0,40}(?i:gemma)[\w.-]{1,60})",
        _name,
        {
            "unsloth/gemma-3n-E4B-it-unsloth-bnb-4bit": {
                "model": "google/gemma-3n-E4B-it",
                "model.quantization_bits": 4,
            },
            "/hub/models--google--gemma-3-27b-it/snapshots": {"model": "google/gemma-3-27b-it"},
            "--model models/pretrained/gemma-3-4b-it": {"model": "google/gemma-3-4b-it"},
            "ada/gemma-3-4b-legal": {"model_type": frozenset({"gemma3", "gemma3_text"})},
            "/workspace/gemma_experiments/train_llama.py": {"model_type": ...},
            "`google/gemma-3-1b-it` does not have this issue": {"model": ...},
            "google/gemma-2-9b does not show this": {"model": ...},
            "Fixes google/gemma-3-4b-it training": {"model": "google/gemma-3-4b-it"},
            "google/gemma-2-9b works, but google/gemma-3-4b-it fails": {
                "model": "google/gemma-3-4b-it"
            },
            "I am working with google/gemma-3-4b-it": {"model": "google/gemma-3-4b-it"},
            'model_name = "ada/x", # or google/gemma-3-4b-it': {"model": ...},
            "**Gemma-4-E2B GRPO but with Qwen3-4B**": {"model": ...},
        },
    ),
    Reader(
        r"models[/\\.](?P<name>\w{0,20}gemma\w{0,20})[/\\.](?:modeling|configuration|processing)_",
        _module,
        {
            "/transformers/models/gemma3/modeling_gemma3.py": {
                "model_type": frozenset({"gemma3", "gemma3_text", "shieldgemma2"})
            }
        },
    ),
    Reader(
        r"\b(?P<name>\w{0,20}Gemma\w{0,10}?)For(?P<kind>CausalLM|ConditionalGeneration)(?![A-Za-z0-9])",
        _model_class,
        {
            "Gemma3ForConditionalGeneration(": {"model_type": frozenset({"gemma3"})},
            "Gemma3ForCausalLM": {"model_type": frozenset({"gemma3_text"})},
            "in Gemma3ForConditionalGeneration_forward": {"model_type": frozenset({"gemma3"})},
        },
    ),
    Reader(
        r"\b(?P<name>(?:Pali|Shield|Vault|T5)?Gemma[2-4]?n?)(?P<kind>TextConfig|Config|Model|TextModel|"
        r"(?:Text)?(?:DecoderLayer|Attention|MLP|RMSNorm|RotaryEmbedding|ScaledWordEmbedding)|"
        r"PreTrainedModel|(?P<part>ClippableLinear|MultiModalProjector|MultimodalEmbedder|"
        r"(?:Vision|Audio)\w{2,30}))(?![A-Za-z0-9])",
        _config_class,
        {
            "'Gemma3Config' object has no attribute 'vocab_size'": {
                "model_type": frozenset({"gemma3"})
            },
            "'Gemma2Config' object": {"model_type": frozenset({"gemma2"})},
            "Target module Gemma4ClippableLinear(": {"model_type": frozenset({"gemma4"})},
            "in Gemma3Attention_forward": {
                "model_type": frozenset({"gemma3", "gemma3_text", "shieldgemma2"})
            },
            "Gemma3TextConfig": {"model_type": frozenset({"gemma3_text"})},
            "GemmaModel.forward() got an unexpected": {"model_type": frozenset({"gemma"})},
        },
    ),
    Reader(
        r"(?:^|[\s\"'])(?:--)?template[\"']?\s?[:= ]\s?[\"']?"
        r"(?P<name>gemma[234]?n?)(?:_vision|_text)?\b",
        _template,
        {
            "template: gemma3": {"model_type": frozenset({"gemma3", "gemma3_text"})},
            "--template gemma": {"model_type": frozenset({"gemma"})},
        },
    ),
    Reader(  # in prose and in names of notebooks
        r"(?:(?<![\w./-])|(?<=/)(?=Gemma\w{1,3}_\())Gemma[ _-]?(?P<family>3n|[234])"
        r"(?![A-Za-z0-9]|\.\d)(?:[ _(\u2010\u2011-]{0,3}(?P<size>(?:E?\d{1,3}(?:\.\d)?B|270M)\b))?",
        _prose,
        {
            "nb/Gemma3_(4B).ipynb": {"model_type": frozenset({"gemma3"})},
            "/data/Gemma3/train.py": {"model_type": ...},
            "I fine-tune Gemma 3 4B on a T4": {"model_type": frozenset({"gemma3"})},
            "Gemma-3 12B Inst, all on local": {"model_type": frozenset({"gemma3"})},
            "Gemma 3 1B": {"model_type": frozenset({"gemma3_text"})},
            "training Gemma 3 fails": {"model_type": frozenset({"gemma3", "gemma3_text"})},
            "Gemma 4 E2B": {"model_type": frozenset({"gemma4"})},
            "Gemma 3.5": {"model_type": ...},
            "Gemma 2 trains fine": {"model_type": ...},
        },
    ),
    Reader(
        r"model[_ ]type[\"'`]?\s?[:=]?\s?[\"'`]?(?P<name>\w{0,20}gemma\w{0,20})",
        _stated_type,
        {
            '"model_type": "gemma4_text"': {"model_type": frozenset({"gemma4_text"})},
            "model type `gemma3` but": {"model_type": frozenset({"gemma3"})},
        },
    ),
)
