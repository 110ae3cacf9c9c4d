"""Literals: what a match must contain, and that they are found wherever they stand."""

from __future__ import annotations

import random

import pytest

from gemma_compat._explain.literals import LONGEST, literals
from gemma_compat._explain.patterns import pattern
from gemma_compat._explain.read_log import _patterns
from gemma_compat._explain.required import Required, searched
from gemma_compat._explain.scan import Scanner
from gemma_compat.rules import own_rules

ALL = sorted({w for item in _patterns(own_rules()) for clause in item.clauses for w in clause})
BESIDE = bytes(code for code in range(256) if code != 10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"Cache' ob", [{"che' ob"}]),
        (r"(forward|backward) failed", [{"ard fai", "backwar"}]),
        (r"(?:not )?found", [{"found"}]),
        (r"(forward|\d+) x", [{"0 x", "rward x"}]),
        (r"a+bcde+", [{"abcde"}]),
        (r"(is|are) not \w+ here", [{"is not ", "re not "}, {" here"}]),
        (r"(?i)NaN loss", [{"nan los"}]),
        (r"line \d{1,3} in", [{"line "}, {" in"}]),
        (r"[GT]PU: \d", [{"gpu: ", "tpu: "}]),
        (r"\d{1,3}(?:\.\d{1,3})+", [{"0.0"}]),
        (r"fp16=\w+", [{"fp00="}]),
        (r"^[ab]*$", []),
        (r"one\ntwo", [{"two"}, {"one"}]),
        ("schön gut", [{"n gut"}, {"sch"}]),
        (r"(?=ahead)seen", [{"seen"}]),
        (r"(?:abcd|abxd)ef", [{"abcdef", "abxdef"}]),
    ],
)
def test_literals_of_an_expression(text: str, expected: list[set[str]]) -> None:
    found = [{word.decode() for word in clause} for clause in literals(text)]
    assert found == expected


def test_a_literal_is_as_a_line_is_searched() -> None:
    assert all(searched(word) == word and len(word) <= LONGEST for word in ALL)


@pytest.mark.parametrize("shift", range(4))
def test_every_literal_is_found_wherever_it_stands(shift: int) -> None:
    """Beside anything, at the beginning and at the end of a row."""
    dice = random.Random(shift)
    rows = []
    for number, word in enumerate(ALL):
        before = bytes(dice.choices(BESIDE, k=shift))
        rows.append(before + word + bytes(dice.choices(BESIDE, k=number % 3)))
    found = Required(ALL).search(b"\n".join(rows))
    for number, word in enumerate(ALL):
        assert found.among(frozenset([word])), word
        assert number in found.rows(frozenset([word])), word


def test_every_literal_is_found_in_a_short_text() -> None:
    for word in ALL:
        found = Required([word]).search(b"ok\n" + word + b"\nok")
        assert found.rows(found.among(frozenset([word]))) == {1}


@pytest.mark.parametrize("cut", [b" again ", b" 0.12 "])
def test_a_literal_in_the_midst_of_records_is_found(cut: bytes) -> None:
    line = b"one" + (cut + b"record") * 900 + cut + b"re" + b"fail" + cut + b"ed here"
    scanner = Scanner([pattern("rule", "x", r"refail\s[\w.]+\sed here")])
    assert [hit.line for hit in scanner.scan(1, b"ok\n" + line + b"\nok")] == [2]


def test_a_bar_that_is_drawn_again_and_again_hides_nothing() -> None:
    bar = b"".join(b"\r%d%%|##| model.safetensors 1.%dG" % (n % 100, n % 10) for n in range(900))
    log = bar + b"\rKeyError: 'layer'\r\n" + bar
    scanner = Scanner([pattern("rule", "x", r"KeyError: '\w+'")])
    assert [(hit.line, hit.match[0]) for hit in scanner.scan(1, log)] == [(1, "KeyError: 'layer'")]
