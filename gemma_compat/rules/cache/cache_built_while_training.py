"""With use_cache on, a training run builds key-value caches that it never reads.

## What breaks
Nothing by itself, and little is wasted. From transformers 5.0 every training step builds a cache;
before that, only the evaluations of a run did. At the shape of Gemma 3 1B (bf16, batch 2 x 4096,
one H200) it cost no peak memory in training and about 3% of the step; in evaluation 208 MiB and 6%.

It matters because of what a cache in training meets: `checkpoint_wrapper` and FSDP's activation
checkpointing refill it (GC203), evaluation gathers it (GC103), accelerate calls `.float()` on it
(GC101). And a Trainer of transformers 5, which turns it off by itself, writes
`"use_cache": false` into the config of every checkpoint. Loaded without a
`generation_config.json` beside it, such a model generates without a cache.

## Why
`use_cache` is meant for generation and is on by default; 5.0.0 dropped the test that kept a forward
in training mode from building a cache. The usual remedy, `model.config.use_cache = False`, does
nothing for a multimodal Gemma 3 or PaliGemma: their language model reads `config.text_config`, and
up to 4.53 a copy of it that `model.config` does not lead to. A Trainer of transformers 5 writes to
`model.config` only.

## Cure
`patch` passes `use_cache=False` in training and inside a Trainer's evaluation, where the caller
says nothing. No config is written, so nothing of it can be saved or copied; `generate()` and a
forward of your own in eval mode keep their cache. Every save of the model (`save_pretrained`, PEFT,
a Trainer checkpoint) writes the value that was found, whatever a Trainer wrote since. A model whose
layers share keys and values is left alone: on some releases it needs the cache (GC104).
"""

from __future__ import annotations

from typing import Any

from ... import versions
from ...conditions.cache import asks_for_cache
from ...conditions.model import shares_no_kv, text_is_gemma1
from ...conditions.run import evaluates
from ...engine.rule import Applicability, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...patching.cache_switch import turn_cache_off

_OLD = frozenset({"gemma", "gemma2", "gemma3", "gemma3_text", "paligemma", "shieldgemma2"})


# Gemma 3 and 3n followed in the next candidate.
_FROM_RC0 = frozenset({"gemma2", "paligemma", "vaultgemma"})


_LATER = frozenset({"gemma4_unified", "gemma4_unified_text"})


_SHARING = frozenset({"gemma3n", "gemma3n_text", "gemma4", "gemma4_text"})


RULE = Rule(
    code="GC102",
    since="0.1.0",
    severity=Severity.NOTICE,
    effects=("slow", "out-of-memory"),
    scopes=(
        Scope({"gemma"}, {"transformers": "<5.0.0rc1"}),
        Scope({"paligemma"}, {"transformers": "<5.0.0rc1"}, when=(text_is_gemma1,)),
        Scope(_OLD | _SHARING | _LATER, {"transformers": ">=5.0.0rc1"}, by_config=True),
        Scope(_FROM_RC0, {"transformers": ">=5.0.0rc0"}),
        Scope(_OLD | _SHARING | {"vaultgemma"}, {"transformers": "<5.0.0rc1"}, when=(evaluates,)),
    ),
    when=(asks_for_cache, shares_no_kv),
    applicability=Applicability.SAFE,
    leaves=("leave_cache_out",),
    yields_to=("GC104",),
    reports=("huggingface/transformers#42586",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=_message(facts),
    )


def _message(facts: Facts) -> str:
    version = facts.version("transformers") or ""
    if (versions.major(version) or 0) < 5 and facts.model.get("text_model_type") != "gemma":
        return f"use_cache is on: transformers {version} builds a cache in every evaluation"
    if facts.training.get("trainer") and not facts.training.get("use_cache"):
        return (
            f"the Trainer of transformers {version} sets use_cache=False on model.config and "
            "saves it with every checkpoint; a config below it keeps its own"
        )
    return f"use_cache is on: transformers {version} builds a cache in every training step"


def patch(model: Any, ledger: Any) -> None:
    """Turn the cache off in training and in a Trainer's evaluation; write no config."""
    turn_cache_off(model, ledger)
