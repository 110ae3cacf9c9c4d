"""Find the topics that differ between groups, and how bad each difference is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..engine.rule import Severity
from .grouping import Group
from .kinds_table import kind_of
from .topics import AREAS, NOT_GIVEN

NOT_SET, UNKNOWN_TEXT, NOT_ASKED = "not set", "unknown", "-"


@dataclass(frozen=True)
class Difference:
    """One topic that is not the same everywhere.

    Attributes:
        topic: dotted, ``packages.torch``.
        severity: how bad it is; a notice if all but one value are unknown.
        why: what the difference leads to.
        values: each value with the numbers of the groups that have it, the commonest first.
        cells: the value of each group, in the order of groups; ``-`` if that group was not asked.
    """

    topic: str
    severity: Severity
    why: str
    values: tuple[tuple[str, tuple[int, ...]], ...]
    cells: tuple[str, ...]

    @property
    def label(self) -> str:
        """Return the topic as a table shows it: a package or a variable by its bare name."""
        area, _, name = self.topic.partition(".")
        return name if area in {"packages", "environment"} else self.topic.replace("_", " ")

    def is_marked(self, text: str) -> bool:
        """Return whether this value differs from that of most nodes."""
        return text not in {self.values[0][0], NOT_ASKED}


def compare(groups: Sequence[Group]) -> tuple[Difference, ...]:
    """Return the differences, worst first, then by topic. Linear in the number of groups."""
    if len(groups) < 2:
        return ()
    topics = sorted({topic for group in groups for topic in group.cells.differing})
    found = [item for topic in topics for item in _difference(topic, groups)]
    return tuple(sorted(found, key=lambda item: (item.severity.rank, item.topic)))


def same_everywhere(groups: Sequence[Group]) -> dict[str, str]:
    """Return the topics on which all groups agree, with the value."""
    first = groups[0].cells if groups else {}
    differing = {topic for group in groups for topic in group.cells.differing}
    return {topic: text for topic, text in first.items() if topic not in differing}


def _difference(topic: str, groups: Sequence[Group]) -> Iterator[Difference]:
    texts = tuple(_cell(topic, group) for group in groups)
    if len(set(texts) - {NOT_ASKED}) < 2:
        return
    held: dict[str, list[int]] = {}
    sizes: dict[str, int] = {}
    for number, (text, group) in enumerate(zip(texts, groups, strict=True), start=1):
        if text != NOT_ASKED:
            held.setdefault(text, []).append(number)
            sizes[text] = sizes.get(text, 0) + len(group.members)
    values = sorted(held.items(), key=lambda item: -sizes[item[0]])
    kind = kind_of(topic)
    yield Difference(
        topic,
        _severity(topic, kind.severity, [text for text, _ in values]),
        kind.why,
        tuple((text, tuple(numbers)) for text, numbers in values),
        texts,
    )


def _cell(topic: str, group: Group) -> str:
    if topic in group.cells:
        return group.cells[topic]
    area, dot, _ = topic.partition(".")
    if area == "environment":
        return NOT_SET if "environment" in group.cells else NOT_ASKED
    if area in AREAS and group.cells.get(area) == NOT_GIVEN:
        return NOT_ASKED
    if area == "gpus" and dot:  # the topic "gpus" says it already
        return NOT_ASKED
    return "nothing" if topic == "assumed" else UNKNOWN_TEXT


def _severity(topic: str, severity: Severity, texts: Sequence[str]) -> Severity:
    known = [text for text in texts if text not in {UNKNOWN_TEXT, NOT_GIVEN}]
    if len(known) < 2:
        return Severity.NOTICE
    if topic == "python" and len({tuple(text.split(".")[:2]) for text in known}) == 1:
        return Severity.NOTICE
    return severity
