from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, around

RULE = find("GC906")
OLD = {"accelerate": "0.34.2"}


def contract_facts() -> Iterator[Facts]:
    yield from around(RULE, "5.23.0", {"packages": OLD}, {"packages": {"accelerate": "1.15.0"}})


@pytest.mark.parametrize(
    ("transformers", "packages", "expected"),
    [
        ("5.23.0", {"accelerate": "1.15.0"}, "no"),
        ("5.23.0", {"accelerate": "0.34.2"}, "fires"),  # the Trainer asks for 1.1.0
        ("4.50.3", {"accelerate": "0.34.2"}, "no"),
        ("4.50.3", {"trl": "1.16.0"}, "fires"),
        ("4.56.2", {"trl": "1.16.0", "accelerate": "1.10.1"}, "no"),
        ("5.23.0", {"torch": "2.5.1+cu124"}, "fires"),
        ("5.23.0", {"torch": "2.13.0", "torchvision": "0.20.1"}, "fires"),
        ("5.23.0", {"torch": "2.13.0", "torchvision": "0.28.0"}, "no"),
        # Another rule's pins, or nobody's.
        ("4.50.3", {"huggingface-hub": "2.0.0"}, "no"),
        ("5.23.0", {"accelerate": "99.0"}, "no"),
        ("5.99.0", {"accelerate": "0.1"}, "no"),
    ],
)
def test_pairs(transformers: str, packages: dict[str, str], expected: str) -> None:
    assert answer(RULE, facts_for("gemma3", transformers, packages=packages)) == expected


def test_a_package_that_is_not_named_asks_for_nothing() -> None:
    assert answer(RULE, Facts().replace(model=facts_for("gemma3", "5.23.0").model)) == "no"


def test_the_line_to_type_holds_every_pin_once() -> None:
    packages = {"accelerate": "0.34.2", "trl": "1.16.0", "datasets": "4.8.5"}
    assert RULE.describe is not None
    said = RULE.describe(facts_for("gemma3", "4.50.3", packages=packages))
    assert (
        "trl 1.16.0 asks for transformers>=4.56.2,!=5.1.0, and transformers 4.50.3" in said.message
    )
    assert said.help == "pip install 'transformers>=4.56.2,!=5.1.0' 'accelerate>=1.10.1'"


@pytest.mark.parametrize(
    "text",
    [
        "RuntimeError: operator torchvision::nms does not exist",
        "ImportError: Using the `Trainer` with `PyTorch` requires `accelerate>=1.1.0`",
    ],
)
def test_its_texts_are_known(text: str) -> None:
    assert any(re.search(symptom, text) for symptom in RULE.symptoms)
