"""What a log means, as values: causes in the order of likelihood, and all that is no cause."""

from __future__ import annotations

from dataclasses import dataclass

from ..engine.rule import Problem, Rule
from ..facts import Facts
from ..shown import Shown
from .notices import Notice

# How well the facts fit, best first.
CONFIRMED, OPEN, DOUBTED = "confirmed", "open", "doubted"


@dataclass(frozen=True)
class Line:
    """A line of the log as it may be shared: its number, from 1, and an excerpt."""

    number: int
    text: str


@dataclass(frozen=True)
class Cause:
    """A rule whose symptom is in the log, and that the facts do not rule out.

    Attributes:
        fit: ``confirmed`` (it fires for the facts read), ``open`` (something is not known) or
            ``doubted`` (what the log says of the run or the model speaks against it).
        lines: where its symptoms are; the first few.
        raised: whether one of them is an exception's message.
        problem: what the rule says of these facts; ``None`` unless confirmed.
        condition: completes "if ...", where open: what it waits for.
        missing: the topics that the log does not state, where open.
        against: the question that the facts answer with no, where doubted.
        if_model: the model types for which this holds, where nothing says what the model is.
        holds: the questions that are answered with yes.
    """

    rule: Rule
    fit: str
    lines: tuple[Line, ...]
    raised: bool
    problem: Problem | None = None
    condition: str = ""
    missing: tuple[str, ...] = ()
    against: str = ""
    if_model: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuledOut:
    """A rule whose symptom is there and whose header is not: another release, another model."""

    rule: Rule
    lines: tuple[Line, ...]
    against: str


@dataclass(frozen=True)
class SeenNotice:
    """A benign line: what it means, where it first was, and how often (50: or more)."""

    notice: Notice
    line: Line
    count: int


@dataclass(frozen=True, repr=False)
class Explanation(Shown):
    """What a log or an exception means; prints as a report.

    Attributes:
        causes: most likely first.
        ruled_out, notices: see there.
        unrecognised: exceptions that no rule knows, the last one first; only where the last
            exception of the log is one of them.
        facts: what was read (and given).
        stated_at: dotted topic to the line that states it.
        other_models: model types of other families, where no Gemma is named.
        lines: how many lines were read.
    """

    view = "explanation"

    causes: tuple[Cause, ...]
    ruled_out: tuple[RuledOut, ...]
    notices: tuple[SeenNotice, ...]
    unrecognised: tuple[Line, ...]
    facts: Facts
    stated_at: dict[str, int]
    other_models: tuple[str, ...]
    lines: int

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the causes, most likely first."""
        return tuple(cause.rule.code for cause in self.causes)
