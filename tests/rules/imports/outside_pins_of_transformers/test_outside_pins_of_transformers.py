from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gemma_compat import versions
from gemma_compat.data import read_bytes
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
    assert RULE.describe(facts).help == "pip install 'tokenizers>=0.21,<0.22'"


def test_the_table_is_what_the_published_wheels_say() -> None:
    data = json.loads(read_bytes("releases.json"))
    for version, entry in data["packages"]["transformers"].items():
        wanted = {
            re.split(r"[<>=!]", line)[0]: line for line in data["requires"][entry["requires"]]
        }
        pins = module._pins(version)
        if pins is None:
            assert not versions.contains(f">=4.42.0,<={module._LAST}", version)
            continue
        for name, pin in zip(("tokenizers", "huggingface-hub"), pins, strict=True):
            assert sorted(wanted[name].removeprefix(name).split(",")) == sorted(pin.split(","))


def test_its_text_is_known() -> None:
    text = (
        "ImportError: tokenizers>=0.21,<0.22 is required for a normal functioning of this module, "
        "but found tokenizers==0.23.1."
    )
    assert any(re.search(symptom, text) for symptom in RULE.symptoms)
