"""Equal parts of many documents are one record, and a wrong one is refused each time it comes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from gemma_compat.facts import checked
from gemma_compat.facts.checked import Parts, checked_facts

from .conftest import H100, facts_for

FACTS = facts_for(gpus=[H100, H100.replace(index=1)], environment={"NCCL_DEBUG": "INFO"})


def document(**packages: Any) -> dict[str, Any]:
    made = copy.deepcopy(FACTS.to_dict())
    made["packages"].update(packages)
    return made


def test_equal_parts_are_one_record() -> None:
    parts = Parts()
    first, second = (checked_facts(document(), parts) for _ in range(2))
    assert first == second == checked_facts(document())
    assert first.packages["transformers"] is second.packages["transformers"]
    assert first.gpus[1] is second.gpus[1] and first.model is second.model
    assert first.environment is second.environment


def test_values_that_python_calls_equal_are_not_mixed_up() -> None:
    """``True == 1`` and ``1.0 == 1``, and only one of each is what the field takes."""
    parts = Parts()
    good = {"name": "trl", "version": "1.0", "editable": True}
    checked_facts(document(trl=good), parts)
    with pytest.raises(ValueError, match=r"packages\.trl\.editable: expected true or false"):
        checked_facts(document(trl={**good, "editable": 1}), parts)


def test_a_wrong_part_is_refused_every_time() -> None:
    parts = Parts()
    for _ in range(3):
        with pytest.raises(ValueError, match=r"packages\.trl\.version: expected text"):
            checked_facts(document(trl={"name": "trl", "version": 5}), parts)
        assert checked_facts(document(), parts) == FACTS


def test_a_part_of_a_refused_document_was_not_checked() -> None:
    """The first error ends the check, so a part after it has not been looked at."""
    parts = Parts()
    wrong = document(aaa={"name": "aaa", "version": 5}, zzz={"name": "zzz", "version": 6})
    with pytest.raises(ValueError, match="expected text"):
        checked_facts(wrong, parts)
    with pytest.raises(ValueError, match=r"packages\.zzz\.version: expected text"):
        checked_facts(document(zzz={"name": "zzz", "version": 6}), parts)


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked, "_MOST_PARTS", 50)
    parts = Parts()
    for number in range(200):
        made = {"name": "trl", "version": f"1.{number}"}
        assert checked_facts(document(trl=made), parts).version("trl") == f"1.{number}"
        assert len(parts._records) <= 50 and len(parts.checked) <= 50
