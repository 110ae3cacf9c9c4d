"""Progress of long work: a bar of tqdm where it is installed, a plain line otherwise.

A pipe and a file get nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from threading import Timer
from typing import Any, TextIO

Progress = Callable[[str, int, int], None]


def progress_of(what: str, stream: TextIO | None = None) -> Progress | None:
    """Return a function to call before each step, or ``None`` without a terminal or notebook.

    Args:
        what: the work, as the line begins: ``preflight``.
        stream: where to show it; standard error if not given.

    Returns:
        a function of the step's name, its number from 0, and the number of steps.
    """
    stream = sys.stderr if stream is None else stream
    if stream is None or not (stream.isatty() or _is_notebook()):
        return None
    title = f"gemma_compat {what}"
    return _bar(title, stream) if find_spec("tqdm") else _line(title, stream)


def no_progress(name: str, number: int, total: int) -> None:
    """Show nothing."""


@contextmanager
def waiting(what: str, stream: TextIO | None = None, patience: float = 1.0) -> Iterator[None]:
    """Say once that work goes on whose length is unknown, and take the line back at the end.

    A timer does, since no part of the work knows how long it takes: a driver may hang.

    Args:
        what: the line: ``advise: searching``.
        stream: where to show it; standard error if not given. Only a terminal is written to.
        patience: seconds before the line is shown.
    """
    stream = sys.stderr if stream is None else stream
    if stream is None or not stream.isatty():
        yield
        return
    shown = _Shown(f"gemma_compat {what} ...", stream)
    timer = Timer(patience, shown.show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        shown.take_back()


class _Shown:
    def __init__(self, line: str, stream: TextIO) -> None:
        self._line, self._stream, self._is_shown = line, stream, False

    def show(self) -> None:
        self._is_shown = True
        self._write(self._line)

    def take_back(self) -> None:
        if self._is_shown:
            self._write("\r" + " " * len(self._line) + "\r")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _is_notebook() -> bool:
    """Tell a notebook's kernel, whose streams are watched though they are not terminals."""
    return "ipykernel" in sys.modules or "google.colab" in sys.modules


def _line(title: str, stream: TextIO) -> Progress:
    def show(name: str, number: int, total: int) -> None:
        done = number == total - 1
        stream.write(f"\r{title} {number + 1}/{total}: {name:<32}" + ("\n" if done else ""))
        stream.flush()

    return show


def _bar(title: str, stream: TextIO) -> Progress:
    from tqdm import tqdm

    bars: list[Any] = []

    def show(name: str, number: int, total: int) -> None:
        if not bars:
            bars.append(tqdm(total=total, desc=title, file=stream, leave=False, unit="check"))
        bar = bars[0]
        bar.set_postfix_str(name, refresh=False)
        bar.update(number - bar.n)
        if number == total - 1:
            bar.close()

    return show
