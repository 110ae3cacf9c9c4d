"""Write the numbers of the visited releases into ``docs/measurements/confusion.md``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from . import rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "measurements" / "confusion.md"
_INTRO = """# The confusion matrix

Every trainable Gemma of a release of transformers, trained for one step in every kind of run, and
judged before and after `patch` (`make confusion`). A step is wrong if it stops, or if its loss or
a gradient differs from those of each sample by itself. Four numbers must be 0: wrong and nothing
said, right and accused, right and harmed by `patch`, a crash that `patch` turned into silence.
Cells without a reference are those that the release cannot train at all.

Measured with torch {torch} on a CPU.

"""
_HEAD = (
    "transformers", "cells", "wrong, said", "wrong, silent", "right, accused", "right, quiet",
    "cured", "refused", "still wrong, said", "harmed", "silenced", "no reference",
)  # fmt: skip


def write(releases: Sequence[str]) -> None:
    """Write the page for these releases, from the rows that are kept of them."""
    lines = [_line(_HEAD), _line(["---", *["---:"] * (len(_HEAD) - 1)])]
    lines += [_line([release, *map(str, _numbers(release))]) for release in releases]
    text = _INTRO.format(torch=version("torch").partition("+")[0]) + "\n".join(lines) + "\n"
    PAGE.write_text(text, encoding="utf-8")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _numbers(release: str) -> list[int]:
    found = rows.read(rows.HOME / f"{release}.jsonl").values()
    valid = [row for row in found if not row.invalid]
    kinds = Counter(row.kind for row in valid)
    after = Counter(row.outcome for row in valid)
    return [
        len(valid),
        *(kinds[kind] for kind in rows.KINDS),
        after["cured"],
        after["refused"],
        sum(row.outcome == "still wrong" and bool(row.says) for row in valid),
        after["harmed"],
        after["silenced"],
        len(found) - len(valid),
    ]
