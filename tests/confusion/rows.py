"""One line for each cell, and the numbers that they add up to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / ".confusion"


@dataclass(frozen=True)
class Row:
    """What was seen in one cell.

    Attributes:
        cell: its key.
        before: how the step differs from the reference, or how it crashed; "" where it is right.
        says: codes of the errors that `diagnose` finds.
        after: as ``before``, for the model that `patch` was applied to.
        patched: codes in place, or ``refused: ...`` where `patch` stopped by name.
        invalid: why nothing can be said: the reference itself failed, for example.
    """

    cell: str
    before: str = ""
    says: tuple[str, ...] = ()
    after: str = ""
    patched: str = ""
    invalid: str = ""

    @property
    def kind(self) -> str:
        """Which of the four numbers it adds to."""
        if self.invalid:
            return "no reference"
        if self.before:
            return "wrong and said" if self.says else "wrong and silent"
        return "right and accused" if self.says else "right and quiet"

    @property
    def outcome(self) -> str:
        """What `patch` made of it: cured, refused, silenced, still wrong, harmed, right."""
        refused = self.patched.startswith("refused")
        if self.before and not refused and self.after:
            crashed = self.before.startswith("crash"), self.after.startswith("crash")
            return "silenced" if crashed == (True, False) else "still wrong"
        if self.before:
            return "refused" if refused else "cured"
        return "harmed" if refused or self.after else "right"


KINDS = ("wrong and said", "wrong and silent", "right and accused", "right and quiet")


def read(file: Path) -> dict[str, Row]:
    """Return the rows of a file by cell; of two for one cell the later."""
    if not file.exists():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    rows = [Row(**{**item, "says": tuple(item["says"])}) for item in map(json.loads, lines)]
    return {row.cell: row for row in rows}


def line(row: Row) -> str:
    """Return the row as one line of JSON."""
    return json.dumps(asdict(row))


def summary(rows: Iterable[Row]) -> str:
    """Return the numbers as text: four before `patch`, and what was left after it."""
    found = list(rows)
    counted = Counter(row.kind for row in found)
    valid = [row for row in found if not row.invalid]
    after = Counter(row.outcome for row in valid)
    unsaid = sum(row.outcome == "still wrong" and not row.says for row in valid)
    turned = after["silenced"]
    first = ", ".join(f"{counted[kind]} {kind}" for kind in KINDS)
    return (
        f"{len(valid)} cells: {first}\n"
        f"after patch: {after['cured']} cured, {after['refused']} refused by name, "
        f"{after['still wrong']} still wrong ({unsaid} of them silent), {after['harmed']} harmed, "
        f"{turned} turned from a crash into silence\n"
        f"{counted['no reference']} cells without a reference"
    )


def faults(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that must not be: silent, accused, harmed, or silenced by `patch`."""
    bad = {"wrong and silent", "right and accused", "harmed", "silenced"}
    return [row for row in rows if not row.invalid and bad & {row.kind, row.outcome}]
