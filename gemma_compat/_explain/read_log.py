"""Read a log in one pass: symptoms, notices, exceptions and facts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from ..engine.rule import Rule
from .cut import first_of_frames, is_shown_whole, was_caught
from .general import General, generals
from .log_facts import Readings
from .notice import Notice
from .notices import NOTICES
from .patterns import Pattern, pattern
from .raised import (
    BLOCK,
    Raised,
    exceptions,
    is_described,
    is_only_warned,
    quotations,
    traceback_start,
    was_let_go,
)
from .readers import Reader, readers
from .scan import Hit, Scanner
from .skim import Skim
from .source import is_source
from .stream import Log, pieces

_KEPT_FIRST, _KEPT_LAST = 5, 20
_KEPT_GENERAL = 8
_OPENING = 16_000  # bytes


class LogReading:
    """What one pass found.

    Attributes:
        symptoms: the hits of each rule's symptoms, by code, in the order of lines.
        notices: the first hit of each notice, and how often it was seen (at most 50 are counted).
        general: the hits of each general text, by name, in the order of lines.
        raised: the first exceptions and the last ones.
        told: the last exception that a sentence or a logger's line quotes, in a log without any
            other; ``None`` if there is none.
        fits: package to the releases that the last traceback fits, if the log states none.
        log: the facts that the log states.
        lines: how many lines it has.
        opening: how it begins.
        let_go: lines of exceptions that Python only printed.
        is_blank: whether there is nothing but blanks in it.
        cut_at: the line where a traceback begins whose error the log does not show, if it shows no
            error at all; 0 otherwise.
        skimmed: the first and the last line of those that were not all read; empty if all were.
    """

    def __init__(self) -> None:
        self.symptoms: dict[str, list[Hit]] = {}
        self.notices: list[tuple[Notice, Hit, int]] = []
        self.general: dict[str, list[Hit]] = {}
        self.raised: list[Raised] = []
        self.told: Raised | None = None
        self.fits: dict[str, tuple[str, ...]] = {}
        self.log = Readings().to_facts()
        self.lines = 0
        self.opening = b""
        self.is_blank = True
        self.let_go: set[int] = set()
        self.cut_at = 0
        self.skimmed: tuple[int, ...] = ()

    def is_raised_at(self, line: int) -> bool:
        """Return whether that line belongs to an exception's message."""
        return any(item.line <= line < item.line + BLOCK for item in self.raised)

    def is_of_last(self, line: int) -> bool:
        """Return whether that line belongs to the traceback or message of the last exception."""
        if self.last is None:
            return False
        same = [item for item in self.raised if item.hit.text[-60:] == self.last.hit.text[-60:]]
        return any(
            item.line - item.traceback.count("\n") <= line < item.line + BLOCK for item in same
        )

    def up_to(self, item: Raised) -> LogReading:
        """Return the same reading as if this exception were the last one."""
        other = LogReading()
        vars(other).update(vars(self))
        other.raised = self.raised[: self.raised.index(item) + 1]
        return other

    @property
    def outlived_at(self) -> int:
        """Return the line where training ended well after the last exception; 0 if it did not."""
        finished = self.log.finished_at
        return finished if self.last is not None and finished > self.last.line else 0

    @property
    def last(self) -> Raised | None:
        """Return the exception that ended the run: the last one that is not a launcher's report."""
        for item in reversed(self.raised):
            if not item.is_of_a_launcher:
                return item
        return self.raised[-1] if self.raised else None


def read_log(stream: Log, rules: Iterable[Rule]) -> LogReading:
    """Read the log, in binary, to its end, once, and look for the symptoms of these rules."""
    scanner = Scanner(_patterns(rules))
    reading, facts = LogReading(), Readings()
    last: deque[Hit] = deque(maxlen=_KEPT_LAST)
    quoted: deque[Hit] = deque(maxlen=_KEPT_LAST)
    skim, line, piece = Skim(scanner), 0, b""
    for line, piece in skim.pieces(pieces(stream)):
        reading.is_blank = reading.is_blank and not piece.strip()
        reading.opening = reading.opening or piece[:_OPENING]
        for hit in scanner.scan(line, piece):
            if hit.kind == "rule":
                reading.symptoms.setdefault(hit.key, []).append(hit)
            elif hit.kind == "general":
                _keep(reading.general.setdefault(hit.key.name, []), hit)
            elif hit.kind == "notice":
                _count(reading, hit)
            elif hit.kind in {"quoted", "raised"} and was_let_go(hit):
                reading.let_go.add(hit.line)
            elif hit.kind == "quoted":
                if len(reading.raised) < 2:  # of one alone, _end may find that it was caught
                    quoted.append(hit)
            elif hit.kind == "traceback":
                reading.cut_at = hit.line
            elif hit.kind == "raised":
                _note(reading, last, hit)
            else:
                for item in hit.key.read(hit.match):
                    facts.add(item, hit.line)
    reading.lines = line + piece.count(b"\n") - piece.endswith(b"\n")
    reading.log = facts.to_facts()
    reading.skimmed = skim.lines
    _end(reading, last, quoted)
    return reading


def _note(reading: LogReading, last: deque[Hit], hit: Hit) -> None:
    """Keep an exception: the first ones, and the last ones of a log with many."""
    if is_only_warned(hit):
        return
    if len(reading.raised) < _KEPT_FIRST:
        reading.raised.append(Raised(hit.line, hit))
    else:
        last.append(hit)


def _end(reading: LogReading, last: deque[Hit], quoted: deque[Hit]) -> None:
    """Put what was raised together, and what is only quoted where nothing was."""
    for hits in (*reading.symptoms.values(), *reading.general.values()):
        kept = (hit for hit in hits if hit.line not in reading.let_go)
        hits[:] = sorted(kept, key=lambda hit: hit.line)
    reading.raised += [Raised(hit.line, hit) for hit in last]
    quoted = deque(hit for hit in quoted if hit.line not in reading.let_go)
    if reading.raised and was_caught(reading.raised[-1]):
        caught = reading.raised.pop().line
        quoted = deque(hit for hit in quoted if hit.line != caught)
    if not reading.raised:
        quoted = deque(hit for hit in quoted if not (is_described(hit) or is_source(hit)))
        reading.raised += _quoted(reading, quoted)
    if quoted and not reading.raised:
        reading.told = Raised(quoted[-1].line, quoted[-1])
    reading.cut_at = _cut_at(reading)


def _cut_at(reading: LogReading) -> int:
    """Return where a traceback begins whose error a log without any error does not show."""
    if is_shown_whole(reading.opening, reading.cut_at):
        return 0
    if reading.raised or any(line > reading.cut_at for line in reading.let_go):
        return 0
    is_run = reading.log.figures.losses or reading.log.finished_at
    if reading.cut_at or reading.told or is_run:
        return reading.cut_at
    return first_of_frames(reading.opening)


def _quoted(reading: LogReading, hits: Iterable[Hit]) -> list[Raised]:
    """Return the last error that is only quoted in a log without any, if something knows it.

    Logs of healthy runs quote errors that were caught.
    """
    known = (*reading.symptoms.values(), *reading.general.values())
    lines = {hit.line for found in known for hit in found}
    spans = [
        hit
        for hit in hits
        if lines & {hit.line, hit.line + hit.text.count("\n")}
        or hit.text.startswith("Unsloth: ", hit.match.end())
    ]
    return [Raised(hit.line, hit) for hit in _with_cause(spans, hits)]


def _with_cause(spans: list[Hit], hits: Iterable[Hit]) -> list[Hit]:
    """Return the last of the known errors; before a launcher's report the error above it."""
    last = spans[-1:]
    if last and Raised(last[0].line, last[0]).is_of_a_launcher:
        last = [hit for hit in hits if hit.line < last[0].line][-1:] + last
    return last


def _patterns(rules: Iterable[Rule]) -> list[Pattern]:
    return [
        *(pattern("rule", rule.code, text) for rule in rules for text in rule.symptoms),
        *(_of_general(item) for item in generals()),
        *(pattern("notice", item, item.symptom) for item in NOTICES),
        exceptions(),
        traceback_start(),
        *quotations(),
        *(_reads(item) for item in readers()),
    ]


def _of_general(item: General) -> Pattern:
    # Each thread of a kernel prints its assertion: 64 rows and more before the error itself.
    return pattern("general", item, item.text, limit=1000, context=True)


def _reads(item: Reader) -> Pattern:
    names = ("limit", "lines", "words", "needs", "longest", "holds")
    return pattern("fact", item, item.pattern, **{name: getattr(item, name) for name in names})


def _keep(same: list[Hit], hit: Hit) -> None:
    """Add a hit, and drop all but the last ones: each holds the text around it."""
    same.append(hit)
    del same[:-_KEPT_GENERAL]


def _count(reading: LogReading, hit: Hit) -> None:
    if hit.key.caught:
        reading.let_go.add(hit.line)
    for position, (notice, first, count) in enumerate(reading.notices):
        if notice is hit.key:
            reading.notices[position] = (notice, first, count + 1)
            return
    reading.notices.append((hit.key, hit, 1))
