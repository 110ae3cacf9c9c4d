"""An old flash-attn cannot cap Gemma 2's attention logits, or not in the backward pass.

## What breaks
With flash-attn before 2.6.0 the attention logits of Gemma 2 are not capped: transformers leaves the
argument out silently, or releases of mid-2024 end with `TypeError: flash_attn_func() got an
unexpected keyword argument 'softcap'`. From 2.6.0 to 2.6.1 the forward pass caps and the backward
pass does not support it.

## Why
`softcap` came to flash-attn with 2.6.0, and its backward with 2.6.2, as that project's notes say.
transformers asks what the installed function takes and passes what fits (read in 4.57.6). This was
read and reported, and not run here.

## Cure
`pip install -U 'flash-attn>=2.6.2'` for the GPU's torch, or `attn_implementation="eager"`. Not
`"sdpa"`, which leaves the cap out too (GC301). Nothing is patched.
"""

from __future__ import annotations

from ...conditions.attention import caps_attention, runs_flash_attention
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

RULE = Rule(
    code="GC308",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    read_in=("transformers 4.57.6: modeling_flash_attention_utils.py",),
    effects=("wrong-loss", "wrong-gradients"),
    scopes=(Scope({"gemma2", "paligemma"}, {"flash-attn": ">=2.0.0,<2.6.2"}),),
    when=(caps_attention, runs_flash_attention),
    fix=Fix(fixed_in={"flash-attn": "2.6.2"}, setting="attn_implementation='eager'"),
    symptoms=(
        r"flash_attn_\w+\(\) got an unexpected keyword argument 'softcap'",
        r"linalg\.vector_norm: Expected a floating point or complex tensor as input\. Got Long",
    ),
    reports=("huggingface/transformers#31997", "huggingface/transformers#32309"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"flash-attn {facts.version('flash-attn')} does not cap the attention logits of this "
            f"{facts.model.model_type} in training (attn_logit_softcapping is "
            f"{facts.model.attn_logit_softcapping})"
        ),
    )
