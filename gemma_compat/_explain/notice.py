"""What a benign line is."""

from __future__ import annotations

from ..values import Value


class Notice(Value):
    """A benign line.

    Attributes:
        name: short, for JSON; never reused.
        symptom: a regular expression that matches it.
        meaning: what it means, and what to do, if anything.
        caught: whether it quotes an error that its package caught: nothing in that line ended
            anything.
    """

    name: str
    symptom: str
    meaning: str
    caught: bool = False
