"""Tell which patterns a row of a log may match, without searching it for each of them.

The words of all rows are looked up at once, and most rows have none that a pattern is found by.
Where a row has one, its phrases are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from .patterns import Pattern

PART = 3  # letters by which a word is found that begins or ends with a part
LONG = 4096  # bytes; a longer row mostly is one record again and again
_DIGITS = b"0123456789"
_NOT_ASCII = bytes(range(128, 256))
_TO_WORDS = bytes(
    code if chr(code) in "abcdefghijklmnopqrstuvwxyz\n" else 32
    for code in bytes(range(256)).lower()
)
# A row of at least so many bytes that is made of these alone has no words: figures, or a number.
_LONGEST_WORD = 32
_OF_FIGURES, _OF_NUMBERS = b"0-+.,:; \t[]()eE", b"0abcdefABCDEF-"
_FIRST = _OF_FIGURES + _OF_NUMBERS


def words_of(text: bytes) -> bytes:
    """Return the words of each line of a text, as phrases have them, with any blanks between."""
    return text.translate(_TO_WORDS, _DIGITS)


class Screen:
    """What patterns are found by: words, and texts with figures."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = patterns
        self._led_to: dict[bytes, list[int]] = {}  # patterns, of each word
        for number, item in enumerate(patterns):
            for word in {word for word, _ in item.leads}:
                self._led_to.setdefault(word, []).append(number)
        # The same with phrases, of the words that the log had.
        self._phrases: dict[bytes, list[tuple[bytes, int]]] = {}
        self._starts: dict[bytes, list[bytes]] = {}  # by their first letters
        self._ends: dict[bytes, list[bytes]] = {}  # by their last letters
        self._within: list[bytes] = []
        self._foreign: list[bytes] = []
        texts: list[bytes] = []
        for word in self._led_to:
            letters = word.strip(b"*")
            if not word.isascii():
                self._foreign.append(word)
            elif not letters.isalpha():
                texts.append(re.escape(word))
            elif len(letters) < min(len(word), PART) or len(word) - len(letters) == 2:
                self._within.append(word)
            elif word.endswith(b"*"):
                self._starts.setdefault(letters[:PART], []).append(word)
            elif word.startswith(b"*"):
                self._ends.setdefault(letters[-PART:], []).append(word)
        # An expression that has no word is found by the empty text, in each row.
        self._texts = re.compile(b"|".join(texts) or b"(?!)")

    def possible(self, rows: Iterable[bytes]) -> Iterator[tuple[bytes, tuple[int, ...]]]:
        """Yield each row that patterns may match, with their numbers.

        Args:
            rows: with 0 for each digit.
        """
        rows = [
            row
            for row in rows
            if len(row) < _LONGEST_WORD
            or row[0] not in _FIRST
            or (row.translate(None, _OF_NUMBERS) and row.translate(None, _OF_FIGURES))
        ]
        texts = b"\n".join(map(_without_repeats, rows))
        words = words_of(texts)
        leads = self._leads(set(words.split()))
        # The expression is slow for each byte, and what is not ASCII can be no part of its texts.
        plain = texts if texts.isascii() else texts.translate(None, _NOT_ASCII)
        found_texts = {*self._texts.findall(plain), *(one for one in self._foreign if one in texts)}
        if not leads and not found_texts:
            return
        for row, text, line in zip(rows, texts.split(b"\n"), words.split(b"\n"), strict=True):
            own = line.split()
            led_to = [pair for word in leads.keys() & own for pair in leads[word]]
            for one in found_texts:
                if one in text:
                    led_to += self._phrases_of(one)
            if led_to:
                said = b" %b " % b" ".join(own)
                has = said.__contains__ if len(row) <= LONG else partial(_has_words, said)
                found = tuple(
                    number
                    for number in {number for phrase, number in led_to if has(phrase)}
                    if all(any(map(has, clause)) for clause in self._patterns[number].others)
                )
                if found:
                    yield row, found

    def _leads(self, words: set[bytes]) -> dict[bytes, list[tuple[bytes, int]]]:
        """Return the words that lead to patterns, with what they lead to."""
        found = {word: self._phrases_of(word) for word in self._led_to.keys() & words}
        pairs = [
            (word, part)
            for word in words
            if word[:PART] in self._starts or word[-PART:] in self._ends
            for part in self._parts(word)
        ]
        text = b" ".join(words)
        for part in self._within:
            letters = part.strip(b"*")
            if letters in text:
                pairs += [(word, part) for word in words if letters in word]
        for word, part in pairs:
            found[word] = [*found.get(word, ()), *self._phrases_of(part)]
        return found

    def _phrases_of(self, word: bytes) -> list[tuple[bytes, int]]:
        """Return the phrases that a word leads to, each with its pattern."""
        if word not in self._phrases:
            self._phrases[word] = [
                (phrase, number)
                for number in self._led_to[word]
                for lead, phrase in self._patterns[number].leads
                if lead == word
            ]
        return self._phrases[word]

    def _parts(self, word: bytes) -> Iterator[bytes]:
        """Yield the parts with which a word begins or ends."""
        for part in self._starts.get(word[:PART], ()):
            if word.startswith(part[:-1]):
                yield part
        for part in self._ends.get(word[-PART:], ()):
            if word.endswith(part[1:]):
                yield part


def _has_words(said: bytes, phrase: bytes) -> bool:
    """Return whether a text has the words of a phrase, in any order."""
    return all(word in said for word in phrase.split())


def _without_repeats(row: bytes) -> bytes:
    """Return a text that has the words of a row; of a long row each record is left once.

    Such a row is cut where one of its first words occurs again.
    """
    if len(row) <= LONG:
        return row
    words = row[:LONG].split(None, 8)[1:8]  # the first may be cut; figures may change
    word = next((word for word in words if len(word) >= 2 and b"0" not in word), b"")
    return b" ".join({word, *row.split(b" " + word + b" ")}) if word else row
