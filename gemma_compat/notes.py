"""Notes on exceptions, on every Python that we run on."""

from __future__ import annotations

import sys

SHOWS_NOTES = sys.version_info >= (3, 11)  # whether tracebacks print them


def add_note(error: BaseException, text: str) -> None:
    """What ``BaseException.add_note`` does; Python 3.10 gets the attribute alone."""
    if hasattr(error, "add_note"):
        error.add_note(text)
    else:  # Python 3.10
        error.__notes__ = [*getattr(error, "__notes__", []), text]  # type: ignore[attr-defined]
