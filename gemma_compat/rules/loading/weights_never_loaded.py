"""A model that names a checkpoint has weights which no checkpoint holds.

## What breaks
`from_pretrained` returned a model, and its text model is random: the loss starts near the
logarithm of the vocabulary's size (12.5 for 262,144 tokens). Nothing is raised; newer releases log
a table of `MISSING` keys, older ones a line about weights that were `newly initialized`.

## Why
Every norm of a Gemma starts at one value, zeros or ones, and no training leaves all of them there.
A model in which they all are has weights that were initialised and never filled. Mostly the names
in the checkpoint are not those that the class asks for: a multimodal checkpoint in a text class, a
layout that this release cannot read, an adapter's directory, a file that was renamed by hand.

A model that is made from a config to be trained from the start looks the same. It names no
checkpoint, unless its config was read from one; then this warning is wrong, and
`ignore=["GC610"]` silences it.

## Cure
Look at `from_pretrained(..., output_loading_info=True)[1]["missing_keys"]`, and load the checkpoint
with the class that its `config.json` names under `architectures`.
"""

from __future__ import annotations

from ...conditions.model import is_live, was_loaded, weights_are_fresh
from ...engine.condition import NO, all_of, first_known
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

# A config file or a published name has no weights to look at.
names_a_checkpoint = all_of(
    first_known(is_live, NO), was_loaded, phrase="the model in hand names a checkpoint"
)


RULE = Rule(
    code="GC610",
    since="0.1.0",
    severity=Severity.WARNING,
    effects=("random-weights",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}, by_config=True),),
    when=(names_a_checkpoint, weights_are_fresh),
    fix=Fix(
        setting=(
            "look at from_pretrained(..., output_loading_info=True)[1]['missing_keys'], "
            "and load it with the class that config.json names under architectures"
        )
    ),
    symptoms=(
        r"Some weights of \w*Gemma\w+ were not initialized from the model checkpoint",
        # Layers that share keys and values have no such weights.
        r"\.layers\.(?![^|\n]{0,40}self_attn\.[kv]_(?:proj|norm)\b)[^|\n]{1,100}\|[^|\n]{0,12}"
        r"MISSING",
    ),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"every norm of this {facts.model.model_type} is as it was initialised, as in no "
            "trained checkpoint, though the model names one: its weights are random (made from the "
            "config of a checkpoint, they may be meant to be)"
        ),
    )
