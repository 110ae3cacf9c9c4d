"""A child process that may hang or crash without taking this one along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ._deadline import Deadline

_GRACE = 0.2  # seconds to wait for a killed child; one in uninterruptible sleep never comes


@dataclass(frozen=True)
class Outcome:
    """How a child ended.

    Attributes:
        output: what it printed, empty where it did not end by itself.
        problem: why there is no answer (crash, deadline, exit status), or ``None``.
    """

    output: str
    problem: str | None = None


class Child:
    """A Python that runs ``code``, isolated (``-I``) from this one's environment variables.

    With ``site`` it is the user's Python: ``path`` comes first, and the start-up files of
    site-packages run. Without, ``path`` comes after the standard library, which nothing then
    shadows.

    Raises:
        OSError: the interpreter cannot be started.
    """

    def __init__(self, code: str, path: Sequence[str], *, site: bool = True) -> None:
        if not sys.executable:
            raise OSError("this process does not know its Python interpreter")
        options = ["-I"] if site else ["-I", "-S"]
        place = "sys.path[:0]" if site else "sys.path[len(sys.path):]"
        setup = f"import sys; {place} = {list(path)!r}\n"
        self._process: Any = subprocess.Popen(
            [sys.executable, *options, "-c", setup + code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def finish(self, deadline: Deadline) -> Outcome:
        """Its outcome, at the deadline at the latest; a child that still runs is killed."""
        try:
            output, _ = self._process.communicate(timeout=deadline.remaining())
        except subprocess.TimeoutExpired:
            self._kill()
            return Outcome("", str(deadline))
        text = output.decode("utf-8", "replace")
        return Outcome(text, _describe(self._process.returncode))

    def _kill(self) -> None:
        """Kill it and what it started; abandon it if it cannot be killed."""
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
        self._process.stdout.close()


def _describe(status: int) -> str | None:
    if status == 0:
        return None
    if status > 0:
        return f"ended with exit status {status}"
    try:
        return f"crashed with signal {-status} ({signal.Signals(-status).name})"
    except ValueError:
        return f"crashed with signal {-status}"
