"""Quote a line of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .explanation import Line

if TYPE_CHECKING:
    from .excerpt import Words
    from .scan import Hit


def line_of(hit: Hit, words: Words) -> Line:
    """Return a short line whole; of a long one, the match and some text around it."""
    start, end = max(0, hit.match.start() - 80), hit.match.end() + 120
    raw = "".join(char for char in hit.text[:1000] if char.isprintable())
    return Line(hit.line, words.excerpt(hit.text[start:end]), raw)
