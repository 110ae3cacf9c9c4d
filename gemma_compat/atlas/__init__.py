"""The release atlas: look up a traceback in an index of released wheels.

    tracebacks = read_tracebacks(lines)          # any form; bounded, one pass
    answer = read_off(tracebacks, stated={"transformers": "4.57.6"})
    answer.fits, answer.statements, answer.note

The index lies in ``data``, one file for each package; only ``explain`` and ``supports`` open it. If
it is missing, damaged or of another format, ``read_off`` says so in ``note`` and finds nothing. The
single steps, :func:`fit_releases`, :func:`contradictions`, :func:`who_raises` and :func:`missing`,
raise ``IndexUnusable`` instead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..values import Value
from ._container import Folder, IndexUnusable
from ._package import DATA
from .describe import Statement, of_contradiction, of_fit, of_missing, of_origin
from .fitting import Contradiction, Fit, contradictions, fit_releases
from .frames import Error, Frame, Traceback
from .lacking import Missing
from .missing import missing
from .raising import Origin, who_raises
from .tracebacks import Tracebacks, frames_of, read_every_frame, read_frames, read_tracebacks

__all__ = [
    "Answer",
    "Contradiction",
    "Error",
    "Fit",
    "Frame",
    "IndexUnusable",
    "Missing",
    "Origin",
    "Statement",
    "Traceback",
    "Tracebacks",
    "contradictions",
    "fit_releases",
    "frames_of",
    "missing",
    "read_every_frame",
    "read_frames",
    "read_off",
    "read_tracebacks",
    "who_raises",
]


class Answer(Value):
    """What the atlas knows about a log.

    Attributes:
        fits: for each package, the releases that the frames fit.
        contradictions: stated releases that the frames rule out.
        origins: who raises each error, and when that code changed next.
        missing: names that the errors miss, with the releases that have them.
        note: one line on why nothing could be looked up; empty if the lookup worked.
    """

    fits: tuple[Fit, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    origins: tuple[Origin, ...] = ()
    missing: tuple[Missing, ...] = ()
    note: str = ""

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Return all of it as sentences."""
        return (
            *(of_fit(item) for item in self.fits),
            *(of_contradiction(item) for item in self.contradictions),
            *(of_missing(item) for item in self.missing),
            *(statement for item in self.origins for statement in of_origin(item)),
        )


def read_off(
    tracebacks: Sequence[Traceback],
    stated: Mapping[str, str] | None = None,
    folder: Folder = DATA,
    named: Collection[str] = (),
) -> Answer:
    """Return what the index knows of these tracebacks.

    Args:
        tracebacks: as :func:`read_tracebacks` returns them.
        stated: distribution to release, as the log states it.
        folder: where the index is.
        named: distributions of which the log speaks, for an error without frames.
    """
    try:
        return _looked_up(tracebacks, dict(stated or {}), folder, named)
    except IndexUnusable as error:
        return Answer(note=f"Not looked up: {error}")


def _looked_up(
    tracebacks: Sequence[Traceback],
    stated: dict[str, str],
    folder: Folder,
    named: Collection[str],
) -> Answer:
    fits = fit_releases(frames_of(tracebacks), folder)
    origins = [who_raises(item, fits, stated, folder, named) for item in tracebacks]
    absent = [
        found for item in tracebacks if item.frames or not named for found in missing(item, folder)
    ]
    return Answer(
        fits,
        contradictions(fits, stated, folder),
        tuple(dict.fromkeys(item for item in origins if item is not None)),
        tuple(dict.fromkeys(absent)),
    )
