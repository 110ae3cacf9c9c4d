from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat.facts import Facts
from gemma_compat.rules import find
from gemma_compat.rules.imports import outside_pins_of_transformers as module
from tests.conftest import facts_for
from tests.rules.made import answer, around

RULE = find("GC905")


def contract_facts() -> Iterator[Facts]:
    apart: dict[str, Any] = {"packages": {"tokenizers": "0.23.1", "huggingface-hub": "2.1.0"}}
    fitting: dict[str, Any] = {"packages": {"tokenizers": "0.21.4", "huggingface-hub": "0.30.2"}}
    yield from around(RULE, "4.50.3", apart, fitting)


@pytest.mark.parametrize(
    ("transformers", "tokenizers", "hub", "expected"),
    [
        ("4.50.3", "0.21.4", "0.30.2", "no"),
        ("4.50.3", "0.23.1", "0.30.2", "fires"),
        ("4.50.3", "0.21.4", "2.0.0", "fires"),
        ("4.57.6", "0.22.2", "0.36.0", "no"),
        ("4.57.6", "0.22.2", "1.5.0", "fires"),
        ("5.17.0", "0.23.1", "1.40.0", "no"),
        ("5.24.0", "0.23.1", "2.1.0", "no"),
        ("5.24.0", "0.22.2", "2.1.0", "fires"),
        ("5.99.0", "0.99.0", "9.0", "no"),  # its pins are not known
    ],
)
def test_pairs(transformers: str, tokenizers: str, hub: str, expected: str) -> None:
    packages = {"tokenizers": tokenizers, "huggingface-hub": hub}
    assert answer(RULE, facts_for("gemma3", transformers, packages=packages)) == expected


def test_the_line_to_type_names_what_is_outside_only() -> None:
    packages = {"tokenizers": "0.23.1", "huggingface-hub": "0.30.2"}
    facts = facts_for("gemma3", "4.50.3", packages=packages)
    assert RULE.describe is not None
    assert RULE.describe(facts).help == "pip install 'tokenizers<0.22,>=0.21'"


def test_a_stack_that_names_neither_has_what_pip_installs() -> None:
    facts = facts_for("gemma3", "4.50.3")
    bare = {name: item for name, item in facts.packages.items() if name not in module._NAMES}
    assert answer(RULE, facts.replace(packages=bare)) == "no"


def test_its_text_is_known() -> None:
    text = (
        "ImportError: tokenizers>=0.21,<0.22 is required for a normal functioning of this module, "
        "but found tokenizers==0.23.1."
    )
    assert any(re.search(symptom, text) for symptom in RULE.symptoms)
