from __future__ import annotations

import re

from gemma_compat.rules import find

ITS_OWN = (
    "  Developer debug context: raised exception TypeError([ConstantVariable(str: "
    '"Missing required positional argument: x")])'
)
ANOTHER = "TypeError: f() missing 1 required positional argument: 'y'"


def test_it_is_found_by_its_error() -> None:
    assert any(re.search(symptom, ITS_OWN) for symptom in find("GC1172").symptoms)


def test_other_errors_are_not_its_own() -> None:
    assert not any(re.search(symptom, ANOTHER) for symptom in find("GC1172").symptoms)
