"""Read a source file in parts, so that what did not change is not parsed again.

A part is a top-level function, a method, or what remains of a class or file. The files of one path
are read one after the other, so that most parts of a release are known from the one before.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .extract import Record, extract, extract_method
from .messages import Resolver

_INDENT = "    "
_CLASS = re.compile(r"^class +(\w+)", re.MULTILINE)
_STARTS = {
    "": re.compile(r"class |def |async def |@"),
    _INDENT: re.compile(r"    (?:def |async def |@)"),
}
# At the margin and yet inside what began before: closing brackets, comments.
_GOES_ON = {
    "": re.compile(r"[\s)\]}#]|$"),
    _INDENT: re.compile(r"     |    [)\]}#]|\s*$|\s{0,3}#"),
}


class Parts:
    """Read files, and remember the parts that were read."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Record] = {}  # by the module's texts, and the part

    def forget(self) -> None:
        """Forget all parts, before the files of another path."""
        self._known.clear()

    def read(self, text: str) -> Record:
        """Return the record of a whole file. ``SyntaxError`` if it is not Python."""
        rest, found = _taken_out(text, "")
        try:
            tree = ast.parse(rest)
            if not _are_code(tree.body, found):
                return extract(text)
            record, names = extract(rest), Resolver(tree)
            for first, part in found:
                _add(record, self._part(part, names), first)
        except SyntaxError:  # a text at the left margin, which was taken for code
            return extract(text)
        record.functions.sort(key=lambda item: (item[1], -item[2]))
        return record

    def _part(self, text: str, names: Resolver) -> Record:
        """Return the record of a top-level class or function; ``names`` are the module's."""
        key = (names.texts, text)
        if key not in self._known:
            name = _CLASS.search(text)
            found = self._class(text, name[1], names) if name else extract(text, names)
            self._known[key] = found
        return self._known[key]

    def _class(self, text: str, name: str, names: Resolver) -> Record:
        rest, found = _taken_out(text, _INDENT)
        try:
            if not _are_code(_body(ast.parse(rest)), found):
                return extract(text, names)
            record = extract(rest, names)
            for first, part in found:
                key = (names.texts, f"{name}.{part}")
                if key not in self._known:
                    self._known[key] = extract_method(_dedented(part), name, names)
                _add(record, self._known[key], first)
        except SyntaxError:
            return extract(text, names)
        return record


def _taken_out(text: str, indent: str) -> tuple[str, list[tuple[int, str]]]:
    """Return the text with a ``pass`` for each part, and the parts with their first lines,
    from 0.
    """
    lines = text.split("\n")
    rest, found = list(lines), []
    for first, last in _parts(lines, indent):
        found.append((first, "\n".join(lines[first:last])))
        rest[first:last] = [f"{indent}pass", *[""] * (last - first - 1)]
    return "\n".join(rest), found


def _body(tree: ast.Module) -> list[ast.stmt]:
    """Return the body of a class that stands alone in a text."""
    (found,) = tree.body
    return found.body if isinstance(found, ast.ClassDef) else []


def _are_code(body: list[ast.stmt], found: list[tuple[int, str]]) -> bool:
    """Return whether a ``pass`` stands for each part: one that is text in a string has none."""
    lines = {item.lineno for item in body if isinstance(item, ast.Pass)}
    return all(first + 1 in lines for first, _ in found)


def _dedented(text: str) -> str:
    return "\n".join(line.removeprefix(_INDENT) for line in text.split("\n"))


def _parts(lines: list[str], indent: str) -> Iterator[tuple[int, int]]:
    """Yield first line and end, from 0, of each class and function at an indent."""
    starts, goes_on = _STARTS[indent], _GOES_ON[indent]
    start, begun = -1, False
    for number, line in enumerate(lines):
        if goes_on.match(line):
            continue
        if start >= 0 and not begun and not line.startswith(f"{indent}@"):
            begun = True  # the line after the decorators
            if starts.match(line):
                continue
        if start >= 0 and begun:
            yield start, number
            start = -1
        if start < 0 and starts.match(line):
            start, begun = number, not line.startswith(f"{indent}@")
    if start >= 0:
        yield start, len(lines)


def _add(record: Record, part: Record, shift: int) -> None:
    record.functions += [(n, first + shift, last + shift) for n, first, last in part.functions]
    record.messages += [(kind, site, at + shift, text) for kind, site, at, text in part.messages]
    record.symbols.update(part.symbols)
    record.bases.update(part.bases)
    for name, members in part.members.items():
        record.members[name] = sorted({*record.members.get(name, ()), *members})
    if part.outside:
        record.outside = sorted({*record.outside, *part.outside})
    record.parameters.update(part.parameters)
    record.branches.update(part.branches)
