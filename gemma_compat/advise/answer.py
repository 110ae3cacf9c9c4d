"""The two answers: a set of releases with its reasons, or constraints that conflict. Values."""

from __future__ import annotations

from ..engine.rule import Diagnosis, Rule
from ..values import Value
from .question import Question

STAYS, NEW, UP, DOWN = "stays", "new", "up", "down"


class Choice(Value):
    """One package of the set.

    Attributes:
        name, version, date: the release.
        installed: the release that is installed now; ``None`` for nothing.
        move: ``stays``, ``new``, ``up`` or ``down``.
        why: the reason, as a text.
        evidence: what was run on it, as a text.
    """

    name: str
    version: str
    date: str
    installed: str | None
    move: str
    why: str
    evidence: str


class Advice(Value):
    """A set.

    Attributes:
        choices: its packages, in the order in which the newest decides.
        diagnosis: every rule's answer for it.
        patched: errors that were accepted because ``patch(model)`` cures them.
        proven: what was seen of this very set, as a text; empty where it was not installed.
        asked: the day the index was asked.
    """

    question: Question
    choices: tuple[Choice, ...]
    diagnosis: Diagnosis
    patched: tuple[Rule, ...]
    proven: str
    asked: str

    @property
    def versions(self) -> dict[str, str]:
        return {choice.name: choice.version for choice in self.choices}

    @property
    def install_line(self) -> str:
        """Return the command to paste into a shell."""
        quoted = " ".join(f'"{choice.name}=={choice.version}"' for choice in self.choices)
        return f"python -m pip install {quoted}"


class Conflict(Value):
    """Nothing satisfies the question.

    Attributes:
        parts: texts of constraints that cannot all hold; without any one of them the others can.
        asked: the day the index was asked.
    """

    question: Question
    asked: str
    parts: tuple[str, ...]
