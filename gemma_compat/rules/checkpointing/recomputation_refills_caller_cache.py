"""A cache that the training loop passes is filled twice under gradient checkpointing.

## What breaks
A training loop that passes `past_key_values=DynamicCache()` with gradient checkpointing on,
reentrant or not, crashes in the backward pass: `The size of tensor a (48) must match the size of
tensor b (24)`, the one twice the other.

## Why
Up to transformers 4.52 the cache went into the checkpointed layer. The recomputation in the
backward pass runs the layer again, and a cache that grows gets the same keys and values a second
time. From 4.53.0 checkpointed layers are not given a cache.

A `HybridCache` or another preallocated one is harmless, empty or filled: the second pass writes
the same values to the same places. This was run, and `patch` leaves those alone.

## Cure
Pass no cache in training, or upgrade to transformers 4.53.0 or newer. `patch` drops an empty
growing cache on its way into a checkpointed text model, which is what newer releases do, and
refuses a filled one with a `PatchRefused`, since dropping that would train another network.
"""

from __future__ import annotations

from typing import Any

from ...conditions.cache import passes_cache
from ...conditions.checkpointing import checkpoints
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchRefused
from ...facts import Facts
from ._caller_cache import add_pre_hook, grows, is_checkpointed, is_filled

_TYPES = frozenset({"gemma", "gemma2", "gemma3", "gemma3_text", "paligemma", "shieldgemma2"})


RULE = Rule(
    code="GC202",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("crash-in-training",),
    scopes=(Scope(_TYPES, {"transformers": "<4.53.0"}),),
    when=(checkpoints, passes_cache),
    fix=Fix(setting="pass no past_key_values in training"),
    applicability=Applicability.SAFE,
    leaves=("keep_growing_cache_out",),
    symptoms=(
        r"The size of tensor a \(\d+\) must match the size of tensor b \(\d+\)",
        r"Recomputed values for the following tensors have different metadata",
    ),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"transformers {facts.version('transformers')} hands a cache that the training loop "
            "passes to checkpointed layers; the recomputation appends to it and the backward "
            "pass crashes"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Keep a growing cache out of checkpointed layers."""
    add_pre_hook(model, ledger, keep_growing_cache_out)


def keep_growing_cache_out(module: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Forward pre-hook: drop an empty growing cache, refuse a filled one."""
    cache = kwargs.get("past_key_values")
    if not grows(cache) or not is_checkpointed(module):
        return None
    if is_filled(cache):
        raise PatchRefused(
            "GC202: past_key_values holds tokens, and gradient checkpointing would append to it "
            "a second time; turn checkpointing off for this, or pass no cache"
        )
    return args, {**kwargs, "past_key_values": None, "use_cache": False}
