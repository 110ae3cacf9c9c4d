"""The answer of the general layer to one failure."""

from __future__ import annotations

from ..values import Value


class Answer(Value):
    """What happened and what to do, for a failure that any model can meet.

    Attributes:
        happened: one sentence without its full stop.
        do: what to type or to set; the first item is what to do first.
        why: how it comes about, from the facts of the log.
        known: how that is known, and how sure it is.
        settles: whether it names the cause, and not only the meaning of the message.
        certain: whether ``happened`` is certain, and not only the likeliest reading.
        in_place: what the text states of the run already, and ``do`` therefore leaves out.
        of_gemma: whether it follows from a fact of this Gemma, and would not hold for any model.
    """

    happened: str
    do: tuple[str, ...]
    why: str = ""
    known: str = "the message says so"
    certain: bool = True
    settles: bool = True
    in_place: tuple[str, ...] = ()
    of_gemma: bool = False
