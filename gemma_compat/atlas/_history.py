"""Follow one source file through the releases of its package."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from ..values import Value
from ._container import IndexUnusable
from ._sequences import hashed, restored


class Function(Value):
    """A function in one version of a file's content.

    Attributes:
        name: qualified, as in ``Trainer.train``.
        first, last: its lines, from 1, decorators included.
    """

    name: str
    first: int
    last: int


class History:
    """The lines and functions of a file in every release. A release is a number, the oldest
    is 0.
    """

    def __init__(self, data: dict[str, Any], numbers: array[int]) -> None:
        try:
            self._lines = list(restored(data["steps"], numbers))
            self._marked = list(restored(data["fsteps"], data["fpool"]))
        except (KeyError, IndexError, ValueError) as error:
            raise IndexUnusable(f"a block of the release atlas is damaged ({error})") from error
        self._names: list[str] = data["names"]
        self._marks: list[int] = data["marks"]
        runs = data["runs"]
        self._contents = [c for c, n in zip(runs[::2], runs[1::2], strict=True) for _ in range(n)]
        self._functions: dict[int, list[Function]] = {}

    @property
    def releases(self) -> frozenset[int]:
        """Return the releases that have the file."""
        return frozenset(r for r, content in enumerate(self._contents) if content >= 0)

    def fitting(
        self, line: int, codes: Sequence[str], function: str, context: Sequence[tuple[int, str]]
    ) -> frozenset[int]:
        """Return the releases in which this line has one of these texts, inside that function.

        Without a text, the line must be inside a function of that name. Of the releases that fit,
        only those are returned in which the most lines of ``context`` are right as well.
        """
        wanted = {hashed(code) for code in codes if code.strip()}
        around = [(number, hashed(text)) for number, text in context]
        scores: dict[int, int] = {}
        for content, lines in enumerate(self._lines):
            if not 0 < line <= len(lines) or (wanted and lines[line - 1] not in wanted):
                continue
            if not self._is_inside(content, line, function, sure=bool(wanted)):
                continue
            scores[content] = sum(
                1 for number, code in around if number <= len(lines) and lines[number - 1] == code
            )
        best = max(scores.values(), default=0)
        contents = {content for content, score in scores.items() if score == best}
        return frozenset(r for r, content in enumerate(self._contents) if content in contents)

    def has_line(self, codes: Sequence[str]) -> frozenset[int]:
        """Return the releases in which one of these texts is a line anywhere in the file."""
        wanted = {hashed(code) for code in codes if code.strip()}
        contents = {c for c, lines in enumerate(self._lines) if not wanted.isdisjoint(lines)}
        return frozenset(r for r, content in enumerate(self._contents) if content in contents)

    def _is_inside(self, content: int, line: int, function: str, sure: bool) -> bool:
        """Return whether a line is in a function of the printed name; a matching text
        weighs more.
        """
        name = function.rpartition(".")[2]
        if not name or name.startswith("<") or "wrap" in name:
            return sure
        around = [f for f in self.functions(content) if f.first <= line <= f.last]
        if not around:
            return sure and name.startswith("<")
        return any(item.name.rpartition(".")[2] == name for item in around)

    def functions(self, content: int) -> list[Function]:
        """Return the functions of one content."""
        if content not in self._functions:
            found, at = [], 0
            for mark in self._marked[content]:
                name, gap, length = self._marks[3 * mark : 3 * mark + 3]
                at += gap
                found.append(Function(self._names[name], at, at + length))
            self._functions[content] = found
        return self._functions[content]

    def function_at(self, release: int, line: int) -> str:
        """Return the qualified name of the innermost function around a line; empty for none."""
        content = self._contents[release]
        around = [f for f in self.functions(content) if f.first <= line <= f.last]
        return max(around, key=lambda f: f.first).name if around else ""

    def names_in(self, release: int) -> frozenset[str]:
        """Return the qualified names of all functions in one release."""
        content = self._contents[release]
        return (
            frozenset(item.name for item in self.functions(content))
            if content >= 0
            else frozenset()
        )

    def body(self, release: int, function: str) -> tuple[tuple[int, ...], ...]:
        """Return the lines of each function of that qualified name, without blank ones.

        Return nothing if the release has no such function. The lines are hashes, good for comparing
        only.
        """
        content = self._contents[release]
        if content < 0:
            return ()
        lines = self._lines[content]
        return tuple(
            tuple(line for line in lines[item.first - 1 : item.last] if line)
            for item in self.functions(content)
            if item.name == function
        )

    def next_change(self, release: int, function: str) -> tuple[int, bool] | None:
        """Return the first later release whose function differs, and whether it still has one.

        Return ``None`` if the function is the same in every later release.
        """
        mine = self.body(release, function)
        content = self._contents[release]
        for later in range(release + 1, len(self._contents)):
            if self._contents[later] == content:
                continue
            theirs = self.body(later, function)
            if theirs != mine:
                return later, bool(theirs)
        return None
