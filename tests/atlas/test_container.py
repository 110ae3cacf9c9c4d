"""The files of the index: what reading a block of one takes."""

from __future__ import annotations

import tracemalloc
from array import array

from gemma_compat.atlas import _container


def test_a_block_comes_back_as_it_was_packed() -> None:
    data, numbers = {"rows": ["a text … with signs"]}, array("H", [1, 2, 65535])
    assert _container.unpack(_container.pack(data, numbers)) == (data, numbers)
    assert _container.unpack(_container.pack(data)) == (data, array("H"))


def test_of_a_block_only_its_text_is_held_while_it_is_parsed() -> None:
    rows = [f"text {number}" for number in range(50_000)]
    block = _container.pack(rows)
    size = len(str(rows))
    tracemalloc.start()
    found = _container.unpack(block)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found[0] == rows
    assert peak - kept < 1.5 * size
