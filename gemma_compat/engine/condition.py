"""Conditions: statements about facts that are true, false or unknown.

A condition reads one fact, or two that only mean something together. Everything else is combined::

    @condition("use_cache is on in a config that a forward reads")
    def asks_for_cache(facts: Facts) -> bool:
        return facts.model.use_cache

    cache_stays_on = all_of(asks_for_cache, not_(trainer_turns_cache_off))

Reading an unknown fact raises ``UnknownFact``. The combinators catch it and answer as Kleene's
logic does: a "no" decides ``all_of`` whatever else is unknown, a "yes" decides ``any_of``. A body
with ``and``, ``or`` or ``if`` would stop at the first unknown fact, so the tests refuse it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..errors import UnknownFact
from ..values import Value

if TYPE_CHECKING:
    from ..facts import Facts, Gpu


class Condition(Value):
    """A statement about the facts, which holds, does not hold, or is unknown.

    Attributes:
        phrase: completes "if ...", in the user's words.
        test: returns whether it holds for these facts. Pure; raises ``UnknownFact`` where a fact
            that it needs is unknown.
    """

    phrase: str
    test: Callable[[Facts], bool]

    def is_known_to_hold(self, facts: Facts) -> bool:
        """Return the answer, with an unknown taken for "no"."""
        return _ask(self, facts) is True


class RunKind(Condition):
    """A condition on the run that has a short name: ``adapter``, ``full fine-tune``.

    Attributes:
        name: the short name, which a rule's page prints after "matters for".
    """

    name: str = ""


class Combined(Condition):
    """What a combinator made, with what it was made of: the index of the rules writes it so.

    Attributes:
        how: the combinator's name.
        parts: the conditions that it was given.
    """

    how: str = ""
    parts: tuple[Condition, ...] = ()


def condition(phrase: str) -> Callable[[Callable[[Facts], bool]], Condition]:
    """Turn a function that reads one fact into a :class:`Condition`."""
    return lambda test: Condition(phrase, test)


def any_gpu(phrase: str) -> Callable[[Callable[[Facts, Gpu], bool]], Condition]:
    """Turn a test of one GPU into the condition that a visible GPU passes it."""
    return lambda test: Condition(phrase, lambda facts: _one_passes(test, facts))


def every_gpu(phrase: str) -> Callable[[Callable[[Facts, Gpu], bool]], Condition]:
    """Turn a test of one GPU into the condition that all visible GPUs pass it. True without one."""

    def make(test: Callable[[Facts, Gpu], bool]) -> Condition:
        def fails(facts: Facts, gpu: Gpu) -> bool:
            return not test(facts, gpu)

        return Condition(phrase, lambda facts: not _one_passes(fails, facts))

    return make


def any_of(*conditions: Condition, phrase: str = "") -> Condition:
    """Combine: yes if one is yes; no if all are no; else unknown (Kleene's "or")."""

    def test(facts: Facts) -> bool:
        unknown: UnknownFact | None = None
        for item in conditions:
            try:
                if item.test(facts):
                    return True
            except UnknownFact as error:
                unknown = unknown or error.with_traceback(None)
        if unknown:
            raise unknown
        return False

    phrase = phrase or " or ".join(item.phrase for item in conditions)
    return Combined(phrase, test, "any_of", conditions)


def all_of(*conditions: Condition, phrase: str = "") -> Condition:
    """Combine: no if one is no; yes if all are yes; else unknown (Kleene's "and")."""

    def test(facts: Facts) -> bool:
        unknown: UnknownFact | None = None
        for item in conditions:
            try:
                if not item.test(facts):
                    return False
            except UnknownFact as error:
                unknown = unknown or error.with_traceback(None)
        if unknown:
            raise unknown
        return True

    phrase = phrase or " and ".join(item.phrase for item in conditions)
    return Combined(phrase, test, "all_of", conditions)


def not_(item: Condition, phrase: str) -> Condition:
    """Return the opposite condition; unknown stays unknown."""
    return Combined(phrase, lambda facts: not item.test(facts), "not_", (item,))


def first_known(*conditions: Condition, phrase: str = "") -> Condition:
    """Answer as the first condition that is known, for a fact read from A or else from B.

    Put :data:`NO` or :data:`YES` last where an unknown fact is to count as that answer. The phrase
    is that of the first condition. Where all are unknown, the last says which fact is missing.
    """

    def test(facts: Facts) -> bool:
        for item in conditions[:-1]:
            answer = _ask(item, facts)
            if not isinstance(answer, UnknownFact):
                return answer
        return conditions[-1].test(facts)

    return Combined(phrase or conditions[0].phrase, test, "first_known", conditions)


def choose(
    which: Condition, then: Condition, otherwise: Condition, *, phrase: str = ""
) -> Condition:
    """Ask ``then`` where ``which`` is yes, ``otherwise`` where it is no.

    Where ``which`` is unknown, the answer is known only if both agree. The phrase is that of
    ``otherwise`` unless one is given.
    """

    def test(facts: Facts) -> bool:
        chosen = _ask(which, facts)
        if not isinstance(chosen, UnknownFact):
            return (then if chosen else otherwise).test(facts)
        answer = _ask(then, facts)
        if isinstance(answer, UnknownFact) or answer != _ask(otherwise, facts):
            raise chosen
        return answer

    return Combined(phrase or otherwise.phrase, test, "choose", (which, then, otherwise))


def as_stated(stated: Condition, *, no_when: Condition) -> Condition:
    """Answer as stated; if nothing was stated, no where ``no_when`` holds, else unknown."""
    excluded = not_(no_when, phrase="")
    return first_known(stated, all_of(stated, excluded), phrase=stated.phrase)


def kind_of_run(name: str, item: Condition) -> RunKind:
    """Give a condition on the run the short name that pages and headers use."""
    return RunKind(item.phrase, item.test, name=name)


YES = Condition("always", lambda facts: True)
NO = Condition("never", lambda facts: False)

_Answer = bool | UnknownFact


def _ask(item: Condition, facts: Facts) -> _Answer:
    try:
        return bool(item.test(facts))
    except UnknownFact as error:
        return error.with_traceback(None)  # it would hold the frames, and they the answer


def _or(answers: Iterable[_Answer]) -> bool:
    """Return Kleene's "or" over lazy answers: stop at the first yes, else raise the first
    unknown.
    """
    unknown: UnknownFact | None = None
    for answer in answers:
        if isinstance(answer, UnknownFact):
            unknown = unknown or answer
        elif answer:
            return True
    if unknown:
        raise unknown
    return False


def _one_passes(test: Callable[[Facts, Gpu], bool], facts: Facts) -> bool:
    """Return whether a visible GPU passes; one whose fact is unknown leaves that open."""
    return _or(_ask_of(gpu, test, facts) for gpu in facts.gpus)


def _ask_of(gpu: Gpu, test: Callable[[Facts, Gpu], bool], facts: Facts) -> _Answer:
    try:
        return bool(test(facts, gpu))
    except UnknownFact as error:
        return error.with_traceback(None)
