"""Conditions on the key-value cache."""

from __future__ import annotations

from ..engine.condition import NO, all_of, any_of, as_stated, condition, first_known, not_
from ..facts import Facts
from .checkpointing import checkpoints, checkpoints_from_outside
from .run import has_trainer


@condition("use_cache is on in a config that a forward reads")
def asks_for_cache(facts: Facts) -> bool:
    return facts.model.use_cache


cache_is_off = not_(asks_for_cache, "use_cache is off")

# The forward of these reads ``use_cache`` from ``config.text_config``, where no Trainer writes.
_READ_TEXT_CONFIG = {"gemma3", "gemma3n", "paligemma", "shieldgemma2"}


@condition("the forward reads use_cache from the top-level config")
def reads_top_level_config(facts: Facts) -> bool:
    return facts.model.model_type not in _READ_TEXT_CONFIG


@condition("the training arguments set use_cache=False")
def arguments_turn_cache_off(facts: Facts) -> bool:
    # ``None``: a release before 5, whose Trainer has no such argument and leaves the config alone
    return facts.training.use_cache is False


trainer_turns_cache_off = all_of(
    reads_top_level_config,
    has_trainer,
    arguments_turn_cache_off,
    phrase="a Trainer of transformers 5 drives the run, which turns use_cache off",
)
cache_stays_on = all_of(
    asks_for_cache,
    not_(trainer_turns_cache_off, "no Trainer turns use_cache off"),
    phrase="use_cache stays on while training",
)
loses_cache_in_training = any_of(
    cache_is_off, trainer_turns_cache_off, checkpoints, checkpoints_from_outside
)
loses_cache_under_unsloth = any_of(
    checkpoints,
    cache_is_off,
    phrase="full checkpointing or use_cache=False keeps the cache away",
)


@condition("the training loop passes its own past_key_values")
def states_cache(facts: Facts) -> bool:
    return facts.training.passes_cache


# A Trainer feeds what the dataset holds; of a hand-written loop only its author knows.
passes_cache = as_stated(states_cache, no_when=has_trainer)


@condition("PEFT's prefix tuning is trained")
def tunes_prefix(facts: Facts) -> bool:
    return facts.model.peft == "PREFIX_TUNING"


gets_filled_cache = any_of(first_known(tunes_prefix, NO), passes_cache)


# Of a RecurrentGemma: from 5.0.0 on, a forward without a cache begins anew.
@condition("transformers is older than 5.0.0")
def keeps_state_without_cache(facts: Facts) -> bool:
    return facts.has_release("transformers", "<=5.0.0rc3")
