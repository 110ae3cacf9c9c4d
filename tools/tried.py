"""What is found out about a condition of a rule's file by trying it: for ``make index``.

With it the package answers such a condition where it can, and does not import the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from gemma_compat.engine.condition import Condition


class _ReadsMore(Exception):
    """A condition reads more than is tried, or asks whether a fact is known."""


def tried(item: Condition) -> dict[str, Any]:
    """Return what the index has of a condition beside its name and its phrase."""
    return {**_first_read(item), **without_gpus(item), **_by_type(item), **_by_release(item)}


def _first_read(item: Condition) -> dict[str, str]:
    """Return the topic of the fact that a condition reads before any other.

    One that asks first whether a fact is known may go on to others, so nothing is said of it.
    """
    from gemma_compat.errors import UnknownFact
    from gemma_compat.facts import Facts, Record

    with patch.object(Record, "known", side_effect=_ReadsMore):
        try:
            item.test(Facts())
        except UnknownFact as error:
            return {"reads": error.topic}
        except _ReadsMore:
            return {}
    return {}


def without_gpus(item: Condition) -> dict[str, bool]:
    """Return the answer where there are known to be no GPUs, if that decides."""
    from gemma_compat.engine.recall import NotedFacts
    from gemma_compat.errors import UnknownFact
    from gemma_compat.facts import Facts

    facts = NotedFacts(Facts(gpus=()))
    try:
        answer = item.test(facts)
    except UnknownFact:
        return {}
    return {"without_gpus": answer} if {name for _, name, *_ in facts.noted} == {"gpus"} else {}


def _by_type(item: Condition) -> dict[str, str]:
    """Return the known model types for which it holds, if it reads nothing else."""
    from gemma_compat.engine.recall import NotedFacts
    from gemma_compat.errors import UnknownFact
    from gemma_compat.facts import Facts, ModelFacts
    from gemma_compat.tables.families import KNOWN_MODEL_TYPES

    class OfType(ModelFacts):
        def __getattribute__(self, name: str) -> Any:
            if name == "model_type":
                return super().__getattribute__(name)
            raise _ReadsMore

    holds = []
    for model_type in KNOWN_MODEL_TYPES:
        model = OfType.__new__(OfType)
        object.__getattribute__(model, "__dict__").update(model_type=model_type)
        facts = NotedFacts(Facts(model=model))
        try:
            if item.test(facts):
                holds.append(model_type)
        except (_ReadsMore, UnknownFact):
            return {}
        if facts.noted.keys() != {("get", "model")}:
            return {}
    return {"types": " ".join(holds)}


def _by_release(item: Condition) -> dict[str, list[Any]]:
    """Return the package and the specifier that it asks for, and its answer where that holds."""
    from gemma_compat.engine.recall import NotedFacts
    from gemma_compat.errors import UnknownFact
    from gemma_compat.facts import Facts

    answers = []
    facts = NotedFacts(Facts())
    for is_there in (True, False):
        with patch.object(Facts, "has_release", return_value=is_there):
            try:
                answers.append(item.test(facts))
            except UnknownFact:
                return {}
    if answers[0] == answers[1] or len(facts.noted) != 1:
        return {}
    how, *asked = next(iter(facts.noted))
    return {"release": [*asked, answers[0]]} if how == "has_release" else {}
