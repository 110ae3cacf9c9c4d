"""Give the lines of an explanation the numbers that they have in the text as it was pasted."""

from __future__ import annotations

from collections.abc import Sequence

from .explanation import Cause, Explanation, Generally, Line, RuledOut, SeenNotice
from .unknown import Chained, Unknown


def renumbered(found: Explanation, numbers: Sequence[int]) -> Explanation:
    """Return the explanation with other numbers of lines.

    Args:
        numbers: for each line that was read, its number in the text that was given.
    """
    if not numbers:
        return found
    new = _Numbers(numbers)
    return found.replace(
        causes=tuple(map(new.cause, found.causes)),
        doubted=tuple(map(new.cause, found.doubted)),
        if_gemma=tuple(map(new.cause, found.if_gemma)),
        ruled_out=tuple(map(new.ruled_out, found.ruled_out)),
        generally=tuple(map(new.general, found.generally)),
        notices=tuple(map(new.notice, found.notices)),
        unrecognised=new.lines(found.unrecognised),
        error=new.line(found.error) if found.error else None,
        unknown=new.unknown(found.unknown) if found.unknown else None,
        stated_at={topic: new.of(line) for topic, line in found.stated_at.items()},
        several={
            name: tuple((release, new.of(line)) for release, line in releases)
            for name, releases in found.several.items()
        },
        framing=found.framing and found.framing.replace(line=new.of(found.framing.line)),
        outlived_at=new.of(found.outlived_at),
        went_on_at=new.of(found.went_on_at),
        cut_at=new.of(found.cut_at),
        lines=new.of(found.lines),
    )


class _Numbers:
    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = numbers

    def of(self, line: int) -> int:
        """Return the number that a line had; 0 stays 0."""
        return self._numbers[min(line, len(self._numbers)) - 1] if line else 0

    def line(self, line: Line) -> Line:
        return line.replace(number=self.of(line.number))

    def lines(self, lines: Sequence[Line]) -> tuple[Line, ...]:
        return tuple(map(self.line, lines))

    def cause(self, cause: Cause) -> Cause:
        return cause.replace(lines=self.lines(cause.lines))

    def ruled_out(self, out: RuledOut) -> RuledOut:
        return out.replace(lines=self.lines(out.lines))

    def general(self, item: Generally) -> Generally:
        return item.replace(line=self.line(item.line))

    def notice(self, seen: SeenNotice) -> SeenNotice:
        return seen.replace(line=self.line(seen.line))

    def chained(self, item: Chained) -> Chained:
        return item.replace(line=self.of(item.line))

    def unknown(self, unknown: Unknown) -> Unknown:
        return unknown.replace(
            line=self.of(unknown.line),
            chain=tuple(map(self.chained, unknown.chain)),
            first=self.chained(unknown.first) if unknown.first else None,
            went_on_at=self.of(unknown.went_on_at),
        )
