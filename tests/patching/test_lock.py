"""A lock that an interrupted thread still owns stops no other thread."""

from __future__ import annotations

import threading

from gemma_compat.patching._lock import ShortLock


def entered(lock: ShortLock) -> list[bool]:
    """Enter and leave the lock in another thread; what it did, or nothing if it still waits."""
    done: list[bool] = []

    def enter() -> None:
        with lock:
            done.append(True)

    thread = threading.Thread(target=enter, daemon=True)
    thread.start()
    thread.join(30)
    return done


def test_it_is_given_back() -> None:
    lock = ShortLock()
    with lock, lock:
        inner = lock._lock
    assert entered(lock) == [True] and lock._lock is inner


def test_an_interrupted_thread_keeps_it_from_nobody() -> None:
    lock = ShortLock()
    lock.__enter__()  # and no __exit__: Ctrl-C came in between
    assert entered(lock) == [True]
    with lock:  # the interrupted thread goes on too
        assert entered(ShortLock()) == [True]
    assert entered(lock) == [True]
