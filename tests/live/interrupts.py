"""Ctrl-C at every line: what a run does is done again, interrupted one line later each time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import gemma_compat

PACKAGE = Path(gemma_compat.__file__).parent
# What may write: reading and judging cannot leave anything on a model.
WRITES = tuple(str(PACKAGE / name) for name in ("patching", "rules", "hooks", "api.py"))


class Interrupt(KeyboardInterrupt):
    """Ours, so that a real Ctrl-C still ends the tests."""


class Tracer:
    """Counts the lines that run in our own files, and raises at one of them.

    Args:
        stop_at: the number of the line to be interrupted; ``None`` for none.
    """

    def __init__(self, stop_at: int | None = None) -> None:
        self.stop_at = stop_at
        self.lines = 0
        self.place = ""

    def __enter__(self) -> Tracer:
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._line if frame.f_code.co_filename.startswith(WRITES) else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event != "line":
            return self._line
        self.lines += 1
        if self.lines == self.stop_at:
            name = Path(frame.f_code.co_filename).relative_to(PACKAGE)
            self.place = f"{name}:{frame.f_lineno} in {frame.f_code.co_name}"
            raise Interrupt
        return self._line


def count(action: Callable[[], Any]) -> int:
    """How many lines of ours the action runs."""
    with Tracer() as tracer:
        action()
    return tracer.lines


def at_every_line(
    prepare: Callable[[], Any], action: Callable[[Any], Any], step: int = 1
) -> Iterator[tuple[str, Any]]:
    """The place of each interrupt, and what ``prepare`` made, as the interrupt left it.

    The first one is not interrupted.
    """
    made = prepare()
    lines = count(lambda: action(made))
    yield "not interrupted", made
    for number in range(1, lines + 1, step):
        made = prepare()
        with Tracer(number) as tracer:
            try:
                action(made)
            except Interrupt:
                pass
        if tracer.place:  # a second run may take a shorter way, through caches
            yield tracer.place, made
