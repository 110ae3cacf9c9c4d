"""Packed samples attend to the samples before them, since position ids do not reach the mask.

## What breaks
Nothing is raised. With several samples in a row, a token attends to all that stands before it in
the row, foreign samples too: in tiny models the logits of the second sample moved by more than
one when a token of the first was changed.

## Why
Packing gives each sample position ids that start anew at 0, and no attention mask. Flash attention
cuts the row there by itself. For eager attention and SDPA the mask has to do it, and transformers
makes such a mask from 4.53.1 on; before that it is plainly causal. PaliGemma makes its own up to
4.57, which knows no seams (4.56.2, 4.57.6 and 5.0.0rc0 were run, with Gemma 1 and 2 inside). Two
cases remain on every release: a batch that has an attention mask beside its position ids is not
cut, and neither is one that is packed without position ids (TRL's `packing_strategy="wrapped"`, and
its packing before 0.18).

## Cure
Upgrade to transformers 4.53.1 or newer (PaliGemma: 5.0.0), use flash attention, or train without
packing. `patch` cures no crash beside it (GC203), and a model in a checkpoint wrapper whose cache
it turned off stops by name at the first packed row. Whether a release that cuts really does so also
depends on the cache: see GC804.
"""

from __future__ import annotations

from ...conditions.attention import has_no_varlen_attention
from ...conditions.run import packs
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

_TYPES = frozenset({"gemma", "gemma2", "gemma3", "gemma3_text", "gemma3n_text"})


RULE = Rule(
    code="GC803",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-attention",),
    scopes=(
        Scope(
            _TYPES,
            {"transformers": "<4.53.1"},
        ),
        Scope({"paligemma"}, {"transformers": "<5.0.0rc0"}, fixed_in={"transformers": "5.0.0"}),
    ),
    when=(has_no_varlen_attention,),
    runs=(packs,),
    fix=Fix(fixed_in={"transformers": "4.53.1"}, setting="packing=False and padding_free=False"),
    reports=("huggingface/trl#3910", "huggingface/trl#5316"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"with {facts.model.attn_implementation} attention transformers "
            f"{facts.version('transformers')} lets packed samples of a {facts.model.model_type} "
            "attend to the samples before them"
        ),
    )
