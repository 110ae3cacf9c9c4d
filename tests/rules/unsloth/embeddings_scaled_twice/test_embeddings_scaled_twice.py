from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from gemma_compat.errors import PatchNotNeeded, PatchRefused
from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from gemma_compat.rules.unsloth import embeddings_scaled_twice as module
from tests.conftest import facts_for
from tests.rules.made import answer

RULE = find("GC1105")
TWICE = {"used": True, "scales_embeddings_twice": True}


def made(
    model_type: str = "gemma2",
    transformers: str = "5.5.0",
    version: str = "2026.9.11",
    **unsloth: Any,
) -> Facts:
    return facts_for(
        model_type, transformers, packages={"unsloth": version}, unsloth={**TWICE, **unsloth}
    )


def contract_facts() -> Iterator[Facts]:
    for model_type in ("gemma", "gemma2"):
        yield made(model_type)
        yield made(model_type, scales_embeddings_twice=False)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (made(), "fires"),
        (made("gemma"), "fires"),
        (made("gemma3"), "no"),
        (made(transformers="5.3.0"), "no"),
        (made(version="2026.9.12"), "no"),
        (made(scales_embeddings_twice=False), "no"),
        (made(scales_embeddings_twice=UNKNOWN), "? unsloth.scales_embeddings_twice"),
        (made(used=False), "no"),
    ],
)
def test_it(facts: Facts, expected: str) -> None:
    assert answer(RULE, facts) == expected


@pytest.mark.parametrize(("twice", "error"), [(True, PatchRefused), (False, PatchNotNeeded)])
def test_the_patch_stops_the_run(
    twice: bool, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = SimpleNamespace(text_models=lambda: [("model", SimpleNamespace())])
    monkeypatch.setattr(module, "scales_embeddings_twice", lambda text_model: twice)
    with pytest.raises(error):
        module.patch(object(), ledger)
