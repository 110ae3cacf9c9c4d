"""Each reader reads its own examples, and they are all that is tested of it here."""

from __future__ import annotations

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
