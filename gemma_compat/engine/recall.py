"""Judge many nodes with the same rules: a rule that cannot tell two nodes apart is asked once.

A thousand nodes that all differ mostly differ in what few rules read. So what a rule reads is noted
when it is asked; a later node that has the same there gets the same answers. Rules are pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..errors import UnknownFact
from ..facts import UNKNOWN, Facts, Package
from .every_type import Answer
from .rule import Rule, in_order

Topic = tuple[str, ...]  # a method of Facts and what it is given
_MOST = 256  # answers kept of each rule; one whose message names a version has one for each node


class Recall:
    """What each rule answered, by what it had read. Belongs to one job, and ends with it.

    Attributes:
        rules: those that are asked, in the order in which their answers are given.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = in_order(rules)
        self._topics: dict[Rule, tuple[Topic, ...]] = {}
        self._answers: dict[Rule, dict[tuple[Any, ...], tuple[Answer, ...]]] = {}

    def answers(
        self, rule: Rule, facts: NotedFacts, ask: Callable[[Rule], Iterable[Answer]]
    ) -> tuple[Answer, ...]:
        """Return the rule's answers for these facts.

        Args:
            ask: asks the rule; it must read ``facts``, or facts made from them by ``replace``.
        """
        topics = self._topics.get(rule, ())
        kept = self._answers.setdefault(rule, {})
        key = tuple(map(facts.outcomes.__getitem__, topics))
        found = kept.get(key) if topics else None
        if found is not None:
            return found
        facts.noted.clear()
        found = tuple(ask(rule))
        if not facts.noted.keys() <= set(topics):
            topics = self._topics[rule] = tuple(dict.fromkeys((*topics, *facts.noted)))
            kept.clear()
            key = tuple(map(facts.outcomes.__getitem__, topics))
        if len(kept) >= _MOST:
            kept.clear()
        kept[key] = found
        return found


class NotedFacts(Facts):
    """Facts that note which of them are read."""

    __slots__ = ("_notes",)

    def __init__(self, plain: Facts, noted: dict[Topic, None] | None = None) -> None:
        object.__setattr__(self, "_notes", _Notes(plain, {} if noted is None else noted))
        object.__getattribute__(self, "__dict__").update(vars(plain))

    @property
    def noted(self) -> dict[Topic, None]:
        """Return the topics that were read, in order; the caller may clear it."""
        return _notes(self).noted

    @property
    def outcomes(self) -> _Outcomes:
        """Return what reading each topic gives."""
        return _notes(self).outcomes

    def __getattribute__(self, name: str) -> Any:
        if name in _FIELDS:
            _note(self, "get", name)
        return super().__getattribute__(name)

    def known(self, name: str) -> bool:
        return _note(self, "known", name).known(name)

    def get(self, name: str, default: Any = None) -> Any:
        return _note(self, "get", name).get(name, default)

    def package(self, name: str) -> Package | None:
        return _note(self, "package", name).package(name)

    def is_installed(self, name: str) -> bool:
        return _note(self, "is_installed", name).is_installed(name)

    def version(self, name: str) -> str | None:
        return _note(self, "version", name).version(name)

    def has_release(self, name: str, specifier: str) -> bool:
        return _note(self, "has_release", name, specifier).has_release(name, specifier)

    def variable(self, name: str) -> str | None:
        return _note(self, "variable", name).variable(name)

    def reason(self, topic: str) -> str:
        return _note(self, "reason", topic).reason(topic)

    def replace(self, **changes: Any) -> NotedFacts:
        return NotedFacts(_notes(self).plain.replace(**changes), self.noted)


_FIELDS = {*Facts.field_names(), "__dict__"}
_EVERYTHING = ("get", "__dict__")  # by vars(facts), which gives every field


class _Notes:
    """The plain facts, the topics that were read, and what reading each gives."""

    def __init__(self, plain: Facts, noted: dict[Topic, None]) -> None:
        self.plain, self.noted = plain, noted
        self.outcomes = _Outcomes(plain)


class _Outcomes(dict[Topic, Any]):
    """What reading each topic gives, as a value that can be compared; read when asked for."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self._facts = facts

    def __missing__(self, topic: Topic) -> Any:
        self[topic] = _outcome(self._facts, topic)
        return self[topic]


def _notes(facts: NotedFacts) -> _Notes:
    notes: _Notes = object.__getattribute__(facts, "_notes")
    return notes


def _note(facts: NotedFacts, *topic: str) -> Facts:
    """Note that a topic is read, and return the facts to read it from."""
    notes = _notes(facts)
    notes.noted[topic] = None
    return notes.plain


def _outcome(facts: Facts, topic: Topic) -> Any:
    method, *given = topic
    if topic == _EVERYTHING:
        return repr(facts)
    if method == "get":
        return repr(facts.get(given[0], UNKNOWN))
    try:
        return repr(getattr(facts, method)(*given))
    except UnknownFact as error:
        return error.topic, error.reason
