"""Handle Ctrl-C at any moment: the trial ends at once, and its changes are still put back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")


class Gate:
    """Pass the first Ctrl-C on to the caller's handler, but not while state is being restored.

    A second Ctrl-C is ignored until preflight has ended: it could only stop the restoring.
    """

    def __init__(self, previous: Callable[..., Any] | None) -> None:
        self._previous = previous
        self._event: tuple[int, Any] | None = None
        self._delivered = False
        self.closed = False

    def __call__(self, signum: int, frame: Any) -> None:
        if self._event is not None:
            return
        self._event = signum, frame
        if not self.closed:
            self._deliver()

    def reopen(self) -> None:
        """Deliver a Ctrl-C that arrived while the gate was closed."""
        self.closed = False
        if self._event is not None and not self._delivered:
            self._deliver()

    def _deliver(self) -> None:
        assert self._event is not None
        self._delivered = True
        if self._previous is None:
            raise KeyboardInterrupt
        self._previous(*self._event)


def holding(body: Callable[[Gate | None], Result]) -> Result:
    """Run the body with a :class:`Gate` as the SIGINT handler, and return its result.

    The body gets the gate; ``None`` outside the main thread, and where Ctrl-C is ignored or not
    Python's. No context manager: a Ctrl-C between its ``__enter__`` and the body would leave the
    gate in place. The outer ``finally`` is for a Ctrl-C that cuts the inner one short; the gate
    lets only one through.
    """
    if threading.current_thread() is not threading.main_thread():
        return body(None)
    previous = signal.getsignal(signal.SIGINT)
    if not callable(previous) and previous is not signal.SIG_DFL:
        return body(None)
    gate = Gate(previous if callable(previous) else None)
    try:
        try:
            signal.signal(signal.SIGINT, gate)
            return body(gate)
        finally:
            signal.signal(signal.SIGINT, previous)
    finally:
        signal.signal(signal.SIGINT, previous)
