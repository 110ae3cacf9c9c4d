"""Collect the tracebacks of a log."""

from __future__ import annotations

from collections.abc import Iterable

from ._reader import Reader, may_begin
from .frames import Frame, Traceback

_MOST = 100  # frames kept of one traceback
_KEPT = 40  # tracebacks kept of a log
_ENOUGH = 20_000  # traceback lines to read; the rest of the log is skipped
# If a frame or an error begins in a piece of a log, the piece holds one of the first marks, and the
# line that begins it one of the second. Every mark costs a search through the whole log.
_ROUGH = (b".py", b"Error", b"Exception", b"File ", "│".encode())
_FINE = (b"File ", b".py in ", b".py](", b", in ", "│".encode(), b"Error", b"Exception")


class Tracebacks:
    """Collect the tracebacks of a log that is read in pieces: equal ones once, the last 40 of many.

    found = Tracebacks()
    for line, piece in pieces(stream):
        found.feed(line, piece)
    found.close()
    """

    def __init__(self) -> None:
        self._reader = Reader()
        self._frames: list[Frame] = []
        self._found: dict[Traceback, Traceback] = {}
        self._taken = 0

    def feed(self, line: int, piece: bytes) -> None:
        """Read whole lines of the log; ``line`` is the number of the first, from 1."""
        if self._taken > _ENOUGH:
            return
        if self._reader.is_idle and not any(mark in piece for mark in _ROUGH):
            return
        for number, raw in enumerate(piece.split(b"\n"), line):
            if not self._reader.is_idle or any(mark in raw for mark in _FINE):
                self.line(number, raw.decode("utf-8", "replace"))

    def line(self, number: int, text: str) -> None:
        """Read one line."""
        if self._taken > _ENOUGH or (self._reader.is_idle and not may_begin(text)):
            return
        self._taken += not self._reader.is_idle
        for event in self._reader.read(number, text):
            if isinstance(event, Frame):
                self._frames.append(event)
                del self._frames[:-_MOST]
            else:
                self._keep(Traceback(tuple(self._frames), event))

    def close(self) -> tuple[Traceback, ...]:
        """Return what was found, in the order of the log. An error that stands alone counts."""
        for event in self._reader.close():
            if isinstance(event, Frame):
                self._frames.append(event)
            else:
                self._keep(Traceback(tuple(self._frames), event))
        if self._frames:
            self._keep(Traceback(tuple(self._frames), None))
        return tuple(self._found)

    def _keep(self, made: Traceback) -> None:
        self._frames = []
        self._found.pop(made, None)
        self._found[made] = made
        if len(self._found) > _KEPT:
            del self._found[next(iter(self._found))]


def read_tracebacks(lines: Iterable[str]) -> tuple[Traceback, ...]:
    """Return the tracebacks of a log, in its order; equal ones once, the last 40 of many.

    Args:
        lines: the log's lines, of any length; read once.
    """
    found = Tracebacks()
    for number, text in enumerate(lines, 1):
        found.line(number, text)
    return found.close()


def read_every_frame(lines: Iterable[str]) -> tuple[Frame, ...]:
    """Return all frames of one traceback, outermost first, each with the path as it is printed."""
    reader = Reader(path_of=str)
    frames: list[Frame] = []
    for number, text in enumerate(lines, 1):
        frames += [event for event in reader.read(number, text) if isinstance(event, Frame)]
    frames += [event for event in reader.close() if isinstance(event, Frame)]
    return tuple(frames[-_MOST:])


def frames_of(tracebacks: Iterable[Traceback]) -> tuple[Frame, ...]:
    """Return the frames of all tracebacks, equal ones once."""
    return tuple(dict.fromkeys(frame for item in tracebacks for frame in item.frames))


def read_frames(lines: Iterable[str]) -> tuple[Frame, ...]:
    """Return the frames inside indexed packages, in the order of the log, equal ones once."""
    return frames_of(read_tracebacks(lines))
