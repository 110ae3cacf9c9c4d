"""The errors that this library raises by name.

All derive from :class:`GemmaCompatError`, so a caller can catch them in one clause.
"""

from __future__ import annotations

import sys

_LONGEST = 2000  # characters of a line for stderr


class GemmaCompatError(Exception):
    """Base of every error raised by gemma_compat."""


class UsageError(GemmaCompatError):
    """The input cannot be used: one clear line for stderr, exit code 2.

    The line quotes what a file holds, which may be anything, so it is cut.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message if len(message) <= _LONGEST else message[:_LONGEST] + "...")


class NothingToRun(UsageError):
    """``gemma_compat run`` was given no script or module, or one that does not exist."""


class UnknownFact(GemmaCompatError):
    """A fact was read that is unknown.

    Only the engine and the renderers catch it; the engine turns it into an ``Undetermined``.

    Args:
        topic: dotted path of the fact, ``training.mixed_precision`` for example.
        reason: why it is unknown.
    """

    def __init__(self, topic: str, reason: str = "") -> None:  # Python has put both into ``args``
        self.topic = topic
        self.reason = reason

    def __str__(self) -> str:  # rarely asked for, while thousands are raised in a report
        return f"{self.topic} is unknown" + (f": {self.reason}" if self.reason else "")


class SearchTooDeep(GemmaCompatError):
    """``advise`` gave up: its resolver went in circles among releases that require each other."""


class PreflightFailed(GemmaCompatError):
    """A check failed, so the run was stopped before its first step; the text is the table."""


class PatchError(GemmaCompatError):
    """Base of the errors about changing a model."""


class PatchTargetMissing(PatchError):
    """A patch looked for something on the model that is not there; nothing was changed."""


class PatchRefused(PatchError):
    """A patch would do harm on this object, and the text says why; nothing was changed."""


class CannotBeCured(PatchRefused):
    """The model in hand would train wrong and no cure fits it, so nothing at all is patched."""


class PatchNotNeeded(PatchError):
    """The object in hand works already, or other code has cured it; nothing was changed."""


class PatchConflict(PatchError):
    """Other code has overwritten a slot that we wrote, so it cannot be put back."""


class RankFailed(PatchError):
    """A rank of a distributed run failed before its first step, so all of them stopped.

    Attributes:
        tells: whether this rank is the one that should print it; the others may be silent.
    """

    def __init__(self, text: str, *, tells: bool = True) -> None:
        super().__init__(text)
        self.tells = tells


SHOWS_NOTES = sys.version_info >= (3, 11)  # older tracebacks do not print an exception's notes


def add_note(error: BaseException, text: str) -> None:
    """Add a note as ``BaseException.add_note`` does; on Python 3.10 only ``__notes__`` is set."""
    if hasattr(error, "add_note"):
        error.add_note(text)
    else:  # Python 3.10
        error.__notes__ = [*getattr(error, "__notes__", []), text]  # type: ignore[attr-defined]
