"""A cell of the matrix as an observation, for the reproductions of rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gemma_compat
from gemma_compat.errors import PatchRefused
from tests.evidence.observation import Observation

from . import judging, steps
from .cells import Cell


def observe(
    cell: Cell,
    code: str,
    patched: bool,
    silent_only: bool = False,
    change: Callable[[Any], None] | None = None,
) -> Observation:
    """Return whether one step of a plain loop differs from the reference of its cell.

    Args:
        cell: with ``loop="plain"``.
        code: the rule whose cure is applied first.
        patched: whether it is.
        silent_only: count a step that raises as working, and say so in ``seen``.
        change: done to the model before anything is asked of it.
    """
    expected = steps.reference(cell)
    model = steps.prepare(cell)
    if change is not None:
        change(model)
    facts = judging.facts_of(cell, model)
    if patched:
        gemma_compat.patch(model, select=[code])
    try:
        got = steps.step(cell, model)
    except PatchRefused as refusal:
        return Observation(facts, broken=False, seen=f"refused by name: {refusal}"[:150])
    except (IndexError, RuntimeError, ValueError) as error:
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"[:120]
        return Observation(facts, broken=not silent_only, seen=f"raises {text}")
    found = steps.difference(expected, got)
    return Observation(facts, broken=found is not None, seen=found or f"loss {got.loss:.4f}, right")
