"""The screen loses nothing: on real logs every pattern is searched in every row, and the hits are
compared.
"""

from __future__ import annotations

import io
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.logs import _NOISE
from gemma_compat._explain.patterns import Pattern
from gemma_compat._explain.piece import Piece
from gemma_compat._explain.read_log import _patterns
from gemma_compat._explain.scan import Scanner
from gemma_compat._explain.screen import Screen
from gemma_compat._explain.stream import pieces
from gemma_compat.rules import all_rules

LOGS = sorted((Path(__file__).parent / "logs").glob("*.*"))
GROUPS = [LOGS[start::6] for start in range(6)]


@pytest.fixture(scope="module")
def patterns() -> list[Pattern]:
    return list(_patterns(all_rules()))


def hits(patterns: list[Pattern], log: bytes) -> list[tuple[Any, ...]]:
    scanner = Scanner(patterns)
    return [
        (hit.kind, str(hit.key), hit.line, hit.match.span(), hit.match.group())
        for line, piece in pieces(io.BytesIO(log))
        for hit in scanner.scan(line, piece)
    ]


def search_every_row(monkeypatch: pytest.MonkeyPatch, patterns: list[Pattern]) -> None:
    everything = tuple(range(len(patterns)))
    for item in patterns:
        monkeypatch.setattr(item, "holds", "")

    def all_of(screen: Screen, rows: Iterable[bytes]) -> Iterator[tuple[bytes, tuple[int, ...]]]:
        yield from ((row, everything) for row in rows)

    monkeypatch.setattr(Screen, "possible", all_of)


@pytest.mark.parametrize("logs", GROUPS, ids=range(len(GROUPS)))
def test_a_search_of_every_row_finds_no_more(
    logs: list[Path], patterns: list[Pattern], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = b"\n".join(path.read_bytes() for path in logs)
    screened = hits(patterns, log)
    search_every_row(monkeypatch, patterns)
    assert screened and hits(patterns, log) == screened


@pytest.mark.parametrize(
    "row",
    [
        b"00000000: 4a2f 8b1c 4a2f 8b1c 4a2f 8b1c 4a2f 8b1c  CUDA out of memory.",
        b"000000000000000000000000000000--tf32 requires Ampere",
        b"0.5 0.25 0.125 0.0625 0.5 0.25 0.125 bf16 0.5 0.25 0.125 throughout",
        b"0.5 0.25 0.125 0.0625 0.5 0.25 0.125 2 x 3090 here",
        b"0.5 0.25 0.125 0.0625 0.5 0.25 0.125 on an A100 here",
        b"run on 8xH100 and on GPU-T4",
        b"a node of 8xMI300X",
        b"4 * 3090",
        b"*my* run on a 3090",
        b"maxlen4096 and seqLen: 2048",
    ],
)
def test_what_a_row_says_beside_figures_is_found(
    row: bytes, patterns: list[Pattern], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = hits(patterns, row)
    search_every_row(monkeypatch, patterns)
    assert found and found == hits(patterns, row)


# The first repeats, and of names of two letters some are words that patterns are found by.
OTHERS = {"bars drawn over each other", "a minified script"}


@pytest.mark.parametrize("kind", sorted(_NOISE.keys() - OTHERS))
def test_few_rows_of_noise_are_searched(kind: str, patterns: list[Pattern]) -> None:
    """Each row that is searched costs what a hundred bytes do that are only looked up."""
    dice = random.Random(kind)
    noise = "".join(_NOISE[kind](dice, step) for step in range(2500)).encode()
    rows = Piece(noise).shapes
    searched = list(Screen(patterns).possible(rows))
    assert sum(len(row) for row, _ in searched) < 0.25 * sum(map(len, rows))
