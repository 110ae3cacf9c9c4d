"""Phrases: what a match must contain, and that they are found wherever they stand."""

from __future__ import annotations

import pytest

from gemma_compat._explain.literals import key, literals, told
from gemma_compat._explain.patterns import Pattern, pattern
from gemma_compat._explain.read_log import _patterns
from gemma_compat._explain.scan import Scanner
from gemma_compat._explain.screen import Screen
from gemma_compat.rules import own_rules

PATTERNS = _patterns(own_rules())
LEADS = [(n, *lead) for n, item in enumerate(PATTERNS) for lead in item.leads]
PLAIN = bytes(code for code in range(32, 127) if not chr(code).isalnum())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"Cache' object", [{"cache object"}]),
        (r"(forward|backward) failed", [{"backward failed", "forward failed"}]),
        (r"(?:not )?found", [{"found"}]),
        (r"(forward|\d+) x", [{" x"}]),
        (r"a+bcde+", [{"abcde"}]),
        (r"(is|are) not \w+ here", [{" here"}, {"are not ", "is not "}]),
        (r"(?i)NaN loss", [{"nan loss"}]),
        (r"line \d{1,3} in", [{"line in"}]),
        (r"[GT]PU: \d", [{"gpu ", "tpu "}]),
        (r"fp16=\w+", [{"fp "}]),
        (r"^[ab]*$", []),
        (r"one\ntwo", [{"one two"}]),
        ("schön gut", [{"schön gut"}]),
        (r"(?=ahead)seen", [{"seen"}]),
        (r"(?:abcd|abxd)ef", [{"abcdef", "abxdef"}]),
        (r"\bwhole\b", [{" whole "}]),
        (r"^whole$", [{" whole "}]),
        (r"(?<!\w)whole(?!\w)", [{" whole "}]),
        (r"(?<![^\s(])whole", [{" whole"}]),
        (r"\w+Error: \w+ is not", [{"error "}, {" is not"}]),
        (r"x(?:\w+Error|\w+Exception): ", [{"error ", "exception "}, {"x"}]),
        (r"ValueError", [{"valueerror"}]),
        (r"[a-z]{3} of it", [{" of it"}]),
    ],
)
def test_phrases_of_an_expression(text: str, expected: list[set[str]]) -> None:
    assert [set(clause) for clause in literals(text)] == expected


@pytest.mark.parametrize(
    ("phrase", "word"),
    [
        ("cache object has", "object"),
        ("cache", "*cache*"),
        ("cache ", "*cache"),
        (" cache", "cache*"),
        (" the model ", "model"),
        (" is the gradient", "gradient*"),
        ("模型 is", "is*"),
        ("模型", "模型"),
    ],
)
def test_the_word_that_a_phrase_is_found_by(phrase: str, word: str) -> None:
    assert key(phrase) == word


def test_what_the_index_has_of_an_expression() -> None:
    lines = told(r"(?:strange|unheard) zebra\d \w+ eats").split("\n")
    assert lines == ["*strange:strange zebra \t*unheard:unheard zebra ", " eats"]


@pytest.mark.parametrize("beside", [b"", b" ", b"x", b"("])
def test_every_phrase_is_found_wherever_it_stands(beside: bytes) -> None:
    """At the beginning and at the end of a row, and beside anything that its ends allow."""
    of_row: dict[bytes, set[int]] = {}
    for number, word, phrase in LEADS:
        text = phrase.replace(b" ", b"-")
        is_open = [not phrase.startswith(b" "), not phrase.endswith(b" ")]
        if not phrase.strip() or PATTERNS[number].words:
            is_open = [word.startswith(b"*"), word.endswith(b"*")]
        if not phrase.strip():
            text = word.strip(b"*") if word.strip(b"*").isalpha() else word
        before, behind = (beside if one or beside != b"x" else b"" for one in is_open)
        of_row.setdefault(before + text + behind, set()).add(number)
    first = [
        Pattern(
            "rule", "x", "", item.phrases.partition("\n")[0], lines=item.lines, words=item.words
        )
        for item in PATTERNS
    ]
    found = dict(Screen(first).possible(of_row))
    assert not {row: n for row, n in of_row.items() if not n <= set(found.get(row, ()))}


@pytest.mark.parametrize("cut", [b" again ", b" 0.12 "])
def test_a_literal_in_the_midst_of_records_is_found(cut: bytes) -> None:
    line = b"one" + (cut + b"record") * 900 + cut + b"refail" + cut + b"ended here"
    scanner = Scanner([pattern("rule", "x", r"refail\s[\w.]+\sended here")])
    assert [hit.line for hit in scanner.scan(1, b"ok\n" + line + b"\nok")] == [2]


def test_a_bar_that_is_drawn_again_and_again_hides_nothing() -> None:
    bar = b"".join(b"\r%d%%|##| model.safetensors 1.%dG" % (n % 100, n % 10) for n in range(900))
    log = bar + b"\rKeyError: 'layer'\r\n" + bar
    scanner = Scanner([pattern("rule", "x", r"KeyError: '\w+'")])
    assert [(hit.line, hit.match[0]) for hit in scanner.scan(1, log)] == [(1, "KeyError: 'layer'")]
