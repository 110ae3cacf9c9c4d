"""Patterns: bounded, found by words, and never catastrophic; over all rules and notices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gemma_compat._explain.literals import parse
from gemma_compat._explain.notices import NOTICES
from gemma_compat._explain.patterns import LONGEST_REPEAT, Pattern, bounded, pattern
from gemma_compat._explain.read_log import _patterns, _reads
from gemma_compat._explain.readers import readers
from gemma_compat._explain.scan import Scanner
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
        (r"\d[\d.]\\d\D", r"[0-9][0-9.]\\d\D"),
    ],
)
def test_repeats_are_bounded(text: str, expected: str) -> None:
    assert bounded(text) == expected.replace("N", str(LONGEST_REPEAT))
    re.compile(bounded(text))


@each
def test_a_symptom_has_words_to_be_found_by(text: str) -> None:
    assert all(len(word) > 2 for word, _ in pattern("rule", "x", text).leads)


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


ALL = [pytest.param(item, id=f"{item.kind}-{n}") for n, item in enumerate(_patterns(all_rules()))]
# Rows among which some have words that patterns are found by.
WORDS = "".join(f"zyx {chr(97 + n % 26)}zz {chr(97 + n // 26)}yy says none\n" for n in range(400))


@pytest.mark.parametrize("item", ALL)
def test_a_pattern_has_a_word_to_be_found_by(item: Pattern) -> None:
    """Else each line of every log is searched for it: 100 MB/s become 10."""
    assert all(word.strip(b"*") or item.words for word, _ in item.leads)


@pytest.mark.parametrize("item", ALL)
def test_no_phrase_may_be_a_part_of_a_number(item: Pattern) -> None:
    """Rows that are a hexadecimal number are left out: ``decade`` in one would not be found."""
    assert not [word for word, _ in item.leads if re.fullmatch(rb"[*a-f]{4,}", word)]


@pytest.mark.long
@pytest.mark.parametrize("item", ALL)
def test_what_an_expression_matches_in_a_line_is_found(item: Pattern) -> None:
    """Words, phrases and shapes only say where to look."""
    line = st.from_regex(item.regex, alphabet=st.characters(max_codepoint=126)).filter(
        lambda text: not set("\r\0") & set(text) and text.count("\n") < item.lines
    )

    @settings(
        max_examples=10, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(line, st.sampled_from(["", WORDS]))
    def check(text: str, around: str) -> None:
        matches = item.regex.search(text[:2000])
        hits = list(Scanner([item]).scan(1, f"{around}{text}\n{around}".encode()))
        assert hits or not matches

    check()


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
