"""One pass over a log: symptoms, notices, exceptions and facts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from ..engine.rule import Rule
from .log_facts import LogFacts, Readings
from .notices import NOTICES, Notice
from .patterns import Hit, Pattern, Scanner, pattern
from .readers import Reader, readers
from .stream import pieces

# What launchers and loggers put before a line: a rank, a worker, a number, a time; pytest's E.
_PREFIX = (
    r"(?:\[[^\]\n]{1,40}\](?:<\w{1,10}>)?:? ?|\([^)\n]{1,60}\) ?|\d{1,4}: ?|E {2,7}|"
    r"\d{4}-\d\d-\d\d[T ][\d:.,Z+-]{5,30} )"
)
# The line that ends a traceback: an exception's class, then its message or nothing.
_EXCEPTION = (
    rf"^(?:{_PREFIX}{{1,3}})?(?! )"
    r"(?:(?:[A-Za-z_]\w{0,60}\.){1,8}Error|"
    r"(?:[A-Za-z_]\w{0,60}\.){0,8}(?:[A-Z]\w{0,60}(?:Error|Failure|Timeout)|"
    r"(?:[A-Z]\w{0,60})?(?:Exception|Unsupported|Interrupt)))(?:: |[ \t\r]*$)"
)
_KEPT_FIRST, _KEPT_LAST = 5, 20
_BLOCK = 12  # lines of a message that follow the one with the exception's class


@dataclass(frozen=True)
class Raised:
    """An exception in the log: where, and the line."""

    line: int
    hit: Hit


@dataclass
class LogReading:
    """What one pass found.

    Attributes:
        symptoms: the hits of each rule's symptoms, by code, in the order of lines.
        notices: the first hit of each notice, and how often it was seen (at most 50 are counted).
        raised: the first exceptions and the last ones.
        log: the facts that the log states.
        lines: how many lines it has.
    """

    symptoms: dict[str, list[Hit]] = field(default_factory=dict)
    notices: list[tuple[Notice, Hit, int]] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
    log: LogFacts = field(default_factory=lambda: Readings().to_facts())
    lines: int = 0

    def is_raised_at(self, line: int) -> bool:
        """Whether that line belongs to an exception's message."""
        return any(item.line <= line < item.line + _BLOCK for item in self.raised)


def read_log(stream: BinaryIO, rules: Iterable[Rule]) -> LogReading:
    """Read the log to its end, once.

    Args:
        stream: in binary; only ``read(size)`` is called.
        rules: those whose symptoms are looked for.
    """
    scanner = Scanner(_patterns(rules))
    reading, facts = LogReading(), Readings()
    last: deque[Raised] = deque(maxlen=_KEPT_LAST)
    line, piece = 0, b""
    for line, piece in pieces(stream):
        for hit in scanner.scan(line, piece):
            if hit.kind == "rule":
                reading.symptoms.setdefault(hit.key, []).append(hit)
            elif hit.kind == "notice":
                _count(reading, hit)
            elif hit.kind == "raised":
                early = len(reading.raised) < _KEPT_FIRST
                (reading.raised if early else last).append(Raised(hit.line, hit))
            else:
                for item in hit.key.read(hit.match):
                    facts.add(item, hit.line)
    reading.lines = line + piece.count(b"\n") - piece.endswith(b"\n")
    reading.raised += last
    reading.log = facts.to_facts()
    for hits in reading.symptoms.values():
        hits.sort(key=lambda hit: hit.line)
    return reading


def _patterns(rules: Iterable[Rule]) -> list[Pattern]:
    return [
        *(pattern("rule", rule.code, text) for rule in rules for text in rule.symptoms),
        *(pattern("notice", item, item.symptom) for item in NOTICES),
        pattern("raised", None, _EXCEPTION, limit=10_000),
        *(_reads(item) for item in readers()),
    ]


def _reads(item: Reader) -> Pattern:
    return pattern("fact", item, item.pattern, item.needs, item.limit, item.lines)


def _count(reading: LogReading, hit: Hit) -> None:
    for position, (notice, first, count) in enumerate(reading.notices):
        if notice is hit.key:
            reading.notices[position] = (notice, first, count + 1)
            return
    reading.notices.append((hit.key, hit, 1))
