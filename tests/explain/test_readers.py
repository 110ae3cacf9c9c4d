"""Each reader reads its own examples, and they are all that is tested of it here."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gemma_compat._explain.read_log import _reads
from gemma_compat._explain.readers import Reader, readers
from gemma_compat._explain.scan import Scanner

EXAMPLES = [
    pytest.param(reader, text, expected, id=text[:60])
    for reader in readers()
    for text, expected in reader.examples.items()
]


def read(reader: Reader, text: str) -> dict[str, Any]:
    """What this one reader makes of a text, by topic."""
    found: dict[str, Any] = {}
    for hit in Scanner([_reads(reader)]).scan(1, text.encode()):
        for reading in reader.read(hit.match):
            found.setdefault(reading.topic, reading.value)
    return found


@pytest.mark.parametrize(("reader", "text", "expected"), EXAMPLES)
def test_a_reader_reads_its_examples(reader: Reader, text: str, expected: dict[str, Any]) -> None:
    found = read(reader, text)
    assert {t: found.get(t, ...) for t in expected} == expected


def test_every_reader_has_an_example() -> None:
    assert not [reader.pattern for reader in readers() if not reader.examples]


@pytest.mark.parametrize(
    "card", ["2080", "3090", "5070", "a100", "H200", "L40", "v100", "T4", "P40", "p100"]
)
def test_what_is_searched_for_first_is_in_every_card(card: str) -> None:
    """Of a sentence without it, the expression is not tried."""
    texts = (f"it runs on a {card} here", f"{card} x 4", f"two {card}s")
    first = [reader for reader in readers() if reader.holds]
    read_from = [text for text in texts for reader in first if read(reader, text)]
    assert len(read_from) >= 3


def test_a_year_is_no_card() -> None:
    first = [reader for reader in readers() if reader.holds]
    assert not any(
        re.search(reader.holds, "written on a day in 2024, 12 in all") for reader in first
    )
