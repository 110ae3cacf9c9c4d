"""Facts, rules and diagnoses made by hand, for the renderers."""

from __future__ import annotations

from typing import Any

from gemma_compat.engine.condition import Condition
from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.rule import (
    Diagnosis,
    Evidence,
    Problem,
    Rule,
    Scope,
)
from gemma_compat.errors import UnknownFact
from gemma_compat.facts import Facts, Gpu, ModelFacts, Package, TorchBuild, TrainingFacts

from .. import made

H200 = Gpu(
    index=0,
    name="NVIDIA H200",
    uuid="GPU-6f0ad16e-1111-2222-3333-444455556666",
    compute_capability=(9, 0),
    memory_total=143771,
    memory_free=143000,
)
GEMMAS = frozenset({"gemma2", "gemma3", "gemma3n"})


def facts(**changes: Any) -> Facts:
    """A plain stack on one H200, without a model or a run."""
    known: dict[str, Any] = {
        "python": "3.11.7",
        "platform": "linux",
        "packages": {
            "transformers": Package(
                name="transformers", version="4.50.3", location="/home/lovelace/v"
            ),
            "torch": Package(name="torch", version="2.6.0", location="/home/lovelace/v"),
            "peft": None,
        },
        "torch": TorchBuild(version="2.6.0+cu124", cuda="12.4", hip=None),
        "gpus": (H200,),
        "driver": "550.54",
        "imports": {"torch": "not tried", "transformers": "not tried"},
    }
    return Facts(**{**known, **changes})


def with_model(model_type: str = "gemma3", **changes: Any) -> Facts:
    """The same stack with a model and a run."""
    return facts(
        model=ModelFacts(model_type=model_type, dtype="bfloat16"),
        training=TrainingFacts(mixed_precision="bf16", gradient_checkpointing=False),
        **changes,
    )


def rule(number: int = 1, **changes: Any) -> Rule:
    """Return a rule that fires on transformers 4.50 for three model types."""
    problem = changes.pop("problem", Problem("it breaks, badly", "pip install 'x>=2'"))
    known: dict[str, Any] = {
        "name": f"made-defect-{number}",
        "scopes": (Scope(GEMMAS, {"transformers": ">=4.50.0.dev0,<4.51.0"}),),
        "describe": lambda facts: problem,
        "docs": f"The made defect number {number} breaks it.\n\n## Why\nBecause | of <this>.\n",
        "patch": made.never_patched,
    }
    return made.rule(f"GC{100 + number}", **{**known, **changes})


ON_A_RUN = Condition("the run uses mixed precision", lambda f: f.training.mixed_precision == "bf16")
ON_WEIGHTS = Condition("the weights are bfloat16", lambda f: f.model.dtype == "bfloat16")


def waits_for(topic: str) -> Condition:
    """A condition whose one fact is never known."""

    def test(facts: Facts) -> bool:
        raise UnknownFact(topic)

    return Condition(f"{topic} says so", test)


REPORTED = Evidence.REPORTED


def diagnosis(known: Facts, *rules: Rule) -> Diagnosis:
    """Return what the real engine answers."""
    return judge_all(known, rules)
