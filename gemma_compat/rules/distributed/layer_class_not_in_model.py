"""FSDP looks for a layer class that the model at hand does not have.

## What breaks
FSDP ends with `Could not find the transformer layer class SiglipEncoderLayer in the model`, or,
with an older accelerate, `Could not find the transformer layer class to wrap in the model`. With
tied embeddings in groups of their own: `is shared with a parameter already managed by another
FSDP group`.

## Why
Unless told otherwise accelerate wraps the classes that `_no_split_modules` names, and each must be
in the model. Read off tiny models: a Gemma 3 text model names the vision tower's classes on 4.57.6
to 5.9.0 (not on 5.23.0), a multimodal Gemma 3 names `SiglipTextEmbeddings` from 5.5.4 to 5.23.0,
and a Gemma 4 text model, or a multimodal one without audio, names `Gemma4AudioLayer`. Gemma 3n's
text model names its decoder layer alone. The error itself was seen with accelerate 1.15.0, for a
multimodal Gemma 3 on 5.23.0 and for a Gemma 4 text model on 5.8.1 and 5.23.0.

## Cure
Name the decoder layer alone, `fsdp_transformer_layer_cls_to_wrap: Gemma3DecoderLayer` (or that of
your model) in the FSDP config, and keep tied embeddings in one group.
"""

from __future__ import annotations

from ...engine.rule import Applicability, Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts


def describe(facts: Facts) -> Problem:
    raise NotImplementedError  # never judged


RULE = Rule(
    code="GC1004",
    name="layer-class-not-in-model",
    severity=Severity.ERROR,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(
        Scope(
            frozenset(
                {"gemma3", "gemma3_text", "gemma3n", "gemma3n_text", "gemma4", "gemma4_text"}
            ),
            {},
        ),
    ),
    describe=describe,
    undetectable="which classes the launcher and accelerate settle on in each process",
    symptoms=(
        r"Could not find the transformer layer class",
        r"is shared with a parameter already managed by another FSDP group",
    ),
    upstream=("verl-project/verl#1013", "verl-project/verl#4950"),
    evidence=Evidence.REPORTED,
    covers=("F23",),
    since="0.1.0",
)
