"""Packed samples attend to the samples before them, since position ids do not reach the mask.

## What breaks
Nothing is raised. With several samples in a row, a token attends to all that stands before it in
the row, foreign samples too: in tiny models the logits of the second sample moved by more than
one when a token of the first was changed.

## Why
Packing gives each sample position ids that start anew at 0, and no attention mask. Flash attention
cuts the row there by itself. For eager attention and SDPA the mask has to do it, and transformers
makes such a mask from 4.53.1 on; before that it is plainly causal. Two cases remain on every
release: a batch that has an attention mask beside its position ids is not cut, and neither is
one that is packed without position ids (TRL's `packing_strategy="wrapped"`, and its packing
before 0.18).

## Cure
Upgrade to transformers 4.53.1 or newer, use flash attention, or train without packing. Whether a
release that cuts really does so also depends on the cache: see GC804.
"""

from __future__ import annotations

from ...conditions.attention import has_no_varlen_attention
from ...conditions.run import packs
from ...engine.rule import Applicability, Problem, Rule, Scope, Severity
from ...facts import Facts


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"with {facts.model.attn_implementation} attention transformers "
            f"{facts.version('transformers')} lets packed samples of a {facts.model.model_type} "
            "attend to the samples before them"
        ),
        help="pip install -U 'transformers>=4.53.1', or packing=False and padding_free=False",
    )


RULE = Rule(
    code="GC803",
    name="packed-samples-see-each-other",
    severity=Severity.ERROR,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(Scope(frozenset({"gemma2", "gemma3", "gemma3_text"}), {"transformers": "<4.53.1"}),),
    when=(has_no_varlen_attention,),
    runs=(packs,),
    describe=describe,
    silent=True,
    upstream=("huggingface/trl#3910", "huggingface/trl#5316"),
    covers=("F34",),
    since="0.1.0",
)
