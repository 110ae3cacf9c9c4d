"""An answer read from files, kept while those files stay as they are.

``patch`` reads what is installed before every ``train`` and ``evaluate``. To ask a file whether it
was written or replaced costs a hundredth of reading it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

Answer = TypeVar("Answer")
Stamp = tuple[int, int, int, int] | None

# Nanoseconds. A file system may give one time to two writes that follow each other at once, so a
# file that was written just now is not trusted; git does the same.
_SETTLED = 2 * 10**9


class Unchanged(Generic[Answer]):
    """The last answer of a function that reads files on a search path.

    Args:
        read: makes the answer.
        rests_on: returns every file and folder that the answer depends on, for the search path
            and the answer; ``None`` where that cannot be told, and nothing is kept.
    """

    def __init__(
        self,
        read: Callable[[Sequence[str]], Answer],
        rests_on: Callable[[Sequence[str], Answer], Iterable[str] | None],
    ) -> None:
        self._read, self._rests_on = read, rests_on
        self._kept: tuple[tuple[str, ...], dict[str, Stamp], Answer] | None = None

    def answer(self, path: Sequence[str]) -> Answer:
        """Return what ``read`` would return now."""
        key = tuple(map(os.path.abspath, path))  # an empty entry is the working directory
        kept = self._kept  # read once: another thread may exchange it
        if kept is not None and kept[0] == key and all(_stamp(f) == s for f, s in kept[1].items()):
            return kept[2]
        began = time.time_ns()
        found = self._read(path)
        files = self._rests_on(path, found)
        stamps = None if files is None else _stamps(files)
        if stamps is None or any(_is_recent(stamp, began) for stamp in stamps.values()):
            self._kept = None
        else:
            self._kept = key, stamps, found
        return found


def _stamps(files: Iterable[str]) -> dict[str, Stamp]:
    """Return the stamp of each file; not of one that is missing in a folder that is there.

    The folder's own changes when the file comes.
    """
    found = {file: _stamp(file) for file in files}
    return {
        file: stamp
        for file, stamp in found.items()
        if stamp is not None or found.get(os.path.dirname(file)) is None
    }


def _stamp(file: str) -> Stamp:
    """Return what tells two states of a file apart; ``None`` where there is none."""
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _is_recent(stamp: Stamp, now: int) -> bool:
    return stamp is not None and max(stamp[2:]) > now - _SETTLED
