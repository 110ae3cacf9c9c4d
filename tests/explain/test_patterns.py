"""Patterns: bounded, filtered by words, and never catastrophic; over all rules and notices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemma_compat._explain.notices import NOTICES
from gemma_compat._explain.patterns import (
    LONGEST_REPEAT,
    bounded,
    parse,
    pattern,
    required_words,
)
from gemma_compat._explain.read_log import _reads
from gemma_compat._explain.readers import readers
from gemma_compat._explain.scan import Scanner, vocabulary
from gemma_compat.rules import all_rules

SYMPTOMS = sorted(
    {(rule.code, text) for rule in all_rules() for text in rule.symptoms}
    | {(notice.name, notice.symptom) for notice in NOTICES}
)
each = pytest.mark.parametrize("text", [text for _, text in SYMPTOMS], ids=[n for n, _ in SYMPTOMS])
REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"a*b+c?", "a{0,N}b{1,N}c?"),
        (r"\w+?x", r"\w{1,N}?x"),
        (r"\*\+", r"\*\+"),
        (r"[*+]*", "[*+]{0,N}"),
        (r"[]*]+[^]+]*", "[]*]{1,N}[^]+]{0,N}"),
        (r"(a|b)+[\]*]", r"(a|b){1,N}[\]*]"),
        (r"x{2,3}", "x{2,3}"),
    ],
)
def test_repeats_are_bounded(text: str, expected: str) -> None:
    assert bounded(text) == expected.replace("N", str(LONGEST_REPEAT))
    re.compile(bounded(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"'HybridCache' object", [{"hybridcache"}, {"object"}]),
        (r"(Gemma3|Gemma4)Config", [{"gemma"}, {"config"}]),
        (r"(forward|backward) failed", [{"forward", "backward"}, {"failed"}]),
        (r"(?:not )?found", [{"found"}]),
        (r"(forward|\d+) x", []),
        (r"a+bcd+", [{"bc"}]),
        (r"(?i)NaN loss", [{"nan"}, {"loss"}]),
    ],
)
def test_required_words(text: str, expected: list[set[str]]) -> None:
    found = [set(clause) for clause in required_words(text)]
    assert found == expected


@each
def test_a_symptom_has_words_to_filter_by(text: str) -> None:
    assert max((min(map(len, clause)) for clause in required_words(text)), default=0) >= 4


@each
def test_no_repeat_within_a_repeat(text: str) -> None:
    """What makes backtracking exponential; a repeat bounded by 1 (``?``) does no harm."""
    assert not list(nested(parse(text)))


def nested(tree: Any, inside: bool = False) -> Iterator[Any]:
    for operation, argument in tree:
        name = str(operation)
        repeats = name in REPEATS and argument[1] > 1
        if repeats and inside:
            yield argument
        for part in parts(name, argument):
            yield from nested(part, inside or repeats)


def parts(name: str, argument: Any) -> list[Any]:
    if name in REPEATS:
        return [argument[2]]
    if name == "BRANCH":
        return list(argument[1])
    if name == "SUBPATTERN":
        return [argument[-1]]
    return [argument[1]] if name in {"ASSERT", "ASSERT_NOT"} else []


@pytest.mark.parametrize("text", [r"(a+)+b", r"(?:x|y*)*", r"(\w+\s?)*$"])
def test_the_check_finds_a_repeat_within_a_repeat(text: str) -> None:
    assert list(nested(parse(text)))


@each
def test_hostile_lines_end(text: str) -> None:
    """Beginnings of a match over and over, and runs of what a repeat takes. It must return."""
    compiled = pattern("rule", "x", text).regex
    start = re.sub(r"\\[a-zA-Z]", "a1", re.split(r"[([*+?{]", text)[0]).replace("\\", "")
    for line in (
        start * 400,
        start + "a" * 20_000,
        start + "1" * 20_000,
        "_" * 20_000,
        "(" * 20_000,
    ):
        compiled.search(line)


def test_hostile_lines_end_for_the_readers_too() -> None:
    for reader in map(_reads, readers()):
        for line in (
            "a" * 20_000,
            "1." * 10_000,
            " " * 20_000,
            "transformers-1" * 1_500,
            "/" * 20_000,
        ):
            reader.regex.search(line)


words = st.text(alphabet="abcxyz _'=:.\n", max_size=60)


@given(words, words)
def test_the_filter_never_hides_a_match(before: str, after: str) -> None:
    for _, text in SYMPTOMS[:12]:
        made = pattern("rule", "x", text)
        sample = re.sub(r"\(\?:|[()?*+|^$]|\\d\+?|\\w\+?|\[[^]]*\][*+]?", "", text).replace(
            "\\", ""
        )
        body = f"{before}{sample}{after}"
        if made.regex.search(body):
            assert made.is_possible(vocabulary(body.encode()))


def test_a_pattern_retires() -> None:
    scanner = Scanner([pattern("rule", "x", "failure", limit=3)])
    hits = [hit for line in range(10) for hit in scanner.scan(line + 1, b"a failure\n")]
    assert [hit.line for hit in hits] == [1, 2, 3]


def test_lines_are_counted_and_one_hit_is_one_line() -> None:
    scanner = Scanner([pattern("rule", "x", r"fail\w*")])
    found = list(scanner.scan(10, b"ok\nfail fail\n\nfailed\r\nok"))
    assert [(hit.line, hit.text) for hit in found] == [(11, "fail fail"), (13, "failed")]


def test_a_match_stays_within_a_line() -> None:
    scanner = Scanner([pattern("rule", "x", r"one\s+two")])
    assert not list(scanner.scan(1, b"one\ntwo\n"))
    assert list(scanner.scan(1, b"one  two\n"))
