"""With a cache in training, packed samples attend to the samples before them.

## What breaks
Nothing is raised. Samples that share a row, told apart by position ids alone, attend to each other
as long as `use_cache` is on: in tiny models the logits of the second sample moved by more than one
when a token of the first was changed, and by nothing with `use_cache=False`. transformers 5.23.0
still does it. The multimodal classes of Gemma 3 and 4 make their mask elsewhere and are right.

## Why
The mask is cut where position ids start anew only if no cache is there, since ids that start anew
can mean something else in generation. From 5.0 a cache is built in training too. A Trainer of
transformers 5 turns `use_cache` off, TRL passes `use_cache=False`, and gradient checkpointing drops
the cache; a loop of your own has none of these by itself. Evaluation on 4.53 to 4.57, where a cache
is built in eval mode only, has the same fault.

## Cure
`model.config.use_cache = False` for the run, or `patch`, which passes `use_cache=False` in
training, in a Trainer's evaluation and wherever position ids start anew within a row. No config is
written, and `generate()` keeps its cache. On releases where layers share keys and values through
the cache (Gemma 3n up to 5.5.4) this needs the cure of GC104, and is refused without.
"""

from __future__ import annotations

from typing import Any

from ...conditions.attention import has_no_varlen_attention
from ...conditions.cache import cache_stays_on
from ...conditions.checkpointing import checkpoints
from ...conditions.run import packs
from ...engine.condition import not_
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchRefused
from ...facts import Facts
from ...patching.cache_switch import (
    leave_cache_out_of_packed_rows,
    modules_that_take_use_cache,
    turn_cache_off,
)
from ...patching.kv_carrier import needs_cache

is_not_checkpointing = not_(checkpoints, "gradient checkpointing is off")


RULE = Rule(
    code="GC804",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-attention",),
    scopes=(
        Scope(
            {
                "gemma3_text",
                "gemma3n",
                "gemma3n_text",
                "gemma4_text",
                "gemma4_unified_text",
            },
            {"transformers": ">=5.0.0rc1"},
        ),
        Scope({"gemma"}, {"transformers": ">=4.53.1"}),
        Scope({"gemma2", "vaultgemma"}, {"transformers": ">=5.0.0rc0"}),
    ),
    when=(has_no_varlen_attention, cache_stays_on, is_not_checkpointing),
    runs=(packs,),
    fix=Fix(setting="model.config.use_cache = False"),
    applicability=Applicability.SAFE,
    leaves=("leave_cache_out", "leave_cache_out_of_packed_rows"),
    after=("GC104",),
    reports=("huggingface/transformers#42586",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"use_cache is on and rows are packed: transformers {facts.version('transformers')} "
            f"then lets samples of a {facts.model.model_type} attend to the samples before them"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Turn the cache off for packed rows; refuse where only the cache shares keys and values."""
    for _, text_model in ledger.text_models():
        if needs_cache(text_model):
            raise PatchRefused(
                "layers share keys and values through the cache, and GC104 does not carry them here"
            )
    turn_cache_off(model, ledger)
    for module in modules_that_take_use_cache(model, ledger):
        hook = leave_cache_out_of_packed_rows
        ledger.add_hook(module, "forward_pre_hook", hook, with_kwargs=True)
