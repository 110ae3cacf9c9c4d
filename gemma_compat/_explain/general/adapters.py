"""PEFT: targets that match too much, nothing, or names that have moved."""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case, General

_BLOCKS = re.compile(r"(?:Model|Layer|Attention|MLP|Tower|Encoder|Embedding|Experts?|Block)\b")
_LINEAR_ONLY = r"target_modules=r'^(?:.*\.)?language_model\..*\.(?:q|k|v|o|gate|up|down)_proj$'"


def _unsupported(case: Case) -> Answer:
    name = case.match["name"]
    return Answer(
        f"target_modules hits {name}, a whole block that PEFT cannot adapt",
        (_LINEAR_ONLY, "or target_modules='all-linear'"),
        why="a name in the list, or the pattern, matches the path of a block and not only of the "
        "linear layers in it: PEFT compares the end of each path with a name, and the whole path "
        "with a pattern",
        known="the message names the module that was hit",
        of_gemma="Gemma" in name,
    )


def _not_found(case: Case) -> Answer:
    names = case.match["names"]
    if re.search(r"(?<!model\.)language_model\.model\.layers", names):
        return Answer(
            "the pattern in target_modules is of the old module path, and matches nothing",
            (
                "write it for model.language_model.layers in place of language_model.model.layers",
                "or target_modules='all-linear'",
            ),
            why="transformers 4.52 moved the decoder of the multimodal Gemma 3 (and PaliGemma) "
            "from language_model.model.layers to model.language_model.layers",
            known="the pattern is in the message; the paths are those of transformers 4.51.3 and "
            "4.52.4",
            of_gemma=True,
        )
    if re.search(r"model\.language_model\.", names):
        return Answer(
            "the pattern in target_modules matches nothing in this model",
            (
                "before transformers 4.52 the path was language_model.model.layers; a text-only "
                "checkpoint has model.layers",
                "print([n for n, _ in model.named_modules()][:40]) shows the names that are there",
            ),
            why="module paths of the multimodal Gemma 3 moved in transformers 4.52",
            known="the pattern is in the message; which release ran decides",
            certain=False,
            of_gemma=True,
        )
    return Answer(
        "no module of this model has a name that target_modules asks for",
        (
            "target_modules='all-linear'",
            "print({n.split('.')[-1] for n, _ in model.named_modules()}) shows the names",
        ),
        why="the names are another family's, or the pattern is not written for this model's paths",
        known="PEFT says so; it lists what was asked for",
    )


ADAPTERS: tuple[General, ...] = (
    General(
        "target-is-a-block",
        r"Target module (?P<name>(?!Gemma4ClippableLinear)\w*(?:Model|Layer|Attention|MLP|Tower|"
        r"Encoder|Decoder|Experts?|Block|Embedder|ModuleList|Sequential))\(",
        _unsupported,
        {"ValueError: Target module Gemma3nTextModel(": "language_model"},
    ),
    General(
        "target-not-found",
        r"Target modules (?P<names>.{1,300}?) not found in the base model",
        _not_found,
        {
            "ValueError: Target modules language_model.model.layers.[\\d]+.q_proj not found in the "
            "base model. Please check": "4.52",
            "ValueError: Target modules {'query_key_value'} not found in the base model.": (
                "all-linear"
            ),
        },
    ),
)
