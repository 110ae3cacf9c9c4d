"""The scanner: what is kept of a log, where rows end, and which rows are looked at."""

from __future__ import annotations

import io
from itertools import product
from typing import Any

import pytest

from gemma_compat._explain import read_log as read_log_module
from gemma_compat._explain import scan
from gemma_compat._explain.patterns import pattern
from gemma_compat._explain.read_log import read_log
from gemma_compat._explain.scan import Scanner

NOISE = b"".join(b"row %c%c of no pattern\n" % (97 + n // 26, 97 + n % 26) for n in range(600))


def scanner(*texts: str, **options: Any) -> Scanner:
    return Scanner([pattern("rule", text, text, **options) for text in texts])


def lines(searching: Scanner, piece: bytes, first: int = 1) -> list[int]:
    return [hit.line for hit in searching.scan(first, piece)]


def test_a_row_that_differs_in_figures_alone_is_judged_once(monkeypatch: Any) -> None:
    searching, judged = scanner(r"failure \d"), []
    possible = searching._screen.possible
    monkeypatch.setattr(
        searching._screen, "possible", lambda rows: possible(judged.extend(rows) or rows)
    )
    assert lines(searching, b"loss 1.5\nfailure 1\n") == [2]
    assert lines(searching, b"failure 2\nloss 2.5\nfailure 3\n") == [1, 3]
    assert sorted(judged) == [b"", b"failure 0", b"loss 0.0"]


@pytest.mark.parametrize("kept", [1, 100, 5_000, 20_000])
def test_what_is_kept_is_dropped_when_it_is_too_much_and_nothing_is_lost(
    kept: int, monkeypatch: Any
) -> None:
    monkeypatch.setattr(scan, "_KEPT", kept)
    searching = scanner(r"failure \d", r"\bworse \w+ here")
    for number in range(6):
        new = NOISE.replace(b"row", b"row" + b"x" * number)
        piece = b"failure %d\n%sworse x here\n" % (number, new)
        found = [(hit.key, hit.line) for hit in searching.scan(1, piece)]
        assert found == [(r"failure \d", 1), (r"\bworse \w+ here", 602)]
        assert searching._seen_bytes == sum(map(len, searching._seen))
        assert searching._seen_bytes <= max(kept, len(piece))


def test_figures_that_an_expression_asks_for_are_seen_in_many_rows() -> None:
    rows = b"".join(b"step %d failed\n" % number for number in range(300))
    assert lines(scanner(r"step 17\d failed"), rows) == [*range(171, 181)]
    assert lines(scanner(r"step (?!1)\d{2} failed"), rows)[:2] == [21, 22]


def test_a_bar_that_is_drawn_again_ends_a_row() -> None:
    searching = scanner(r"^failure\b", r"one\s+two")
    assert lines(searching, b"ok\n50%|#\rfailure\rone\rtwo\nok\r\nfailure\n", 7) == [8, 10]


def test_an_error_behind_a_bar_is_raised() -> None:
    log = b"start\n 50%|#####     | 1/2\rValueError: of no kind that is known\nend\n"
    (raised,) = read_log(io.BytesIO(log), ()).raised
    assert (raised.line, raised.kind) == (2, "ValueError")


def test_a_sentence_is_not_looked_for_in_a_line_of_data() -> None:
    told, data = b"it fails on a T4 here", b" x y" * 2000
    assert lines(scanner(r"fails on a T4", longest=1000), told + b"\n" + told + data) == [1]


def test_a_row_of_figures_hides_no_row_beside_it() -> None:
    rows = b"0123456789abcdef" * 4 + b"\nA100\n" + b"1.5, -0.25, " * 9 + b"\n"
    assert lines(scanner(r"A\d00", words=("A00",)), rows) == [2]


def test_an_expression_without_a_word_is_tried_in_each_row_and_hides_no_other() -> None:
    """A plugin's may have none."""
    searching = Scanner(
        [pattern("rule", 1, r"\d{4}"), pattern("rule", 2, r"A\d00", words=("A00",))]
    )
    found = [(hit.key, hit.line) for hit in searching.scan(1, b"on A100\nyear 2024\n")]
    assert found == [(1, 2), (2, 1)]


def test_no_quoted_error_is_kept_where_errors_are_raised(monkeypatch: Any) -> None:
    kept, end = [], read_log_module._end
    monkeypatch.setattr(
        read_log_module,
        "_end",
        lambda reading, last, quoted: kept.extend(quoted) or end(reading, last, quoted),
    )
    said = b"the widget says FrobError: it is stuck\n"
    read_log(io.BytesIO(said), ())
    assert [hit.line for hit in kept] == [1]  # each with the text around it
    kept.clear()
    read_log(io.BytesIO(b"FrobError: it is stuck\n" * 2 + said * 30), ())
    assert not kept


def test_the_last_error_counts_though_rows_that_look_like_one_follow_it() -> None:
    before = "".join(f"ValueError: value {number} is no number\n" for number in range(80))
    words = ["".join(pair) for pair in product("abcdef", repeat=2)]
    after = "".join(f"- in {word} no ValueError: was met\n" for word in words)
    text = f"{before}{'a step is done' * 20_000}\nKeyError: 'the last'\n{after}".replace(
        "done", "\n"
    )
    last = read_log(io.BytesIO(text.encode()), ()).last
    assert last is not None and last.kind == "KeyError"
