"""Print a command's output and end it, without an error of ours in any terminal encoding."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from ..errors import UsageError

CLEAN, FINDINGS, USAGE, NO_DIAGNOSIS, INTERRUPTED = 0, 1, 2, 3, 130
LONGEST = 2000  # characters of an error: names of files and values in it may be anything
FORMATS = ("text", "json", "markdown")


def complain(error: BaseException | str) -> None:
    """Write one line to stderr: bounded, and with nothing that a terminal would obey."""
    _tell("error", str(error))


def note(text: str) -> None:
    """Write one line to stderr that is not an error; escape what its encoding cannot hold."""
    _tell("note", text)


def _tell(kind: str, text: str) -> None:
    if sys.stderr is None:
        return
    line = " ".join(text.split())
    line = line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
    try:
        sys.stderr.write(_encodable(f"gemma_compat: {kind}: {shown}\n", sys.stderr.encoding))
        sys.stderr.flush()
    except OSError:
        _abandon(sys.stderr)


def write(text: str, form: str = "") -> None:
    """Write to stdout, whatever its encoding; a reader that has gone away is not an error.

    Args:
        text: what to write.
        form: the format of a report; on a terminal, ``text`` is coloured.

    Raises:
        UsageError: it cannot be written (a full disk).
    """
    if sys.stdout is None:
        return
    if form == "text":
        text = _coloured(text)
    try:
        sys.stdout.write(_encodable(text, sys.stdout.encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon(sys.stdout)
    except OSError as error:
        _abandon(sys.stdout)
        raise UsageError(f"cannot write the report: {error.strerror or error}") from error


def write_file(path: str, text: str) -> None:
    """Write a report to a file, as UTF-8.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot write {path}: {said}") from error


def _coloured(text: str) -> str:
    from . import colour

    return colour.painted(text) if colour.is_wanted(sys.stdout) else text


def _abandon(stream: TextIO) -> None:
    """Let nothing be written there again: Python would try once more on its way out, and fail."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
    except (OSError, ValueError):  # no file behind it
        pass


def _encodable(text: str, encoding: str | None) -> str:
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
