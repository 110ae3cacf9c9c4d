from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC802")


@pytest.mark.parametrize(
    ("release", "switch", "expected"),
    [
        ("4.50.3", True, "fires"),
        ("4.56.2", True, "fires"),
        ("4.57.0", True, "no"),
        ("5.23.0", True, "no"),
        ("4.56.2", None, "no"),
        ("4.56.2", False, "no"),
        ("4.56.2", "vision", "no"),
        ("4.56.2", UNKNOWN, "? model.use_bidirectional_attention"),
        (None, True, "? packages.transformers"),
    ],
)
def test_releases(release: str | None, switch: Any, expected: str) -> None:
    model = {"model_type": "gemma3_text", "use_bidirectional_attention": switch}
    assert answer(RULE, facts(release, model, {})) == expected


def contract_facts() -> Iterator[Facts]:
    for release in ("4.56.2", "4.57.0"):
        for switch in (True, None):
            model = {"use_bidirectional_attention": switch}
            yield facts_for("gemma3_text", release, model=model)
