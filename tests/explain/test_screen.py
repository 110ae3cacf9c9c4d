"""The screen loses nothing: on real logs every pattern is searched in every row, and the hits are
compared.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gemma_compat._explain.patterns import Pattern
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


@pytest.mark.parametrize("logs", GROUPS, ids=range(len(GROUPS)))
def test_a_search_of_every_row_finds_no_more(
    logs: list[Path], patterns: list[Pattern], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = b"\n".join(path.read_bytes() for path in logs)
    screened = hits(patterns, log)
    everything = tuple(range(len(patterns)))

    def all_of(screen: Screen, rows: Iterable[bytes]) -> Iterator[tuple[bytes, tuple[int, ...]]]:
        yield from ((row, everything) for row in rows)

    monkeypatch.setattr(Screen, "possible", all_of)
    assert screened and hits(patterns, log) == screened
