"""A slice of the confusion matrix: a cell for each known kind of failure, and cells that are right.

The whole is `make confusion`. Each cell is judged by what is seen in it: one step against the
reference, which shares no code with what is under test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.confusion import rows, steps
from tests.confusion.cells import Cell
from tests.confusion.subjects import subjects
from tests.confusion.worker import Visitor

WRAPPED = "wrapper reentrant"
# One way of training each, for every kind of failure that a rule is about, and for none.
CELLS = (
    Cell("gemma3_text"),
    Cell("gemma3_text", checkpointing="non-reentrant", cache="off", attention="sdpa"),
    Cell("gemma3", cache="off", content="image"),
    Cell("gemma2", checkpointing="reentrant", cache="off", training="lora", loop="trainer"),
    Cell("gemma", checkpointing=WRAPPED),  # GC203
    Cell("gemma", checkpointing=WRAPPED, batch="packed"),  # GC803 behind GC203, before 4.53.1
    Cell("paligemma", checkpointing="wrapper non-reentrant"),
    Cell("gemma2", attention="sdpa", cache="off"),  # GC301
    Cell("gemma3_text", batch="packed"),  # GC804
    Cell("paligemma", batch="packed", cache="off"),  # GC803
    Cell("gemma2", training="prefix", checkpointing="non-reentrant"),  # GC204, GC205
    Cell("vaultgemma", training="prefix", checkpointing="reentrant"),
    Cell("gemma3n_text", cache="off"),  # GC104
    Cell("gemma3n_text", checkpointing=WRAPPED),  # GC201 and GC203
    Cell("gemma4_text", checkpointing="reentrant", cache="off"),  # GC201
    Cell("gemma4_text", checkpointing=WRAPPED, cache="off"),
    Cell("gemma4_text+unshared", checkpointing="reentrant"),
    Cell("recurrent_gemma"),  # GC107
    Cell("recurrent_gemma", checkpointing="attention wrapper reentrant"),
    Cell("recurrent_gemma", checkpointing=WRAPPED, batch="packed"),  # GC820 behind GC203
    Cell("t5gemma", checkpointing="reentrant", cache="off"),
)


def _here() -> Iterator[Cell]:
    known = {subject.name for subject in subjects()}
    yield from (cell for cell in CELLS if cell.subject in known)


@pytest.fixture(scope="module")
def visitor() -> Iterator[Visitor]:
    with steps.quiet():
        yield Visitor()


@pytest.mark.parametrize("cell", list(_here()), ids=lambda cell: cell.key)
def test_what_is_said_is_what_is(visitor: Visitor, cell: Cell) -> None:
    row = visitor.visit(cell)
    if row.invalid:
        assert cell.attention != "eager" or cell.training == "prefix", row
        pytest.skip(row.invalid)  # this release refuses the cell itself
    assert row.kind not in {"wrong and silent", "right and accused"}, row
    assert row.outcome not in {"harmed", "silenced"}, row


def test_most_cells_have_a_reference(visitor: Visitor) -> None:
    seen = [visitor.visit(cell) for cell in _here()]
    counted = {row.kind for row in seen}
    assert {"wrong and said", "right and quiet"} <= counted
    assert sum(bool(row.invalid) for row in seen) <= len(seen) // 4, seen


def test_a_row_at_fault_is_counted() -> None:
    silent = rows.Row("a", before="loss 1 instead of 2", after="loss 1 instead of 2")
    accused = rows.Row("b", says=("GC201",))
    harmed = rows.Row("c", after="loss 1 instead of 2")
    silenced = rows.Row("d", "crash: RuntimeError", ("GC203",), after="loss 1 instead of 2")
    assert len(rows.faults([silent, accused, harmed, silenced, rows.Row("e")])) == 4
