"""The tracebacks of a log."""

from __future__ import annotations

from collections.abc import Iterable

from ._reader import events
from .frames import Frame, Traceback

_MOST = 100  # frames that are kept of one traceback
_KEPT = 40  # tracebacks that are kept of a log


def read_tracebacks(lines: Iterable[str]) -> tuple[Traceback, ...]:
    """Return the tracebacks of a log, in its order; equal ones once, the last 40 of many.

    An error that stands alone is one without frames.

    Args:
        lines: the log's lines, of any length; read once.
    """
    found: dict[Traceback, Traceback] = {}
    frames: list[Frame] = []
    for event in events(lines):
        if isinstance(event, Frame):
            frames.append(event)
            del frames[:-_MOST]
            continue
        made = Traceback(tuple(frames), event)
        found.pop(made, None)
        found[made] = made
        if len(found) > _KEPT:
            del found[next(iter(found))]
        frames = []
    if frames:
        found[Traceback(tuple(frames), None)] = Traceback(tuple(frames), None)
    return tuple(found)


def frames_of(tracebacks: Iterable[Traceback]) -> tuple[Frame, ...]:
    """The frames of all of them, equal ones once."""
    return tuple(dict.fromkeys(frame for item in tracebacks for frame in item.frames))


def read_frames(lines: Iterable[str]) -> tuple[Frame, ...]:
    """Frames inside indexed packages, in the order of the log; equal ones once."""
    return frames_of(read_tracebacks(lines))
