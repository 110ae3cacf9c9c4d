"""What `diagnose` says of a cell, and what `patch` makes of it, by the public calls."""

from __future__ import annotations

from typing import Any

import gemma_compat
from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.rule import Severity
from gemma_compat.facts import Facts
from gemma_compat.rules import all_rules

from . import batches
from .cells import Cell


def said(cell: Cell, model: Any, args: Any) -> list[str]:
    """Return the codes of the errors that are found in the model in hand, worst first.

    A loop of the user's own has no arguments: what it does is stated as the facts of a run.
    """
    found = judge_all(facts_of(cell, model, args), all_rules()).findings
    return [item.rule.code for item in found if item.rule.severity is Severity.ERROR]


def facts_of(cell: Cell, model: Any, args: Any = None) -> Facts:
    """Return what is detected of a cell, and what its author would state of the run."""
    facts = gemma_compat.detect_facts(model=model, args=args)
    known = _of_every_loop(cell) if args is not None else _of_a_loop(cell)
    return facts.replace(training=facts.training.replace(**known))


def _of_every_loop(cell: Cell) -> dict[str, Any]:
    """What no argument says: the dataset does."""
    return {
        "packing": cell.batch == "packed",
        "max_length": batches.longest(cell.batch),
        "images": cell.content == "image",
        "supplies_token_types": True,
        "passes_cache": False,
        "reads_top_config": False,
        "peft": cell.training != "full",
        "adds_tokens": False,
        "evaluates": False,
        "gathers_outputs": False,
        "generates": False,
        "smooths_labels": False,
    }


def _of_a_loop(cell: Cell) -> dict[str, Any]:
    inside = cell.checkpointing in {"reentrant", "non-reentrant"}
    return {
        **_of_every_loop(cell),
        "trainer": False,
        "use_cache": None,
        "mixed_precision": "no",
        "distributed": "no",
        "deepspeed_stage": None,
        "gradient_accumulation_steps": 1,
        "external_checkpointing": "wrapper" in cell.checkpointing,
        "gradient_checkpointing": inside,
        "use_reentrant": cell.checkpointing == "reentrant" if inside else None,
    }


def patch(model: Any, args: Any) -> Any:
    """Apply the public `patch`; the result reverts."""
    return gemma_compat.patch(model, args=args) if args is not None else gemma_compat.patch(model)
