"""What a ``reproduce.py`` is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass

from gemma_compat.facts import Facts


@dataclass(frozen=True)
class Case:
    """One thing to try in the environment at hand.

    Attributes:
        model_type: which tiny model.
        variant: which circumstances; the first of ``VARIANTS`` is the failure itself, the others
            take one of its conditions away.
        patched: whether the rule's cure is applied first.
    """

    model_type: str
    variant: str
    patched: bool


@dataclass(frozen=True)
class Observation:
    """What was seen.

    Attributes:
        facts: as detected before any patch.
        broken: whether the failure happened.
        seen: the error's first line, or the figures; one line, at most 160 characters.
    """

    facts: Facts
    broken: bool
    seen: str
