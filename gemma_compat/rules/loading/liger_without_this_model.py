"""This release of liger-kernel does not know Gemma 3.

## What breaks
`KeyError: 'gemma3'` with a last frame in `liger_kernel/transformers/auto_model.py`. transformers
knows the model; the table that is asked is liger's. The Trainer only logs that there are no
kernels for it.

## Why
`MODEL_TYPE_TO_APPLY_LIGER_FN` has `gemma3` and `gemma3_text` from liger-kernel 0.5.7 on,
and the older releases have other models alone.

## Cure
Upgrade liger-kernel to 0.5.7 or newer, or train without it. Beside transformers 4.52 or newer take
0.6.1 (GC503).
"""

from __future__ import annotations

from ...conditions.run import uses_liger
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

RULE = Rule(
    code="GC613",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.SOURCE,
    effects=("load-fails", "not-supported"),
    scopes=(Scope({"gemma3", "gemma3_text"}, {"liger-kernel": "<0.5.7"}),),
    when=(uses_liger,),
    fix=Fix(fixed_in={"liger-kernel": "0.5.7"}, setting="use_liger_kernel=False"),
    symptoms=(
        r"KeyError: 'gemma3(?:_text)?'",
        r"no Liger kernels supported for model type: gemma3",
    ),
    read_in=("liger-kernel 0.5.6, 0.5.7: liger_kernel/transformers/monkey_patch.py",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"liger-kernel {facts.version('liger-kernel')} knows no Gemma 3: "
            f"AutoLigerKernelForCausalLM "
            "ends in a KeyError, and a Trainer with use_liger_kernel=True trains without its "
            "kernels"
        ),
    )
