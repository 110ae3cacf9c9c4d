"""A child process that may hang, crash or print without end, and not take this one along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ._deadline import Deadline

_LIMIT = 1 << 20  # bytes of output; the longest answer has a few thousand
_FLOODED = f"printed more than {_LIMIT >> 20} MiB"
_GRACE = 0.2  # seconds to wait for a killed child; one in uninterruptible sleep never comes


@dataclass(frozen=True)
class Outcome:
    """How a child ended.

    Attributes:
        output: what it printed, empty where it did not end by itself.
        problem: why the child gave no answer (crash, deadline, exit status), or ``None``.
    """

    output: str
    problem: str | None = None


class Child:
    """A Python that runs ``code``, isolated (``-I``) from this one's environment variables.

    With ``site`` it is the user's Python: ``path`` comes first, and the start-up files of
    site-packages run. Without, ``path`` comes after the standard library, which nothing then
    shadows. ``folder`` is its working directory, this process's if not given.

    Raises:
        OSError: the interpreter cannot be started.
    """

    def __init__(
        self, code: str, path: Sequence[str], *, site: bool = True, folder: str | None = None
    ) -> None:
        if not sys.executable:
            raise OSError("this process does not know its Python interpreter")
        options = ["-I"] if site else ["-I", "-S"]
        place = "sys.path[:0]" if site else "sys.path[len(sys.path):]"
        setup = f"import sys; {place} = {list(path)!r}\n"
        self._read = bytearray()
        self._flooded = False
        self._process: Any = subprocess.Popen(
            [sys.executable, *options, "-c", setup + code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=folder,
        )
        # A full pipe blocks the child; reading one without a limit fills our memory.
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    def finish(self, deadline: Deadline) -> Outcome:
        """Return its outcome, at the deadline at the latest; a child that still runs is killed."""
        self._reader.join(deadline.remaining())
        try:
            status = self._process.wait(0 if self._flooded else deadline.remaining())
        except subprocess.TimeoutExpired:
            self._kill()
            return Outcome("", _FLOODED if self._flooded else str(deadline))
        if self._flooded:
            return Outcome("", _FLOODED)
        # What it started may hold the pipe open after it has ended.
        return Outcome(bytes(self._read).decode("utf-8", "replace"), _describe(status))

    def _drain(self) -> None:
        """Read what it prints, up to the limit; then kill it."""
        stream = self._process.stdout
        while chunk := stream.read1(1 << 16):
            if len(self._read) + len(chunk) > _LIMIT:
                self._flooded = True
                self._kill()
                return
            self._read += chunk

    def _kill(self) -> None:
        """Stop it and what it started; abandon it if it cannot be stopped."""
        if hasattr(os, "killpg"):
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except OSError:  # it has just ended by itself
                pass
        else:
            self._process.kill()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            pass


def _describe(status: int) -> str | None:
    if status == 0:
        return None
    if status > 0:
        return f"ended with exit status {status}"
    try:
        return f"crashed with signal {-status} ({signal.Signals(-status).name})"
    except ValueError:
        return f"crashed with signal {-status}"
