"""Checkpointed layers silently drop a filled cache, so prefix tuning learns nothing.

## What breaks
A training loop that passes filled `past_key_values` with gradient checkpointing on trains as if
there were none: another loss, other gradients, and only a log line. PEFT's prefix tuning keeps
its adapter in that cache, so the prefix gets no gradient and stays as it was initialised.

## Why
From transformers 4.53.0 a checkpointed layer replaces the cache it is given by `None`. For an
empty cache that is right, and it cured GC202. From 5.2.0 the attention mask is still built for the
filled cache, so a run ends with `The size of tensor a (24) must match the size of tensor b (28)`.
PEFT refuses prefix tuning where checkpointing is on already, but a Trainer turns it on later.

## Cure
Train without checkpointing, or with LoRA in place of a prefix. There is nothing to repair at run
time, so `patch` makes it loud: a filled cache on its way into a checkpointed text model is refused
with a `PatchRefused`. An empty one passes, as it does no harm.
"""

from __future__ import annotations

from typing import Any

from ...conditions.cache import gets_filled_cache
from ...conditions.checkpointing import checkpoints
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchRefused
from ...facts import Facts
from ._caller_cache import add_pre_hook, is_checkpointed, is_filled

_TEXT = frozenset({"gemma", "gemma2", "gemma3_text", "gemma3n_text", "vaultgemma"})


_COMPOSITE = frozenset({"gemma3", "gemma3n", "paligemma", "shieldgemma2"})


RULE = Rule(
    code="GC204",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-loss", "wrong-gradients"),
    scopes=(Scope(_TEXT | _COMPOSITE, {"transformers": ">=4.53.0,<5.2.0"}),),
    when=(checkpoints, gets_filled_cache),
    fix=Fix(setting="turn gradient checkpointing off, or train LoRA instead of a prefix"),
    applicability=Applicability.SAFE,
)


def describe(facts: Facts) -> Problem:
    what = "PEFT's prefix" if facts.model.get("peft") == "PREFIX_TUNING" else "a filled cache"
    return Problem(
        message=(
            f"transformers {facts.version('transformers')} drops {what} on its way into "
            "checkpointed layers: the loss is that of another network, and nothing behind the "
            "cache is trained"
        ),
        help="turn gradient checkpointing off, or train LoRA instead of a prefix",
    )


def patch(model: Any, ledger: Any) -> None:
    """Refuse by name what would be dropped silently."""
    add_pre_hook(model, ledger, refuse_filled_cache)


def refuse_filled_cache(module: Any, args: Any, kwargs: dict[str, Any]) -> None:
    """Forward pre-hook: refuse a filled cache in front of checkpointed layers."""
    if is_checkpointed(module) and is_filled(kwargs.get("past_key_values")):
        raise PatchRefused(
            "GC204: past_key_values holds tokens (a prefix?), and gradient checkpointing would "
            "drop them; turn checkpointing off for this, or pass no cache"
        )
