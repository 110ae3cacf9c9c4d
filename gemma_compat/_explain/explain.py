"""Read a log and judge it."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from ..facts import Facts
from ..rules import all_rules
from .excerpt import Words
from .explanation import Explanation
from .judge import explain_reading
from .published import with_pins
from .read_log import read_log
from .renumber import renumbered
from .undress import undressed


def explain_log(
    stream: BinaryIO, given: Callable[[Facts], Facts] = lambda facts: facts
) -> Explanation:
    """Return what a log means.

    Args:
        stream: the log, in binary.
        given: puts what is known from elsewhere over the facts that the log states.
    """
    rules = all_rules()
    log, numbers = undressed(stream)
    reading = read_log(log, rules)
    facts = with_pins(given(reading.log.facts))
    return renumbered(explain_reading(reading, rules, facts, Words(rules)), numbers)
