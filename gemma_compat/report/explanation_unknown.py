"""Render an error that nothing here knows: whose it is, what led to it, and what would decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .._explain.unknown import CAUSED, GENERATED, HANDLED, OF_MODEL, OWN, PYTHON
from ..language import said
from .wording import wrap, wrap_as_it_is, wrap_quote

if TYPE_CHECKING:
    from .._explain.unknown import Chained, Place, Unknown

_LONGEST = 120  # characters of an error's text in the headline
_REST = "           "


def sentence(found: Unknown, is_private: bool) -> str:
    """Return the error in a line: its class and text, or for sharing what may be shared.

    Args:
        is_private: whether only the log's owner sees it.
    """
    if not is_private:
        return found.shown or ("an exception" if found.kind else "an error")
    text = " ".join(found.message.split()).rstrip(".,;")
    if len(text) > _LONGEST:
        text = text[:_LONGEST].rpartition(" ")[0] + " …"
    return ": ".join(part for part in (found.kind, text) if part)


def is_whole(found: Unknown) -> bool:
    """Return whether the headline shows all of the error's text."""
    return len(" ".join(found.message.split())) <= _LONGEST


def error_lines(found: Unknown) -> Iterator[str]:
    """Yield the error whole, unless the headline shows all of it."""
    if is_whole(found):
        return
    first, *rest = found.message.splitlines()
    first = f"{found.kind}: {first}" if found.kind else first
    yield ""
    yield from wrap_quote(first, f"error, line {found.line}: ", "      ", lines=6)
    for line in rest[:6]:
        yield from wrap_quote(line.strip(), "      ", "      ", lines=2)


def to_type(unknown: Unknown) -> str:
    """Return what to do first; empty where only more of the log helps."""
    if unknown.went_on_at:
        return ""
    if unknown.do:
        return unknown.do
    place = unknown.raised_by
    if place is not None and place.owner == OWN and place.raises:
        return f"read what leads to line {place.line} of {place.file}: your own code raises it"
    return search(unknown)


def search(unknown: Unknown) -> str:
    """Return what to search for, as something to do; empty for an error of the user's own code."""
    label = said("search for:")
    return f"{label} {unknown.search}" if unknown.search else ""


def unknown_lines(unknown: Unknown, first: str) -> Iterator[str]:
    """Yield whose error it is, which line of the user's led there, what to search for.

    Args:
        first: what the report says to do first.
    """
    yield "unknown error"
    yield from whose_lines(unknown)
    if unknown.why and first in {unknown.do, search(unknown)}:
        yield from _row("why:", unknown.why)
    if unknown.search and not first.endswith(unknown.search):
        yield from wrap_as_it_is(unknown.search, "  search:  ", _REST)
    yield from _row("sure:", _sure(unknown))


def whose_lines(unknown: Unknown) -> Iterator[str]:
    """Yield who raised it, which line of the user's led there, and what came before."""
    yield from _row("raised:", _raised(unknown))
    if unknown.own is not None:
        yield from wrap_quote(_quoted(unknown.own), "  yours:   ", _REST, lines=2)
    for item, label in ((unknown.root, "first:"), (unknown.first, "first:")):
        if item is not None:
            yield from wrap_quote(_chained(item), f"  {label:<9}", _REST, lines=2)
    if unknown.ranks:
        ranks = ", ".join(map(str, unknown.ranks[:8]))
        yield from _row("ranks:", f"the same error on ranks {ranks}")


def _row(label: str, text: str) -> list[str]:
    return wrap(text, f"  {label:<9}", _REST)


def _quoted(place: Place) -> str:
    at = said(f"line {place.line} of {place.file}")
    return f"{at}: {place.code}" if place.code else at


def _chained(item: Chained) -> str:
    link = {CAUSED: "its cause", HANDLED: "this error came while it was handled"}
    told = said(link.get(item.link, "on another rank"))
    return f"{said(f'line {item.line}:')} {item.raw} ({told})"


def _raised(found: Unknown) -> str:
    place = found.raised_by
    if found.is_told:
        return "told in a sentence; the log has no traceback"
    if place is None:
        return "the log has no traceback, so who raised it is not known"
    at = said(f"line {place.line} of {place.file}")
    where = f"{place.function}, {at}" if place.function else at
    if found.compiled_at:
        return f"by C++ code, {found.compiled_at}, called in {where}"
    if place.compiled:
        return f"by a compiled function, {place.compiled}, called in {where}"
    if place.owner == OWN:
        return f"in your own code: {where}" + (f": {place.code}" if place.code else "")
    if place.owner == PYTHON:
        return f"in Python's own library: {where}"
    if place.module == OF_MODEL:
        return f"in code that came with the model (trust_remote_code): {where}"
    if place.module == GENERATED:
        return f"in code that Unsloth generates: {where}"
    named = f"{found.package} {found.version}".strip()
    if found.is_indexed:
        return f"in the package {named}: {where}"
    return f"in {named}, a package that this tool does not index: {where}"


def _sure(found: Unknown) -> str:
    if found.is_told:
        return "the error is only told; its cause is not known"
    if found.raised_by is None:
        return "the error's text is certain; its cause is not known"
    return "the error and its place are certain; its cause is not known"
