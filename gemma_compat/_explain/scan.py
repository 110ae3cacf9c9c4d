"""Search a log for many patterns, piece after piece."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from .patterns import Pattern

# Letters become lower case, the underscore stays, every other byte becomes a blank.
_LETTERS = bytes(
    ord(chr(code).lower()) if code < 128 and (chr(code).isalpha() or code == 95) else 32
    for code in range(256)
)
_DIGITS = bytes.maketrans(b"123456789", b"000000000")


@dataclass(frozen=True)
class Hit:
    """A match of a pattern.

    Attributes:
        kind, key: those of the pattern.
        line: its number, from 1.
        text: the line; of a long one, 2,000 characters around the match.
        match: the match within the line.
        before, after: the text before and after the line, if the pattern asks for it.
        at: where the line begins in the searched piece.
    """

    kind: str
    key: Any
    line: int
    text: str
    match: re.Match[str]
    before: str = ""
    after: str = ""
    at: int = 0


class Scanner:
    """Search piece after piece for many patterns; each is dropped after its ``limit`` of hits."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = list(patterns)
        self._waiting = {id(item): item.limit for item in self._patterns}
        self._words, self._named = b"", [p for p in self._patterns if p.is_possible(b"")]
        self._before = b""

    def scan(self, first_line: int, piece: bytes) -> Iterator[Hit]:
        """Yield the hits in one piece, pattern by pattern, each in order."""
        before, self._before = self._before, piece[-_CONTEXT:]
        seen = shapes(piece)
        possible = [p for p in self._with_words_in(seen) if p.needs in piece]
        if not possible:
            return
        lines = seen.decode("utf-8", "replace")
        possible = [p for p in possible if p.shape is None or p.shape.search(lines)]
        if not possible:
            return
        text = piece.decode("utf-8", "replace")
        for item in possible:
            for hit in _hits(item, text, first_line):
                yield _with_context(hit, text, before) if item.context else hit
                self._waiting[id(item)] -= 1
                if not self._waiting[id(item)]:
                    self._patterns.remove(item)
                    self._words = b""
                    break

    def _with_words_in(self, seen: bytes) -> list[Pattern]:
        """Return the patterns whose words occur; pieces of one log mostly share their words."""
        words = vocabulary(seen)
        if words != self._words:
            self._words = words
            self._named = [p for p in self._patterns if p.is_possible(words)]
        return self._named


_BEFORE, _SHOWN = 200, 2000  # characters
_CONTEXT = 16_000  # characters before a hit; a quarter of them behind it


def _with_context(hit: Hit, text: str, before: bytes) -> Hit:
    """Return the hit with the text around it; ``before`` is the end of the piece before."""
    start = hit.at
    above = text[max(0, start - _CONTEXT) : start]
    if start < _CONTEXT and before:
        above = before.decode("utf-8", "replace")[start - _CONTEXT :] + above
    end = text.find("\n", start)
    after = text[end + 1 : end + 1 + _CONTEXT // 4] if end >= 0 else ""
    return replace(hit, before=above, after=after)


def _end(text: str, start: int, lines: int) -> int:
    """Return where the line of ``start`` ends, or the last of this many lines."""
    end = start - 1
    for _ in range(lines):
        end = text.find("\n", end + 1)
        if end < 0:
            return len(text)
    return end


def _hits(item: Pattern, text: str, first_line: int) -> Iterator[Hit]:
    """Yield one hit for each line; for a reader of facts, one for every match in the line."""
    seen, counted, line = -1, 0, first_line
    for match in item.regex.finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        if start == seen:
            continue
        end = _end(text, match.start(), item.lines)
        start_shown = max(start, match.start() - _BEFORE)
        shown = text[start_shown : min(end, start_shown + _SHOWN)].rstrip("\r")
        # Search again within the line, to drop a match that needs more than one line.
        inside = [*item.regex.finditer(shown)][: None if item.kind == "fact" else 1]
        if inside:
            line += text.count("\n", counted, start)
            seen = counted = start
        yield from (Hit(item.kind, item.key, line, shown, found, at=start) for found in inside)


def vocabulary(piece: bytes) -> bytes:
    """Return the distinct words of a piece in lower case, sorted, one on each line."""
    return b"\n".join(sorted(set(piece.translate(_LETTERS).split())))


def shapes(piece: bytes) -> bytes:
    """Return the distinct lines of a piece, with 0 for every digit."""
    return b"\n".join(set(piece.translate(_DIGITS).split(b"\n")))
