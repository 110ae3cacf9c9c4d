"""Answers of the index: what a rule says where nothing is told of the model and the run.

Most reports are given no model and no run. A rule that reads nothing else then says the same on
every machine whose releases are in the same scopes. ``make index`` asks the engine once for each
scope and writes the answers down; tests compare them with the engine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..facts import Facts
from .rule import Rule, Undetermined

if TYPE_CHECKING:
    from typing import TypedDict

    class Untold(TypedDict):
        """An answer in one scope, for some of its model types. For the others the rule is silent.

        Attributes:
            condition: as of :class:`Undetermined`.
            missing: topics of the facts that are missing, with blanks between.
            model_types: those that it is given for, with blanks between.
        """

        condition: str
        missing: str
        model_types: str


def answers(rule: Rule, allowed: Sequence[bool | None], facts: Facts) -> list[Undetermined] | None:
    """Return the rule's answers; ``None`` where the index does not have them.

    Args:
        allowed: for each scope, whether the installed releases are in it; ``None`` for unknown.
        facts: facts with nothing told.
    """
    found: dict[tuple[str, str], list[str]] = {}
    answered: set[str] = set()  # the first scope that is not silent decides
    for kept, is_allowed in zip(rule.untold, allowed, strict=True):
        if is_allowed is None or (is_allowed and kept is None):
            return None
        for item in kept or () if is_allowed else ():
            model_types = [name for name in item["model_types"].split() if name not in answered]
            answered.update(model_types)
            found.setdefault((item["condition"], item["missing"]), []).extend(model_types)
    given = [
        Undetermined(
            rule,
            tuple([(topic, facts.reason(topic)) for topic in missing.split()]),
            condition,
            tuple(sorted(model_types)),
        )
        for (condition, missing), model_types in found.items()
        if model_types
    ]
    return sorted(given, key=lambda answer: answer.model_types[0])
