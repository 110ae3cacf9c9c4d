"""This release of liger-kernel has no kernels for this model.

## What breaks
`KeyError: 'gemma3'` (or another model type) with a last frame in
`liger_kernel/transformers/auto_model.py`. transformers knows the model; the table that is asked is
liger's. A Trainer with `use_liger_kernel=True` only logs that there are no kernels, and trains
without them: logits of the whole vocabulary are in memory again.

## Why
`MODEL_TYPE_TO_APPLY_LIGER_FN` has `gemma2` from liger-kernel 0.2.0 on, `paligemma` from 0.5.6,
`gemma3` and `gemma3_text` from 0.5.7, `gemma4_text` from 0.8.0 and `gemma4` from 0.8.1. No release
up to 0.8.5 has Gemma 3n, T5Gemma, VaultGemma, RecurrentGemma or the unified Gemma 4.

## Cure
Upgrade liger-kernel to the release that has the model, or train without it. For Gemma 3 beside
transformers 4.52 or newer that is 0.6.1 (GC503).
"""

from __future__ import annotations

from ...conditions.run import uses_liger
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

_LIGER = "liger-kernel"
_FROM = (
    ({"gemma2"}, "0.2.0"),
    ({"paligemma"}, "0.5.6"),
    ({"gemma3", "gemma3_text"}, "0.5.7"),
    ({"gemma4_text"}, "0.8.0"),
    ({"gemma4"}, "0.8.1"),
)
_NEVER = {
    "shieldgemma2",
    "gemma3n",
    "gemma3n_text",
    "recurrent_gemma",
    "t5gemma",
    "vaultgemma",
    "t5gemma2",
    "gemma4_unified",
    "gemma4_unified_text",
    "diffusion_gemma",
    "diffusion_gemma_text",
    "embedding_gemma2",
    "embedding_gemma2_text",
}

RULE = Rule(
    code="GC613",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.SOURCE,
    effects=("load-fails", "not-supported"),
    scopes=(
        *(Scope(types, {_LIGER: f"<{since}"}, fixed_in={_LIGER: since}) for types, since in _FROM),
        Scope(_NEVER, {_LIGER: ">=0.1.0"}, fixed_in={}),
    ),
    when=(uses_liger,),
    fix=Fix(fixed_in={_LIGER: "0.8.1"}, setting="use_liger_kernel=False"),
    symptoms=(
        r"KeyError: '(?:gemma[234]\w*|paligemma|\w+_gemma\d?\w*|(?:t5|vault)gemma\d?)'",
        r"no Liger kernels supported for model type: (?:\w+_)?\w*gemma",
    ),
    read_in=(
        "liger-kernel 0.1.1 to 0.8.5: liger_kernel/transformers/monkey_patch.py, each release",
    ),
)


def describe(facts: Facts) -> Problem:
    model_type = facts.model.model_type
    return Problem(
        message=(
            f"liger-kernel {facts.version(_LIGER)} has no kernels for {model_type}: "
            "AutoLigerKernelForCausalLM ends in a KeyError, and a Trainer with "
            "use_liger_kernel=True trains without them"
        ),
    )
