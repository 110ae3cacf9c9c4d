"""Where a command writes, and how it ends. Whatever the terminal's encoding, no error of ours."""

from __future__ import annotations

import sys

from ..errors import UsageError

CLEAN, FINDINGS, USAGE, NO_DIAGNOSIS, INTERRUPTED = 0, 1, 2, 3, 130
FORMATS = ("text", "json", "markdown")


def complain(error: Exception) -> None:
    if sys.stderr is not None:
        line = " ".join(str(error).split())
        sys.stderr.write(_encodable(f"gemma_compat: error: {line}\n", sys.stderr.encoding))


def write(text: str) -> None:
    """Write to stdout, whatever its encoding; a reader that has gone away is no error."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(_encodable(text, sys.stdout.encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        raise UsageError(f"cannot write the report: {error.strerror or error}") from error


def _encodable(text: str, encoding: str | None) -> str:
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
