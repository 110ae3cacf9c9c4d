"""Gemma 2 refuses to load with sdpa, which cannot cap its attention logits.

## What breaks
Loading, or making the model from its config, ends with `ValueError: Gemma2ForCausalLM does not
support an attention implementation through torch.nn.functional.scaled_dot_product_attention yet`;
for PaliGemma 2 the message names `Gemma2Model`. Only where `sdpa` is asked for: the default is
`eager`.

## Why
transformers 5.21.0 says of Gemma 2 that it does not support `sdpa`; before, it was the default and
left the cap out silently (GC301). A script or a training config that has said
`attn_implementation: sdpa` for years now stops. Up to 5.20 it trained without the cap.

## Cure
Ask for `attn_implementation="eager"`, or leave the argument out. Nothing is patched: the error
comes before there is a model. An adapter that was trained through `sdpa` on an older release
learned on a network without the cap; measure it again under `eager` before it is used.
"""

from __future__ import annotations

from ...conditions.attention import caps_attention, runs_sdpa
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

_CAPPED = frozenset({"gemma2", "paligemma", "vaultgemma", "t5gemma"})


RULE = Rule(
    code="GC302",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("load-fails",),
    scopes=(Scope(_CAPPED, {"transformers": ">=5.21.0.dev0"}),),
    when=(caps_attention, runs_sdpa),
    fix=Fix(setting="from_pretrained(..., attn_implementation='eager')"),
    symptoms=(
        r"(?:Gemma2|VaultGemma|T5Gemma)\w+ does not support an attention implementation through "
        r"torch\.nn\.functional\.scaled_dot_product_attention",
    ),
    reports=("huggingface/transformers#32877",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"transformers {facts.version('transformers')} refuses sdpa for this "
            f"{facts.model.model_type}, whose attention logits are capped at "
            f"{facts.model.attn_logit_softcapping}"
        ),
    )
