"""The meaning of a log, as values: causes, likeliest first, and everything else that was read."""

from __future__ import annotations

from ..engine.rule import Finding, Problem, Rule
from ..facts import Facts
from ..shown import Shown
from ..values import Value
from .answer import Answer
from .framing import Framing
from .notice import Notice
from .unknown import Unknown

# How well the facts fit, best first.
CONFIRMED, OPEN, DOUBTED = "confirmed", "open", "doubted"
# The name of an answer that repeats the advice in the message of an unknown error.
SAYS_ITSELF = "message-says-what-to-do"
# That of figures that are NaN: what happened is certain, the cause is not.
NAN = "not-a-number"


class Line(Value, hidden=("raw",)):
    """A line of the log.

    ``raw`` may hold anything private. Print it only on the terminal of the person who has the log.

    Attributes:
        number: its number, from 1.
        text: what of it may be shared.
        raw: the line itself.
    """

    number: int
    text: str
    raw: str = ""


class Cause(Value):
    """A rule whose symptom is in the log, and that the facts do not rule out.

    Attributes:
        rule: the rule.
        fit: ``confirmed`` (it fires for these facts), ``open`` (a fact is missing) or ``doubted``
            (what the log says about the run or the model speaks against it).
        lines: where its symptoms are, the last few.
        raised: whether one of them belongs to the exception that ended the run.
        problem: the rule's message for these facts; ``None`` unless confirmed.
        condition: completes "if ..." where open: what it waits for.
        missing: the topics that the log does not state, where open.
        against: the condition that the facts contradict, where doubted.
        if_model: the model types for which this holds, if nothing says what the model is.
        holds: the conditions that hold.
        because: why it is a cause although none of its symptoms was seen; empty otherwise.
        text_decides: whether only this failure prints such a text, for this model and release.
        if_gemma: whether any model prints the text, and the log names no model.
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
        """Return whether a headline may state it: confirmed, and for a known model."""
        return self.fit == CONFIRMED and not self.if_model

    @property
    def is_known_by_text(self) -> bool:
        """Return whether its text decides it, whatever else the log leaves open."""
        page = bool(self.rule.undetectable)
        return (page or self.text_decides) and not self.if_model and self.fit == OPEN


class RuledOut(Value):
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


class Generally(Value):
    """An answer that does not depend on Gemma.

    Attributes:
        name: the kind of failure, for JSON.
        answer: what happened and what to do.
        line: the line that it is about.
        raised: whether that line belongs to the exception that ended the run.
    """

    name: str
    answer: Answer
    line: Line
    raised: bool


class SeenNotice(Value):
    """A benign line that was seen.

    Attributes:
        notice: what it means.
        line: where it stands first.
        count: how often it was seen; counting stops at 50.
    """

    notice: Notice
    line: Line
    count: int


class ReadOff(Value):
    """What the release atlas says about the traceback.

    Attributes:
        kind: the kind of the statement.
        text: a sentence.
        command: what to type to try it; empty if there is nothing to try.
    """

    kind: str
    text: str
    command: str = ""


class Explanation(Shown, Value):
    """What a log or an exception means; prints as a report.

    Attributes:
        causes: confirmed or possible, likeliest first; never a doubted one.
        ruled_out: rules whose symptom matched, but whose release, model or tool did not.
        notices: benign lines that were seen.
        unknown: what the log shows of its error, if nothing knows it; else ``None``.
        unrecognised: exceptions that no rule or answer knows, the last one first; empty if the last
            exception of the log is known.
        facts: what was read (and given).
        stated_at: dotted topic to the line that states it.
        other_models: model types of other families that it names, if it is about one of them.
        lines: how many lines were read.
        doubted: rules whose text was seen and whose conditions the facts contradict.
        if_gemma: rules whose text any model prints, in a log that names no model.
        generally: answers of the general layer, the most particular first.
        also: further findings in the facts of the log, apart from its error.
        error: the exception that ended the run; ``None`` if there is none.
        error_kind: its class, as far as it may be shared.
        framing: how the error stands in the text; ``None`` for that of a run or a report.
        read_off: what the traceback says by itself.
        asks: options that would decide what is open, three at most.
        several: package to the releases that different parts of the log list, with the lines.
        outlived_at: the line where the run ended well after the last exception; 0 if it did not.
        went_on_at: the line of the second training step after the last exception; 0 if there is
            none.
        cut_at: the line where a traceback begins that the log cuts off; 0 if there is none.
        is_blank: whether the log is empty.
        skimmed: the first and the last of the lines of which not all was read; empty if all was.
    """

    view = "explanation"

    causes: tuple[Cause, ...]
    ruled_out: tuple[RuledOut, ...]
    notices: tuple[SeenNotice, ...]
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
    framing: Framing | None = None
    read_off: tuple[ReadOff, ...] = ()
    asks: tuple[str, ...] = ()
    several: dict[str, tuple[tuple[str, int], ...]] = {}
    outlived_at: int = 0
    went_on_at: int = 0
    cut_at: int = 0
    is_blank: bool = False
    skimmed: tuple[int, ...] = ()
    unrecognised: tuple[Line, ...] = ()
    unknown: Unknown | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the codes of the causes, likeliest first."""
        return tuple(cause.rule.code for cause in self.causes)

    @property
    def leading(self) -> Cause | Generally | None:
        """Return what the report begins with: a certain cause, a certain answer, a possible one."""
        of_error = self.error is not None and not self.outlived_at
        either = self.error is None  # without an error whatever was seen may lead
        causes = [cause for cause in self.causes if either or cause.raised is of_error]
        general = [item for item in self.generally if either or item.raised is of_error]
        certain = next((c for c in causes if c.is_certain or c.is_known_by_text), None)
        if certain is not None:
            return certain
        sure = next((i for i in general if i.answer.certain and i.answer.settles), None)
        first = next(iter(causes), None)
        return sure or first or next(iter(general), None)
