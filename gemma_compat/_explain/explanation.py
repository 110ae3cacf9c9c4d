"""What a log means, as values: causes, likeliest first, and everything else that was read."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..engine.rule import Finding, Problem, Rule
from ..facts import Facts
from ..shown import Shown
from .answer import Answer
from .notices import Notice

# How well the facts fit, best first.
CONFIRMED, OPEN, DOUBTED = "confirmed", "open", "doubted"


@dataclass(frozen=True)
class Line:
    """A line of the log: its number, from 1, what of it may be shared, and the line itself.

    ``raw`` may hold anything. It is for the terminal of who has the log, and for nothing else.
    """

    number: int
    text: str
    raw: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True)
class Cause:
    """A rule whose symptom is in the log, and that the facts do not rule out.

    Attributes:
        fit: ``confirmed`` (it fires for the facts read), ``open`` (something is not known) or
            ``doubted`` (what the log says of the run or the model speaks against it).
        lines: where its symptoms are; the first few.
        raised: whether one of them belongs to the exception that ended the run.
        problem: what the rule says of these facts; ``None`` unless confirmed.
        condition: completes "if ...", where open: what it waits for.
        missing: the topics that the log does not state, where open.
        against: the condition that the facts answer with no, where doubted.
        if_model: the model types for which this holds, where nothing says what the model is.
        holds: the conditions that hold.
        because: why it is a cause though none of its symptoms was seen; empty otherwise.
        if_gemma: whether any model prints the text, and the log names none.
        text_decides: whether only this failure prints such a text, for this model and release.
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
    because: str = ""
    text_decides: bool = False
    if_gemma: bool = False

    @property
    def is_certain(self) -> bool:
        """Whether a headline may state it: confirmed, and of a model that is known."""
        return self.fit == CONFIRMED and not self.if_model

    @property
    def is_known_by_text(self) -> bool:
        """Whether its text decides it, whatever else the log leaves open."""
        page = bool(self.rule.undetectable)
        return (page or self.text_decides) and not self.if_model and self.fit == OPEN


@dataclass(frozen=True)
class RuledOut:
    """A rule whose symptom matched, but whose release, model or tool did not.

    Attributes:
        lines: where its symptoms are.
        against: the condition that the facts contradict, as a phrase.
        package: the distribution whose release contradicts it; empty for any other condition.
    """

    rule: Rule
    lines: tuple[Line, ...]
    against: str
    package: str = ""


@dataclass(frozen=True)
class Generally:
    """An answer that is not Gemma's alone, and the line that it is about."""

    name: str
    answer: Answer
    line: Line
    raised: bool


@dataclass(frozen=True)
class SeenNotice:
    """A benign line: what it means, where it first was, and how often (50: or more)."""

    notice: Notice
    line: Line
    count: int


@dataclass(frozen=True)
class ReadOff:
    """What the release atlas says of the traceback: a sentence, and what to type to try it."""

    kind: str
    text: str
    command: str = ""


@dataclass(frozen=True, repr=False)
class Explanation(Shown):
    """What a log or an exception means; prints as a report.

    Attributes:
        causes: confirmed or possible, most likely first; never a doubted one.
        if_gemma: rules whose text any model prints, in a log that names no model.
        doubted: rules whose text was seen and whose conditions the facts deny.
        ruled_out, notices: see there.
        generally: answers of the general layer, the most particular first.
        also: what the rules find wrong in the facts of the log, beside its error.
        error: the exception that ended the run; ``None`` where there is none.
        error_kind: its class, as far as it may be shared.
        unrecognised: exceptions that nothing here knows, the last one first; only where the last
            exception of the log is one of them.
        read_off: what the traceback says by itself.
        asks: options that would decide what is open, three at most.
        facts: what was read (and given).
        stated_at: dotted topic to the line that states it.
        several: package to the releases that different parts of the log list, with the lines.
        other_models: model types of other families that it names, where it is about one of them.
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
    doubted: tuple[Cause, ...] = ()
    if_gemma: tuple[Cause, ...] = ()
    generally: tuple[Generally, ...] = ()
    also: tuple[Finding, ...] = ()
    error: Line | None = None
    error_kind: str = ""
    read_off: tuple[ReadOff, ...] = ()
    asks: tuple[str, ...] = ()
    several: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the causes, most likely first."""
        return tuple(cause.rule.code for cause in self.causes)

    @property
    def leading(self) -> Cause | Generally | None:
        """What the answer begins with: a confirmed cause, a general answer, a possible cause."""
        has_error = self.error is not None
        causes = [cause for cause in self.causes if cause.raised or not has_error]
        general = [item for item in self.generally if item.raised or not has_error]
        certain = next((c for c in causes if c.is_certain or c.is_known_by_text), None)
        if certain is not None:
            return certain
        sure = next((i for i in general if i.answer.certain and i.answer.settles), None)
        first = next(iter(causes), None)
        return sure or first or next(iter(general), None)
