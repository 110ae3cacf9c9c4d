from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemma_compat.facts import Facts, Package
from gemma_compat.rules import find
from gemma_compat.tables.families import KNOWN_MODEL_TYPES
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC902")


def contract_facts() -> Iterator[Facts]:
    for model_type in KNOWN_MODEL_TYPES:
        for uses in (True, False):
            yield facts_for(
                model_type,
                "5.23.0",
                packages={"liger-kernel": "0.6.4"},
                training={"use_liger_kernel": uses},
            )


@pytest.mark.parametrize(
    ("transformers", "liger", "expected"),
    [
        ("4.57.6", "0.6.4", "no"),
        ("5.0.0", "0.6.4", "fires"),
        ("5.0.0", "0.6.5", "no"),
        ("5.0.0", None, "no"),
    ],
)
def test_releases(transformers: str, liger: str | None, expected: str) -> None:
    made = facts(transformers, {"model_type": "gemma3"}, {"use_liger_kernel": True})
    package = None if liger is None else Package(name="liger-kernel", version=liger)
    assert (
        answer(RULE, made.replace(packages={**made.packages, "liger-kernel": package})) == expected
    )
