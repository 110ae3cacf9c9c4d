"""A HybridCache in the model's output has no `float`, so evaluation under autocast crashes.

## What breaks
Under mixed precision accelerate wraps `model.forward` so that half-precision outputs are turned
into fp32. It calls `.float()` on whatever has a half-precision `dtype`. On transformers 4.50 the
`HybridCache` in the output is such a thing, and evaluation ends with
`'HybridCache' object has no attribute 'float'`.

## Why
Up to 4.49 `Cache` was an `nn.Module`, which has a harmless `float`. 4.50.0 made it a plain class
and left `HybridCache.dtype` public; 4.51.0 renamed that to `_dtype`, and the error was gone.

The GPU has nothing to do with it. The dtype of the *weights* decides, and that autocast is on, and
that the model is in eval mode: the cache is not built while training. A T4 under Unsloth is spared
because Unsloth trains Gemma 3 in fp32 there and switches mixed precision off, so accelerate wraps
nothing. So is a 4-bit model that PEFT's `prepare_model_for_kbit_training` prepared, on any GPU: it
is float32 outside its 4-bit layers. A T4 without Unsloth that evaluates fp16 weights under
fp16=True fails. The usual advice (`model.config.use_cache = False`,
`model.config.text_config.use_cache = False`) does nothing for a multimodal Gemma 3 on these
releases: its language model reads a copy of the config.

## Cure
Upgrade to transformers 4.51.0 or newer. `patch` gives the cache objects that leave the text model
a `float` that returns them unchanged, on this model only; generation keeps its cache.
"""

from __future__ import annotations

import weakref
from typing import Any

from ...conditions.run import evaluates
from ...conditions.unsloth import reaches_autocast, weights_stay_half
from ...engine.condition import condition
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchTargetMissing
from ...facts import Facts

_TRANSFORMERS = {"transformers": ">=4.50.0.dev0,<4.51.0"}


@condition("the text model is a Gemma 2 (PaliGemma 2)")
def text_is_gemma2(facts: Facts) -> bool:
    return facts.model.text_model_type == "gemma2"


RULE = Rule(
    code="GC101",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("crash-in-evaluation",),
    scopes=(
        Scope({"gemma2", "gemma3", "gemma3_text", "shieldgemma2"}, _TRANSFORMERS),
        Scope({"paligemma"}, _TRANSFORMERS, when=(text_is_gemma2,)),
    ),
    when=(weights_stay_half, reaches_autocast, evaluates),
    fix=Fix(fixed_in={"transformers": "4.51.0"}),
    applicability=Applicability.SAFE,
    leaves=("give_cache_float",),
    symptoms=(r"'HybridCache' object has no attribute 'float'",),
    reports=("huggingface/transformers#36938", "unslothai/unsloth#2223"),
    fixed_by=("huggingface/transformers#37044",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"transformers {facts.version('transformers')} returns a HybridCache from a "
            f"{facts.model.dtype} model in eval mode; under {facts.training.mixed_precision} mixed "
            "precision accelerate calls .float() on it and evaluation crashes"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Let every cache that leaves the text model answer ``float()`` with itself."""
    found = ledger.text_models()
    if not found:
        raise PatchTargetMissing("no module with embed_tokens and decoder layers")
    for _, text_model in found:
        ledger.add_hook(text_model, "forward_hook", give_cache_float)


def give_cache_float(module: Any, args: Any, output: Any) -> None:
    """Forward hook: add ``float`` to a cache with a public ``dtype`` and without it."""
    parts = output if isinstance(output, tuple) else (getattr(output, "past_key_values", None),)
    for cache in parts:
        if hasattr(cache, "dtype") and not hasattr(cache, "float"):
            cache.float = _Itself(cache)


class _Itself:
    """A call that returns one object. Holds it weakly: a cycle would keep every cache alive."""

    def __init__(self, value: Any) -> None:
        self.value = weakref.ref(value)

    def __call__(self) -> Any:
        return self.value()

    def __reduce__(self) -> tuple[type, tuple[Any]]:
        return type(self), (self.value(),)  # a copy of the cache gets a call that returns the copy
