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
`patch` keeps the cache out of what the model returns inside a Trainer's evaluation; any other
forward returns it, and the config is left alone. Or upgrade to transformers 5.20.0 (PaliGemma:
4.49.0) or newer, or put `past_key_values` on the config's list.
"""

from __future__ import annotations

from typing import Any

from ...conditions.cache import cache_stays_on
from ...conditions.run import gathers_outputs
from ...engine.condition import condition
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchTargetMissing
from ...facts import Facts
from ...patching.cache_switch import is_in_evaluation

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
        Scope({"gemma4_unified"}, {"transformers": ">=5.10.0,<5.20.0"}),
        Scope({"paligemma"}, {"transformers": "<4.49.0"}, fixed_in={"transformers": "4.49.0"}),
    ),
    when=(gathers_outputs, collects_cache, cache_stays_on),
    fix=Fix(
        fixed_in={"transformers": "5.20.0"},
        setting="model.config.keys_to_ignore_at_inference = ['past_key_values']",
    ),
    applicability=Applicability.SAFE,
    leaves=("keep_cache_back",),
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
    """Take the cache out of the text model's output where a Trainer collects outputs."""
    found = ledger.text_models()
    if not found:
        raise PatchTargetMissing("no module with embed_tokens and decoder layers")
    for _, text_model in found:
        ledger.add_hook(text_model, "forward_hook", keep_cache_back)


def keep_cache_back(module: Any, args: Any, output: Any) -> None:
    """Forward hook: remove the cache from the output, which the modules above pass on."""
    if getattr(output, _KEY, None) is not None and is_in_evaluation():
        setattr(output, _KEY, None)
