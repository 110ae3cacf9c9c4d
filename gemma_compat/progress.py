"""Progress of long work: a bar of tqdm where it is installed, a plain line otherwise.

A pipe and a file get nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
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
def waiting(
    what: str,
    stream: TextIO | None = None,
    now: Callable[[], float] = time.monotonic,
    patience: float = 1.0,
) -> Iterator[Callable[[], None]]:
    """Say once that work goes on whose length is unknown, and take the line back at the end.

    Args:
        what: the line: ``advise: searching``.
        stream: where to show it; standard error if not given. Only a terminal is written to.
        now: the clock, in seconds.
        patience: seconds before the line is shown.

    Yields:
        a function to call often.
    """
    stream = sys.stderr if stream is None else stream
    until = now() + patience
    shown: list[str] = []

    def goes_on() -> None:
        if stream is not None and not shown and now() >= until and stream.isatty():
            shown.append(f"gemma_compat {what} ...")
            stream.write(shown[0])
            stream.flush()

    try:
        yield goes_on
    finally:
        if stream is not None and shown:
            stream.write("\r" + " " * len(shown[0]) + "\r")
            stream.flush()


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
