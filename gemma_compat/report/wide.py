"""Lines of text with wide characters: Chinese takes two columns each and breaks anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A wide character, a word (which may hold spaces that do not break), or spaces.
_ATOM = (
    r"[\u2e80-\u9fff\uff00-\uffef\u3000-\u303f]"
    r"|(?:[^\s\u2e80-\u9fff\uff00-\uffef]|\xa0)+|[^\S\xa0]+"
)
_NOT_FIRST = set("，。；：、）》」！？")  # these never begin a line


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    import unicodedata  # its tables take a third of a mebibyte

    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def padded(text: str, width: int) -> str:
    """Return the text with spaces behind it, up to that many columns."""
    return text + " " * (width - columns(text))


def wrap_wide(text: str, first: str, rest: str, width: int, lines: int | None) -> list[str]:
    """Return the text in lines of at most ``width`` columns; a word that is too long stays whole.

    Args:
        first, rest: what the first line and the others begin with.
        lines: cut after so many, with an ellipsis.
    """
    made, line = [], first
    empty = True
    for atom in _atoms(text):
        fits = columns(line + atom.rstrip()) <= width
        if not fits and not empty and atom not in _NOT_FIRST:
            made.append(line.rstrip())
            line, empty = rest, True
        if not (empty and atom.isspace()):
            line, empty = line + atom, False
    made.append(line.rstrip())
    if lines is not None and len(made) > lines:
        made = made[:lines]
        made[-1] += " ..."
    return made


def _atoms(text: str) -> Iterator[str]:
    for atom in re.findall(_ATOM, text):
        yield " " if atom.isspace() else atom
