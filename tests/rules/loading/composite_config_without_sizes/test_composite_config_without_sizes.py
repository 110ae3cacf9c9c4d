from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from gemma_compat.errors import PatchRefused, PatchTargetMissing
from gemma_compat.facts import Facts
from gemma_compat.patching.ledger import Ledger
from gemma_compat.rules import find
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC601")


def contract_facts() -> Iterator[Facts]:
    for model_type in RULE.model_types:
        for reads in (True, False):
            yield facts_for(model_type, "5.23.0", training={"reads_top_config": reads})


@pytest.mark.parametrize(
    ("model_type", "training", "expected"),
    [
        ("gemma3", {"reads_top_config": True}, "fires"),
        ("gemma3", {"reads_top_config": False}, "no"),
        ("gemma3_text", {"reads_top_config": True}, "no"),
        ("gemma3", {"trainer": True}, "no"),
        ("gemma3", {"trainer": True, "reads_top_config": True}, "fires"),
        ("gemma3", {}, "? training.reads_top_config"),
    ],
)
def test_conditions(model_type: str, training: dict[str, Any], expected: str) -> None:
    assert answer(RULE, facts("5.23.0", {"model_type": model_type}, training)) == expected


@pytest.mark.parametrize("name", ["vocab_size", "hidden_size", "pad_token_id"])
def test_symptom(name: str) -> None:
    text = f"AttributeError: 'Gemma3Config' object has no attribute '{name}'"
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)


class Config:
    def __init__(self, text: Any) -> None:
        self.text_config = text


def model_of(config: Any) -> Any:
    return SimpleNamespace(config=config)


def test_it_looks_in_the_text_config_and_stores_nothing() -> None:
    assert RULE.patch is not None
    config = Config(SimpleNamespace(hidden_size=64, use_cache=True))
    before = dict(vars(config))
    ledger = Ledger("GC601", model_of(config))
    RULE.patch(model_of(config), ledger)
    RULE.patch(model_of(config), ledger)  # twice is once
    assert len(ledger.changes) == 1 and ledger.changes[0].path == "Config.__getattr__"
    assert config.hidden_size == 64  # type: ignore[attr-defined]
    assert copy.deepcopy(config).hidden_size == 64  # type: ignore[attr-defined]
    for missing in ("use_cache", "head_dim", "anything"):
        assert not hasattr(config, missing)
    assert vars(config) == before
    ledger.revert()
    assert not hasattr(config, "hidden_size") and "__getattr__" not in vars(Config)


def test_what_it_does_not_fit() -> None:
    assert RULE.patch is not None

    class Answers(Config):
        def __getattr__(self, name: str) -> int:
            return 1

    with pytest.raises(PatchRefused, match="Answers defines its own __getattr__"):
        RULE.patch(model_of(Answers({})), Ledger("GC601", None))
    with pytest.raises(PatchTargetMissing):
        RULE.patch(model_of(Config(None)), Ledger("GC601", None))
