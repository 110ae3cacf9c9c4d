"""One process for one release: visits cells, prints a row for each as soon as it is known.

python -m tests.confusion.worker           cell keys on stdin, rows on stdout
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any, TypeVar

import torch

from gemma_compat.errors import CannotBeCured, PatchRefused

from . import judging, rows, steps
from .cells import Cell

Result = TypeVar("Result")
_REFUSALS = tuple(f"crash: {error.__name__}" for error in (PatchRefused, CannotBeCured))


class Visitor:
    """Visits cells, and remembers the reference of those that share one."""

    def __init__(self) -> None:
        self._references: dict[tuple[str, ...], steps.Step | str] = {}

    def visit(self, cell: Cell) -> rows.Row:
        """Return what is seen in this cell."""
        expected = self._reference(cell)
        if isinstance(expected, str):
            return rows.Row(cell.key, invalid=expected)
        model, error = _tried(lambda: steps.prepare(cell))
        if model is None:
            return rows.Row(cell.key, invalid=f"not built: {error}")
        with tempfile.TemporaryDirectory() as folder:
            args = steps.arguments(cell, folder) if cell.loop == "trainer" else None
            says = tuple(judging.said(cell, model, args))
            before = _seen(cell, model, expected)
            model = _as_before(cell, model)
            after, patched = _patched(cell, model, args, expected)
        return rows.Row(cell.key, before, says, after, patched)

    def _reference(self, cell: Cell) -> steps.Step | str:
        key = (cell.subject, cell.training, cell.batch, cell.content)
        if key not in self._references:
            found, error = _tried(lambda: steps.reference(cell))
            self._references[key] = error if found is None else found
        return self._references[key]


def _seen(cell: Cell, model: Any, expected: steps.Step) -> str:
    got, error = _tried(lambda: steps.step(cell, model))
    if got is None:
        return f"crash: {error}"
    return steps.difference(expected, got, steps.factors(cell)) or ""


def _as_before(cell: Cell, model: Any) -> Any:
    """The model as it was before its step: a fresh one where a Trainer or its own state wrote."""
    if cell.loop == "trainer" or cell.model.model_type == "recurrent_gemma":
        return steps.prepare(cell)
    model.zero_grad(set_to_none=True)
    return model


def _patched(cell: Cell, model: Any, args: Any, expected: steps.Step) -> tuple[str, str]:
    """The step after `patch`, and what `patch` did."""
    try:
        applied = judging.patch(model, args)
    except PatchRefused as refusal:
        return "", f"refused: {refusal}"
    after = _seen(cell, model, expected)
    if after.startswith(_REFUSALS):  # by a hook, in the step that would have been wrong
        applied.revert()
        return "", f"refused: {after}"
    codes = ", ".join(applied.codes)
    applied.revert()  # some cures write to classes
    return after, codes


def _tried(make: Callable[[], Result]) -> tuple[Result | None, str]:
    """Probe boundary: whatever a foreign model raises is what is observed here."""
    try:
        return make(), ""
    except Exception as error:
        text = " ".join(str(error).split())[:120]
        return None, f"{type(error).__name__}: {text}"


def main() -> int:
    torch.set_num_threads(1)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a Trainer prints must not mix with the rows
    visitor = Visitor()
    gc.freeze()  # a Trainer collects garbage several times: not what was imported
    with steps.quiet():
        for key in sys.stdin:
            cell = Cell(*key.strip().split(" / "))
            print(rows.line(visitor.visit(cell)), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
