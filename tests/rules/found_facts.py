"""Find facts that make a shared condition true or false, for the first rule that uses it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from gemma_compat.engine.condition import Condition
from gemma_compat.errors import UnknownFact
from gemma_compat.facts import Facts

from ..conftest import facts_for

_AREAS = ("training", "model", "tokenizer", "adapter", "checkpoint", "unsloth")


@lru_cache(maxsize=None)
def change_for(item: Condition, wanted: bool) -> dict[str, Any]:
    """Return keywords of ``facts_for`` under which the condition has this answer.

    They change at most one fact; ``tests/conditions/domains.py`` has the values to try.

    Raises:
        AssertionError: no single fact decides it; the tables in ``test_pages.py`` need an entry.
    """
    for change in ({}, *_changes(item)):
        if _answer(item, facts_for("gemma3", "4.57.6", **change)) is wanted:
            return change
    raise AssertionError(
        f"no single fact makes {item.phrase!r} {wanted}; MAKES or UNMAKES of test_pages.py needs it"
    )


def _changes(item: Condition) -> Iterator[dict[str, Any]]:
    from ..conditions import domains

    yield from ({"gpus": list(gpus)} for gpus in domains.WHOLE["gpus"])
    whole = facts_for("gemma3", "4.57.6")
    for area in _AREAS:
        for name in getattr(whole, area).field_names():
            for value in domains.values(f"{area}.{name}", item):
                yield {area: {name: value}}


def _answer(item: Condition, facts: Facts) -> bool | None:
    try:
        return bool(item.test(facts))
    except UnknownFact:
        return None
