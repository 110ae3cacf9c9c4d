"""Find which of many words a text has, without looking for each of them in all of it.

The patterns name some hundred words that a match must contain. A piece of a log is reduced to its
distinct words first: most pieces have few, and mostly those of the piece before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

START = 3  # characters by which a required word is looked up; none is shorter
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
_BLANKED = bytes(code if code in _LETTERS else 32 for code in range(256))
_LONG_LINE = 4096  # bytes


def words_of(lines: Collection[bytes]) -> frozenset[bytes]:
    """Return the distinct words of some lines: letters and underscores, without what is between."""
    if max(map(len, lines), default=0) > _LONG_LINE:
        lines = [part for line in lines for part in _records(line)]
    return frozenset(b"\n".join(lines).translate(_BLANKED).split())


def _records(line: bytes) -> Iterable[bytes]:
    """Return the distinct parts of a long line, cut where its second word occurs again.

    Such a line mostly is one record again and again. Cut at blanks, it leaves every word whole.
    """
    first = line[:_LONG_LINE].split(None, 2)
    if len(line) <= _LONG_LINE or len(first) < 2:
        return (line,)
    return {first[1], *line.split(b" " + first[1] + b" ")}


class Required:
    """The words that patterns require, and how to find them in other words."""

    def __init__(self, words: Iterable[bytes]) -> None:
        self._by_start: dict[bytes, list[bytes]] = {}
        for word in sorted(set(words)):
            self._by_start.setdefault(word[:START], []).append(word)

    def among(self, words: Iterable[bytes]) -> frozenset[bytes]:
        """Return the required words that are one of these, or a part of one, in lower case."""
        text = b" ".join(word for word in words if len(word) >= START).lower()
        found: set[bytes] = set()
        for at in range(len(text) - START + 1):
            candidates = self._by_start.get(text[at : at + START])
            if candidates:
                found.update(word for word in candidates if text.startswith(word, at))
        return frozenset(found)
