"""Replay: today's answer to each question is the set that was installed and trained on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.advise.prove import PROOF, SHIPPED, shipped
from tests.advise.questions import QUESTIONS, answer

pytest.importorskip("resolvelib")
ROWS: list[dict[str, Any]] = json.loads(PROOF.read_text(encoding="utf-8"))


@pytest.mark.parametrize("line", QUESTIONS)
def test_the_answer_was_proven(line: str) -> None:
    row = next((row for row in ROWS if row["question"] == line), None)
    again = f'prove it again: make advise-proof QUESTION="{line}"'
    assert row is not None, again
    assert answer(line) == row["advised"], again
    assert row["passed"], row["seen"]


def test_what_ships_is_what_was_seen() -> None:
    assert SHIPPED.read_text(encoding="utf-8") == shipped(ROWS)


def test_it_is_this_very_set_only_where_nothing_was_exchanged() -> None:
    for row in ROWS:
        if row["passed"]:
            [entry] = json.loads(shipped([row]))["sets"]
            same = {name: v.partition("+")[0] for name, v in row["installed"].items()}
            very = all(same.get(name) == version for name, version in row["advised"].items())
            assert entry["seen"].startswith("This very set ") is very
            torch, advised = row["installed"]["torch"].partition("+")[0], row["advised"]["torch"]
            assert (f"in place of {advised}" in entry["seen"]) is (torch != advised)


def test_what_was_installed_is_what_was_advised() -> None:
    """Save torch, which is this machine's, and what is listed as not installed."""
    for row in ROWS:
        for name, version in row.get("installed", {}).items():
            if name in row["advised"] and name != "torch":
                assert version == row["advised"][name], row["question"]
