"""No rule tells a user of an old card to train in bfloat16, or a Gemma 3 or 4 in float16."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gemma_compat.engine.diagnosis import judge
from gemma_compat.engine.rule import Finding, Rule
from gemma_compat.facts import UNKNOWN, Facts, Gpu
from gemma_compat.rules import all_rules

from ..conftest import A100, T4, V100
from .test_contract import firing

# What is said of both kinds of card, and what is said to be no option, is no advice.
_SPARED = re.compile(
    r"bf16=True on a GPU of compute capability 8\.0|keep bfloat16 knowing its cost|not fp16=True"
)
_BFLOAT16 = re.compile(r"\bbf16=True|dtype=torch\.bfloat16")
_FLOAT16 = re.compile(r"\bfp16=True|dtype=torch\.float16|with fp16\b")
_OVERFLOWING = ("gemma3", "gemma4", "shieldgemma2")
JUDGED = [rule for rule in all_rules() if not rule.undetectable]


def helps(rule: Rule, gpus: tuple[Gpu, ...]) -> Iterator[tuple[Facts, str]]:
    for facts in firing(rule):
        found = judge(rule, facts.replace(gpus=gpus))
        if isinstance(found, Finding):
            yield facts, _SPARED.sub("", found.problem.help)


@pytest.mark.parametrize("rule", JUDGED, ids=lambda rule: rule.code)
@pytest.mark.parametrize("gpus", [(T4,), (V100,), (A100, T4)], ids=["T4", "V100", "A100+T4"])
def test_no_bfloat16_on_a_card_without(rule: Rule, gpus: tuple[Gpu, ...]) -> None:
    for facts, help in helps(rule, gpus):
        assert not _BFLOAT16.search(help), (facts.model.model_type, help)


@pytest.mark.parametrize("rule", JUDGED, ids=lambda rule: rule.code)
@pytest.mark.parametrize("gpus", [(T4,), (A100,), UNKNOWN], ids=["T4", "A100", "unknown"])
def test_no_float16_for_a_model_that_overflows_it(rule: Rule, gpus: tuple[Gpu, ...]) -> None:
    for facts, help in helps(rule, gpus):
        if str(facts.model.get("model_type", "")).startswith(_OVERFLOWING):
            assert not _FLOAT16.search(help), (facts.model.model_type, help)
