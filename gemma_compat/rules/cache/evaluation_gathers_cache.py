"""Evaluation collects the cache as if it were a prediction, and crashes.

## What breaks
`Trainer.predict`, and `evaluate` with `compute_metrics`, end with ``Unsupported types (<class
'transformers.cache_utils.DynamicCache'>) passed to `_pad_across_processes` ``. With
`prediction_loss_only=True` nothing is collected and nothing breaks.

## Why
The Trainer collects every output but those named in `config.keys_to_ignore_at_inference`, or
`past_key_values` where a config has no such field. transformers 5.4 to 5.19 gave all configs an
empty list, and the multimodal configs of Gemma 3 and Gemma 4 do not override it. Up to 4.48 the
Trainer had no such default, and PaliGemma's config names nothing. A Gemma 4 is spared as long as
the Trainer turns its cache off, which is what it does unless `use_cache=True` is passed.

## Cure
`patch` puts `past_key_values` on the config's list for the run; it is not saved. Or upgrade to
transformers 5.20.0 (PaliGemma: 4.49.0) or newer.
"""

from __future__ import annotations

from typing import Any

from ...conditions.cache import cache_stays_on
from ...conditions.run import gathers_outputs
from ...engine.condition import condition
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchTargetMissing
from ...facts import Facts

_KEY = "past_key_values"


@condition("the config does not keep past_key_values out of what is collected")
def collects_cache(facts: Facts) -> bool:
    return not _lists_cache(facts.model.keys_to_ignore_at_inference)


def _lists_cache(ignored: tuple[str, ...] | None) -> bool:
    return ignored is not None and _KEY in ignored


RULE = Rule(
    code="GC103",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("crash-in-evaluation",),
    scopes=(
        Scope({"gemma3", "gemma4"}, {"transformers": ">=5.4.0,<5.20.0"}),
        Scope({"paligemma"}, {"transformers": "<4.49.0"}, fixed_in={"transformers": "4.49.0"}),
    ),
    when=(gathers_outputs, collects_cache, cache_stays_on),
    fix=Fix(
        fixed_in={"transformers": "5.20.0"},
        setting="model.config.keys_to_ignore_at_inference = ['past_key_values']",
    ),
    applicability=Applicability.SAFE,
    symptoms=(r"Unsupported types \(<class '[\w.]*Cache'>\) passed to `_pad_across_processes`",),
    reports=("huggingface/accelerate#3277", "huggingface/transformers#35990"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"on transformers {facts.version('transformers')} the config of a "
            f"{facts.model.model_type} names no outputs to leave out, so predict() and "
            "evaluate(compute_metrics=...) try to gather the cache and crash"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Add ``past_key_values`` to the list of the top-level config, the one a Trainer asks."""
    config = getattr(model, "config", None)
    if config is None:
        raise PatchTargetMissing("the model has no config")
    listed = list(getattr(config, "keys_to_ignore_at_inference", None) or ())
    if _KEY not in listed:
        ledger.set_config(config, "keys_to_ignore_at_inference", [*listed, _KEY])
