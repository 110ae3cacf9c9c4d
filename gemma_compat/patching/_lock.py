"""A lock that Ctrl-C cannot leave taken for good."""

from __future__ import annotations

import threading


class ShortLock:
    """A reentrant lock for a few statements.

    Ctrl-C may come after the last statement of a ``with`` block and before its lock is given back
    (https://github.com/python/cpython/issues/74174). Then the thread that was interrupted still
    owns it, and every other thread would wait for ever. One that has waited for so long goes on
    with a new lock.

    Args:
        patience: seconds; a hundred times what the statements take, or more.
    """

    def __init__(self, patience: float = 1.0) -> None:
        self._patience = patience
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        while True:
            lock = self._lock
            if lock.acquire(timeout=self._patience):
                return
            if self._lock is lock:
                self._lock = threading.RLock()

    def __exit__(self, *_: object) -> None:
        try:
            self._lock.release()
        except RuntimeError:
            pass  # this thread took the lock that another one has replaced
