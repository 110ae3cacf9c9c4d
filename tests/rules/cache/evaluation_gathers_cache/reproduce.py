"""Run `Trainer.predict`, which collects outputs, and see whether the cache is collected too."""

from __future__ import annotations

import tempfile
from typing import Any

import gemma_compat
from gemma_compat.facts import TrainingFacts
from gemma_compat.live.tree import named_configs
from tests import tiny
from tests.evidence.observation import Case, Observation
from tests.live.trainers import Rows, trainer

MODEL_TYPES = ("gemma3", "gemma4", "paligemma")
PREDICT, LOSS_ONLY, CACHE_OFF = (
    "predict, use_cache=True",
    "predict, use_cache=True, prediction_loss_only=True",
    "predict, use_cache=False in every config",
)
VARIANTS = (PREDICT, LOSS_ONLY, CACHE_OFF)
EVERY_MINOR = True


def observe(case: Case) -> Observation:
    changes = {"num_kv_shared_layers": 0} if case.model_type == "gemma4" else {}
    model = tiny.build(case.model_type, **changes)
    if case.variant == CACHE_OFF:
        for _, config in named_configs(model):
            config.use_cache = False
    arguments = _arguments(case.variant)
    training = TrainingFacts(
        trainer=True,
        use_cache=arguments.get("use_cache"),
        evaluates=True,
        gathers_outputs=case.variant != LOSS_ONLY,
    )
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    if case.patched:
        gemma_compat.patch(model, select=["GC103"])
    seen = _predict(model, case.model_type, arguments)
    return Observation(facts, broken="_pad_across_processes" in seen, seen=seen)


def _arguments(variant: str) -> dict[str, Any]:
    """A Trainer of transformers 5 turns the cache off unless it is asked for."""
    from transformers import TrainingArguments

    arguments: dict[str, Any] = {"prediction_loss_only": variant == LOSS_ONLY}
    if "use_cache" in TrainingArguments.__dataclass_fields__:
        arguments["use_cache"] = variant != CACHE_OFF
    return arguments


def _predict(model: Any, name: str, arguments: dict[str, Any]) -> str:
    """What one call of predict gives, in words."""
    with tempfile.TemporaryDirectory() as folder:
        run = trainer(model, name, folder, **arguments)
        try:
            found = run.predict(Rows(name))
        except TypeError as error:
            return f"TypeError: {error}"
    collected = getattr(found.predictions, "shape", None)
    return f"loss {found.metrics['test_loss']:.4f}, collected {collected}"
