from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from gemma_compat.errors import PatchNotNeeded
from gemma_compat.facts import Facts, Package
from gemma_compat.patching.ledger import Ledger
from gemma_compat.rules import find
from gemma_compat.tables.families import KNOWN_MODEL_TYPES
from tests.conftest import facts_for
from tests.rules.made import answer, facts

RULE = find("GC901")


def contract_facts() -> Iterator[Facts]:
    for model_type in KNOWN_MODEL_TYPES:
        for peft in ("0.15.2", "0.17.1", "0.18.0"):
            yield facts_for(model_type, "5.0.0", packages={"peft": peft})


@pytest.mark.parametrize(
    ("transformers", "peft", "expected"),
    [
        ("5.0.0rc2", "0.17.1", "no"),
        ("5.0.0rc3", "0.17.1", "fires"),
        ("5.0.0", "0.15.2", "no"),
        ("5.0.0", "0.16.0", "fires"),
        ("5.0.0", "0.17.1", "fires"),
        ("5.0.0", "0.18.0rc0", "no"),
        ("5.0.0", None, "no"),
        ("5.0.0", "?", "? packages.peft"),
        ("5.23.0", "0.17.1", "fires"),
    ],
)
def test_releases(transformers: str, peft: str | None, expected: str) -> None:
    made = facts(transformers, {"model_type": "gemma3"}, {})
    if peft != "?":
        package = None if peft is None else Package(name="peft", version=peft)
        made = made.replace(packages={**made.packages, "peft": package})
    assert answer(RULE, made) == expected


@pytest.mark.parametrize(
    "text",
    [
        "ImportError: cannot import name 'HybridCache' from 'transformers' (/x/__init__.py)",
        "cannot import name 'SlidingWindowCache' from 'transformers.cache_utils'",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)


def test_the_stand_in_can_be_imported_and_never_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RULE.patch is not None
    top, caches = ModuleType("transformers"), ModuleType("transformers.cache_utils")
    monkeypatch.setitem(sys.modules, "transformers", top)
    caches.SinkCache = int  # type: ignore[attr-defined]
    before = dict(vars(top)), dict(vars(caches))
    ledgers = [Ledger("GC901", module) for module in (top, caches)]
    for ledger, module in zip(ledgers, (top, caches), strict=True):
        RULE.patch(module, ledger)
    assert top.HybridCache is caches.HybridCache and caches.SinkCache is int
    assert ledgers[0].changes[1].path == "transformers.HybridCache"
    with pytest.raises(RuntimeError, match="HybridCache was removed from transformers 5"):
        top.HybridCache(config=None, max_batch_size=1)
    with pytest.raises(RuntimeError, match="Mine was removed"):
        type("Mine", (top.HybridCache,), {})()
    assert not isinstance({}, top.HybridCache)
    with pytest.raises(PatchNotNeeded):
        RULE.patch(top, Ledger("GC901", top))
    for ledger in ledgers:
        ledger.revert()
    assert (dict(vars(top)), dict(vars(caches))) == before
