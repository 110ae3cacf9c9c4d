"""The matrix as text, markdown or JSON: values in, text out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..engine.matrix import DERIVED, RAN, REPORTED, SOURCE, Entry, Matrix
from ..engine.rule import Severity
from ..language import said
from .wording import wrap

_MARK = {RAN: "", DERIVED: "~", SOURCE: "?", REPORTED: "??"}
LEGEND = (
    "GC101 was run here and seen broken; GC101~ follows from the rule's bounds, this very case was "
    "not run; GC101? was read in the source; GC101?? was reported by others. "
    "An error is in capitals, a warning or notice in small letters."
)


def render_text(matrix: Matrix) -> str:
    """Return one block for each model type: the ranges of releases, and what breaks there."""
    width = max(len(column.label) for column in matrix.columns)
    lines = [said(f"What breaks on which release of {matrix.package}"), ""]
    for model_type, cells in matrix.rows:
        lines.append(model_type)
        for label, text in _ranges(matrix, cells):
            lines.append(f"  {label:{width}}  {said(text)}")
        lines.append("")
    return "\n".join([*lines, *wrap(LEGEND, first="", rest="")]) + "\n"


def render_markdown(matrix: Matrix) -> str:
    """Return one table: model types down, ranges of releases across."""
    heads = [column.label for column in matrix.columns]
    lines = [
        f"| model type | {' | '.join(heads)} |",
        f"| --- |{' --- |' * len(heads)}",
    ]
    for model_type, cells in matrix.rows:
        texts = ["" if cell is None else _text_of(cell) for cell in cells]
        lines.append(f"| `{model_type}` | {' | '.join(texts)} |")
    return "\n".join([*lines, "", LEGEND]) + "\n"


def render_json(matrix: Matrix) -> str:
    """Return one document; a cell is ``null`` where the release has no such model type."""
    from .json import dump

    return dump(_document(matrix))


def _document(matrix: Matrix) -> dict[str, Any]:
    return {
        "package": matrix.package,
        "columns": [{"first": c.first, "last": c.last} for c in matrix.columns],
        "rows": {
            model_type: [
                None if cell is None else [_plain(entry) for entry in cell] for cell in cells
            ]
            for model_type, cells in matrix.rows
        },
    }


def _ranges(
    matrix: Matrix, cells: tuple[tuple[Entry, ...] | None, ...]
) -> Iterator[tuple[str, str]]:
    """Return the columns of this model type; join those with equal text."""
    joined: list[tuple[str, str, str]] = []
    for column, cell in zip(matrix.columns, cells, strict=True):
        text = "not in this release" if cell is None else _text_of(cell)
        if joined and joined[-1][2] == text:
            joined[-1] = (joined[-1][0], column.last, text)
        else:
            joined.append((column.first, column.last, text))
    for first, last, text in joined:
        yield (first if first == last else f"{first} - {last}"), text


def _text_of(cell: tuple[Entry, ...]) -> str:
    return " ".join(_name(entry) for entry in cell) or "-"


def _name(entry: Entry) -> str:
    code = entry.code if entry.severity is Severity.ERROR else entry.code.lower()
    return code + _MARK[entry.strength]


def _plain(entry: Entry) -> dict[str, str]:
    return {"code": entry.code, "severity": entry.severity.value, "strength": entry.strength}
