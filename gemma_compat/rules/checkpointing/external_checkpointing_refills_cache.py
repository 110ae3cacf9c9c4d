"""Checkpointing applied from outside the model refills the cache and crashes.

## What breaks
Training with the layers wrapped by torch's `checkpoint_wrapper` or
`apply_activation_checkpointing`, by accelerate, or by FSDP's `activation_checkpointing` crashes in
the backward pass: `The size of tensor a (48) must match the size of tensor b (24)`, or torch's
`Recomputed values for the following tensors have different metadata`.

## Why
From transformers 5.0 a forward in training builds a cache. transformers' own checkpointing keeps
it away from the layers; a wrapper from outside knows nothing of it, and the recomputation appends
the same keys and values a second time. A Trainer turns `model.config.use_cache` off, which a
multimodal Gemma 3 and PaliGemma do not read. Up to 4.57 the other types built no cache in training,
and outside wrappers work; Gemma 1, and PaliGemma with one inside, built one on every release seen
(4.50.3, 4.53.3, 4.56.2, 4.57.6).

## Cure
`patch` passes `use_cache=False` in training, as GC102 does, and under such wrappers wherever there
is a graph; generation and saving are not affected. Where layers share keys and values this is done
only on releases that share them without a cache (Gemma 3n: 5.6.0, Gemma 4: 5.5.2), and only for
non-reentrant wrappers, torch's and accelerate's default: a reentrant one detaches the shared
tensors, so the loss is right and the gradients are silently wrong. Such a wrapper is refused
with a `PatchRefused`, when `patch` finds it or at the first training step.
"""

from __future__ import annotations

from typing import Any

from ...conditions.cache import cache_stays_on
from ...conditions.checkpointing import checkpoints_from_outside
from ...conditions.model import shares_kv, shares_no_kv, text_is_gemma1
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import CannotBeCured
from ...facts import Facts
from ...live.checkpoint_wrappers import reentrancies
from ...patching.cache_switch import turn_cache_off

_OLD = frozenset({"gemma", "gemma2", "gemma3", "gemma3_text", "paligemma", "shieldgemma2"})


# Gemma 3 and 3n followed in the next candidate.
_FROM_RC0 = frozenset({"gemma2", "paligemma", "vaultgemma"})


_GEMMA3N = frozenset({"gemma3n", "gemma3n_text"})


_GEMMA4 = frozenset({"gemma4", "gemma4_text", "gemma4_unified", "gemma4_unified_text"})


RULE = Rule(
    code="GC203",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("crash-in-training",),
    scopes=(
        Scope({"gemma"}, {"transformers": "<5.0.0rc1"}),
        Scope({"paligemma"}, {"transformers": "<5.0.0rc1"}, when=(text_is_gemma1,)),
        Scope(_OLD | {"recurrent_gemma"}, {"transformers": ">=5.0.0rc1"}),
        Scope(_FROM_RC0, {"transformers": ">=5.0.0rc0"}),
        Scope(
            _GEMMA3N | _GEMMA4, {"transformers": ">=5.0.0rc1"}, when=(shares_no_kv,), by_config=True
        ),
        Scope(_GEMMA3N, {"transformers": ">=5.6.0"}, when=(shares_kv,), by_config=True),
        Scope(_GEMMA4, {"transformers": ">=5.5.2"}, when=(shares_kv,)),
    ),
    when=(checkpoints_from_outside, cache_stays_on),
    fix=Fix(setting="use model.gradient_checkpointing_enable() in place of the wrapper"),
    applicability=Applicability.SAFE,
    yields_to=("GC104",),
    symptoms=(
        r"The size of tensor a \(\d+\) must match the size of tensor b \(\d+\)",
        r"Recomputed values for the following tensors have different metadata",
        r"A different number of tensors was saved during the original forward and recomputation",
    ),
    reports=("huggingface/transformers#34928", "huggingface/transformers#32073"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"transformers {facts.version('transformers')} builds a cache in training, and "
            "checkpointing from outside the model fills it twice; the backward pass crashes"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Turn the cache off; refuse reentrant wrappers where layers share keys and values."""
    for _, text_model in ledger.text_models():
        if getattr(text_model.config, "num_kv_shared_layers", 0):
            refuse_reentrant_wrapper(text_model, ())
            # The wrappers may come later (FSDP puts them on when training starts).
            ledger.add_hook(text_model, "forward_pre_hook", refuse_reentrant_wrapper)
    turn_cache_off(model, ledger)


def refuse_reentrant_wrapper(module: Any, args: Any) -> None:
    """Forward pre-hook: raise, since silent wrong gradients are worse than the crash."""
    if module.training and True in reentrancies(module):
        raise CannotBeCured(
            "GC203: layers that share keys and values are wrapped in reentrant checkpointing, "
            "which detaches what they share; use CheckpointImpl.NO_REENTRANT"
        )
