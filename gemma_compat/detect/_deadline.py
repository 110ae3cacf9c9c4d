"""One deadline for everything that could hang."""

from __future__ import annotations

import time


class Deadline:
    """A point in time that all child processes of one detection share.

    Args:
        seconds: from now.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, never negative."""
        return max(0.0, self._end - time.monotonic())

    def __str__(self) -> str:
        return f"not finished within {self.seconds:g} s"
