from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gemma_compat.errors import PatchTargetMissing
from gemma_compat.patching.ledger import Ledger
from gemma_compat.rules import find
from tests.rules.made import answer, facts

RULE = find("GC606")


@pytest.mark.parametrize(
    ("release", "model_type", "expected"),
    [
        ("5.3.0", "gemma3", "no"),
        ("5.4.0", "gemma3", "fires"),
        ("5.5.4", "paligemma", "fires"),
        ("5.6.0", "gemma3", "no"),
        ("5.5.4", "gemma4", "no"),
        ("5.5.4", "gemma3_text", "no"),
        (None, "gemma3", "? packages.transformers"),
    ],
)
def test_releases(release: str | None, model_type: str, expected: str) -> None:
    assert answer(RULE, facts(release, {"model_type": model_type}, {})) == expected


class Model:
    config = None

    def named_modules(self) -> list[Any]:
        return []

    def save_pretrained(self, folder: str, **options: Any) -> tuple[str, dict[str, Any]]:
        return folder, options


def test_it_is_a_default_and_no_more() -> None:
    assert RULE.patch is not None
    model = Model()
    ledger = Ledger("GC606", model)
    RULE.patch(model, ledger)
    RULE.patch(model, ledger)
    assert len(ledger.changes) == 1
    assert model.save_pretrained("x") == ("x", {"save_original_format": False})
    asked = model.save_pretrained("x", save_original_format=True)
    assert asked == ("x", {"save_original_format": True})
    ledger.revert()
    assert vars(model) == {} and model.save_pretrained("x") == ("x", {})
    with pytest.raises(PatchTargetMissing):
        RULE.patch(SimpleNamespace(), ledger)
