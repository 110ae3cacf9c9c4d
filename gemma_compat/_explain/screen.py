"""Tell which patterns a row of a log may match, without searching it for each of them.

The words of all rows are looked up at once, and most rows have none that a pattern is found by.
Where a row has one, its phrases are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from .patterns import Pattern, figures_of
from .row_texts import LONG, texts_of

PART = 3  # letters by which a word is found that begins or ends with a part
_ERROR = b"error"  # so end most names that may stand within a longer word
_DIGITS = b"0123456789"
_TO_WORDS = bytes(
    code if chr(code) in "abcdefghijklmnopqrstuvwxyz\n" else 32
    for code in bytes(range(256)).lower()
)
_SHORT = 6  # bytes of a text with figures; it would take long to find, and is there mostly
# The number of a card, as in "A100", "MI300" or "8xH100". A stands for any first letter of one, w
# for what else it does not stand behind, and a blank for what it may stand behind.
_CARD = re.compile(rb"A0(?:(?<=[ \n]..)|(?<=[ \n]A..)|(?<=0x..)|(?<=0xA..))")
_NOT_BEFORE_A_CARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/.$"

# What a word leads to: a text that must be there as well, whether it is one of figures, and the
# number of a pattern.
Lead = tuple[bytes, bool, int]
Leads = dict[bytes, list[Lead]]
Parts = tuple[list[bytes], tuple[bytes, ...]]
_NO_PARTS: Parts = ([], ())


def words_of(text: bytes) -> bytes:
    """Return the words of each line of a text, as phrases have them, with any blanks between."""
    return text.translate(_TO_WORDS, _DIGITS)


class Screen:
    """What patterns are found by: words, signs, and numbers of cards."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = patterns
        self._led_to: dict[bytes, tuple[int, ...]] = {}  # patterns, of each word
        for number, item in enumerate(patterns):
            for word in {word for word, _ in item.leads}:
                self._led_to[word] = (*self._led_to.get(word, ()), number)
        # The same with texts and needs, of the words that the log had.
        self._known_leads: dict[bytes, list[tuple[tuple[bytes, ...], Lead]]] = {}
        starts: dict[bytes, list[bytes]] = {}  # by their first letters
        ends: dict[bytes, list[bytes]] = {}  # by their last letters
        self._within: dict[bytes, list[bytes]] = {}  # by letters that they have
        self._cards: dict[int, list[bytes]] = {}  # by their first letters
        # Looked for as they are, such as Chinese. An expression that has no word is found by the
        # empty text, in each row.
        self._signs: dict[bytes, list[bytes]] = {}  # without the figures beside them
        for word in self._led_to:
            letters = word.strip(b"*")
            if not letters.isalpha():
                if word.isalnum():
                    self._cards.setdefault(word[0], []).append(word)
                else:
                    self._signs.setdefault(word.strip(b"0 "), []).append(word)
            elif len(letters) < min(len(word), PART) or len(word) - len(letters) == 2:
                by = _ERROR if letters.endswith(_ERROR) else letters
                self._within.setdefault(by, []).append(word)
            elif word.endswith(b"*"):
                starts.setdefault(letters[:PART], []).append(word)
            elif word.startswith(b"*"):
                ends.setdefault(letters[-PART:], []).append(word)
        self._starts, self._ends = _with_letters(starts), _with_letters(ends)
        self._to_marks = _to_marks(self._cards)

    def possible(self, rows: Iterable[bytes]) -> Iterator[tuple[bytes, tuple[int, ...]]]:
        """Yield each row that patterns may match, with their numbers.

        Args:
            rows: with 0 for each digit.
        """
        whole, cut = texts_of(rows)
        texts = [*whole, *cut]
        text = b"\n".join(texts)
        said = words_of(text)
        words = [line.split() for line in said.split(b"\n")]
        vocabulary = set().union(*words)
        others = self._by_signs(text)
        if vocabulary:
            self._add_cards(others, text)
        elif not others:
            return
        figures = figures_of(text)
        leads_of = self._leads(vocabulary, said, figures)
        has_none = set().union(*leads_of.values()).isdisjoint
        places = {place for place, own in enumerate(words) if not has_none(own)}
        lines = figures.split(b"\n")
        for place in places | others.keys():
            own, line = words[place], lines[place]
            led_to: set[Lead] = set()
            for needs, leads in leads_of.items():
                if not needs or any(map(line.__contains__, needs)):
                    led_to |= _led_to(leads, own)
            if led_to or place in others:
                same = [texts[place]] if place < len(whole) else cut[texts[place]]
                is_long = max(map(len, same)) > LONG
                found = self._found(line, own, is_long, led_to, others.get(place, ()))
                if found:
                    yield from ((row, found) for row in same)

    def _found(
        self,
        figures: bytes,
        words: list[bytes],
        is_long: bool,
        leads: Iterable[Lead],
        others: Iterable[int],
    ) -> tuple[int, ...]:
        """Return the patterns of which a row has what they need.

        Args:
            figures, words: of the row.
            is_long: whether its records stand in its text in any order.
            leads: what its words lead to.
            others: the patterns that its signs and cards lead to.
        """
        figures = b" %b " % figures
        said = b" %b %b" % (b" ".join(words), figures)
        has, has_figures = said.__contains__, figures.__contains__
        if is_long:
            has, has_figures = partial(_has_words, said), partial(_has_words, figures)
        found = {
            number
            for needed, is_of_figures, number in leads
            if (has_figures(needed) if is_of_figures else has(needed))
        }
        found.update(others)
        return tuple(
            number
            for number in found
            if all(any(map(has, texts)) for texts in self._patterns[number].others)
        )

    def _by_signs(self, text: bytes) -> dict[int, set[int]]:
        """Return the patterns that signs lead to, by the place of the row of a text."""
        found: dict[int, set[int]] = {}
        for mark, signs in self._signs.items():
            # One byte alone is looked for ten times as fast.
            for sign in signs if mark[:1] in text else ():
                for place in _rows_with(sign, text):
                    found.setdefault(place, set()).update(self._led_to[sign])
        return found

    def _add_cards(self, found: dict[int, set[int]], text: bytes) -> None:
        """Add the patterns that numbers of cards lead to."""
        marks = b"\n" + text.translate(self._to_marks)
        place = end = 0
        for match in _CARD.finditer(marks):
            at = match.start() - 1
            place += text.count(b"\n", end, at)
            end = at
            for card in self._cards[text[at]]:
                if text.startswith(card, at):
                    found.setdefault(place, set()).update(self._led_to[card])

    def _leads(
        self, words: set[bytes], said: bytes, figures: bytes
    ) -> dict[tuple[bytes, ...], Leads]:
        """Return the words of some rows that lead to patterns, with what they lead to, by the
        figures of which a row must have one; an empty tuple where it needs none.

        A phrase of which a word stands in no row is said in none.
        """
        leads_of: dict[tuple[bytes, ...], Leads] = {}
        needed: dict[tuple[bytes, ...], tuple[bytes, ...]] = {}  # those that some row has
        for word, known in self._known(words):
            for needs, lead in self._leads_of(known):
                if needs not in needed:
                    needed[needs] = tuple(need for need in needs if need.strip() in figures)
                text, is_of_figures, _ = lead
                if needs and not needed[needs]:
                    is_said = False
                elif is_of_figures:
                    is_said = len(text) < _SHORT or text.strip() in figures
                else:
                    whole = text.partition(b" ")[2].rpartition(b" ")[0].split()
                    is_said = words.issuperset(whole) and _has_words(said, text)
                if is_said:
                    leads_of.setdefault(needed[needs], {}).setdefault(word, []).append(lead)
        return leads_of

    def _known(self, words: set[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Yield each word that leads to patterns, with the word or part that is known."""
        yield from ((word, word) for word in self._led_to.keys() & words)
        starts, ends = self._starts, self._ends
        for word in [word for word in words if word[:PART] in starts or word[-PART:] in ends]:
            yield from ((word, part) for part in self._parts(word))
        text = b" ".join((*words, b""))
        for letters, parts in self._within.items():
            if letters in text:
                for word in set(_words_with(letters, text)):
                    yield from ((word, part) for part in parts if part.strip(b"*") in word)

    def _leads_of(self, word: bytes) -> list[tuple[tuple[bytes, ...], Lead]]:
        """Return what a word leads to, each with the figures of which a row must have one."""
        if word not in self._known_leads:
            self._known_leads[word] = [
                (_needs(item, text), (text, bool(item.words), number))
                for number in self._led_to[word]
                for item in (self._patterns[number],)
                for lead, text in item.leads
                if lead == word
            ]
        return self._known_leads[word]

    def _parts(self, word: bytes) -> Iterator[bytes]:
        """Yield the parts with which a word begins or ends."""
        starts, letters = self._starts.get(word[:PART], _NO_PARTS)
        if word.startswith(letters):
            yield from (part for part in starts if word.startswith(part[:-1]))
        ends, letters = self._ends.get(word[-PART:], _NO_PARTS)
        if word.endswith(letters):
            yield from (part for part in ends if word.endswith(part[1:]))


def _with_letters(parts: Mapping[bytes, list[bytes]]) -> dict[bytes, Parts]:
    """Return parts with the letters of each, which are compared with a word all at once."""
    return {key: (some, tuple(part.strip(b"*") for part in some)) for key, some in parts.items()}


def _rows_with(part: bytes, text: bytes) -> Iterator[int]:
    """Yield the place of each row of a text in which a part stands."""
    row, start, at = 0, 0, text.find(part)
    while at >= 0:
        row += text.count(b"\n", start, at)
        yield row
        end = text.find(b"\n", at)
        if end < 0:
            return
        row, start, at = row + 1, end + 1, text.find(part, end + 1)


def _words_with(part: bytes, text: bytes) -> Iterator[bytes]:
    """Yield the words of a text in which a part stands; behind each word is one blank."""
    at = text.find(part)
    while at >= 0:
        end = text.find(b" ", at)
        yield text[text.rfind(b" ", 0, at) + 1 : end]
        at = text.find(part, end)


def _to_marks(first: Iterable[int]) -> bytes:
    """Return a table of the marks in :data:`_CARD`, from the first letters of cards."""
    marks = {b"\n": b"\n", _DIGITS: b"0", b"xX": b"x", bytes(first): b"A", _NOT_BEFORE_A_CARD: b"w"}
    table = bytearray(b" " * 256)
    for codes, mark in reversed(marks.items()):
        for code in codes:
            table[code : code + 1] = mark
    return bytes(table)


def _needs(item: Pattern, text: bytes) -> tuple[bytes, ...]:
    """Return the figures of which a row must have one, where a word with this text leads to it."""
    if item.needs and all("0" in need for need in item.needs):
        return tuple(item.others[0])
    return (b"0",) if item.words and b"0" in text else ()


def _led_to(leads: Leads, words: Iterable[bytes]) -> set[Lead]:
    return {lead for word in leads.keys() & words for lead in leads[word]}


def _has_words(text: bytes, phrase: bytes) -> bool:
    """Return whether a text has the words of a phrase, in any order."""
    return all(word in text for word in phrase.split())
