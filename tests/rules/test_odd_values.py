"""A report of facts from a file ends in an answer, whatever the values: they have a type, no sense.

From the golden facts of each rule, under which it fires, one is replaced at a time.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from gemma_compat.engine.diagnosis import judge
from gemma_compat.engine.rule import Finding, Rule
from gemma_compat.facts import Facts, Gpu, Package
from gemma_compat.rules import all_rules

from ..conditions.domains import hint_of, leaves, options_of
from . import golden

RULES = [rule for rule in all_rules() if not rule.undetectable]
GPUS = (Gpu(compute_capability=(0, 0), memory_total=0), Gpu(compute_capability=(99, 9)), Gpu())
TEXTS = ("", "banana", "12.", ".5", "9" * 40, "1.2.3.4rc5+local", "ü\n")
NAMES = ("transformers", "unsloth-zoo", "UNSLOTH_FORCE_FLOAT32", "another")  # in a mapping
OF_TYPE: dict[Any, tuple[Any, ...]] = {
    str: TEXTS,
    bool: (True, False),
    int: (0, 2**62),
    float: (0.0, math.nan, math.inf),
    type(None): (None,),
}


def odd_values(path: str) -> list[Any]:
    """Values that a file may state for the fact at this path."""
    area, _, name = path.partition(".")
    if area == "packages":
        return [None, *(Package(name=name, version=text) for text in TEXTS)]
    if path == "gpus":
        return [(), *((gpu,) for gpu in GPUS), GPUS]
    found: list[Any] = []
    for option in options_of(hint_of(path)):
        text_or_texts = TEXTS if "str" in str(option) else ()
        if str(option).startswith("tuple"):
            found += [(), *((text,) for text in text_or_texts)]
        elif str(option).startswith("dict"):
            found += [{}, *({name: text} for name in NAMES for text in text_or_texts)]
        else:
            found += OF_TYPE[option]
    return found


def replaced(facts: Facts, path: str, value: Any) -> Facts:
    area, dot, name = path.partition(".")
    if area == "packages":
        return facts.replace(packages={**facts.packages, name: value})
    part = getattr(facts, area).replace(**{name: value}) if dot else value
    return facts.replace(**{area: part})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_value_of_its_type_gets_an_answer(rule: Rule) -> None:
    given = golden.read(golden.path_of(rule).read_text(encoding="utf-8")).facts
    facts = golden.checked_facts(given)
    for path, _ in list(leaves(facts)):
        for value in odd_values(path):
            answer = judge(rule, replaced(facts, path, value))
            if isinstance(answer, Finding):
                assert answer.problem.message and answer.problem.help, (path, value)
