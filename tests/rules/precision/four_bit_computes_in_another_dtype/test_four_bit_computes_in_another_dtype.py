from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from gemma_compat.errors import PatchRefused
from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.rules import find
from tests.conftest import A100, T4, facts_for
from tests.rules.made import answer, around

RULE = find("GC404")
BITS: dict[str, Any] = {"quantization": "bitsandbytes", "quantization_bits": 4}
FLOAT, HALF, BFLOAT = (
    {**BITS, "compute_dtype": name} for name in ("float32", "float16", "bfloat16")
)


def contract_facts() -> Iterator[Facts]:
    yield from around(
        RULE,
        "5.23.0",
        {"model": FLOAT, "gpus": (A100,)},
        {"model": HALF, "gpus": (A100,)},
        {"model": BFLOAT, "gpus": (A100,)},
    )


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"model": FLOAT, "gpus": (A100,)}, "fires"),
        ({"model": HALF, "gpus": (A100,)}, "fires"),
        ({"model_type": "gemma2", "model": HALF, "gpus": (A100,)}, "no"),
        ({"model_type": "gemma2", "model": FLOAT, "gpus": (A100,)}, "fires"),
        ({"model": BFLOAT, "gpus": (A100,)}, "no"),
        ({"model": FLOAT, "gpus": (A100, T4)}, "no"),
        ({"model": FLOAT}, "no"),
        ({"gpus": (A100,)}, "no"),
        ({"model": {**FLOAT, "compute_dtype": UNKNOWN}, "gpus": (A100,)}, "? model.compute_dtype"),
    ],
)
def test_answers(case: dict[str, Any], expected: str) -> None:
    given = {"model_type": "gemma3", "transformers": "5.23.0", **case}
    assert answer(RULE, facts_for(**given)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "is torch.float16, but bnb_4bit_compute_dtype=torch.float32 (default).",
    ],
)
def test_symptoms(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in RULE.symptoms)


@pytest.mark.parametrize(
    ("capability", "is_refused"), [((7, 5), True), ((8, 0), False), ((9, 0), False)]
)
def test_a_card_without_bfloat16_is_refused(
    capability: tuple[int, int], is_refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in says that it is on a card; GC404's cure asks that card what it can."""
    torch = pytest.importorskip("torch")
    from gemma_compat.patching.ledger import Ledger

    class Linear4bit(torch.nn.Module):  # type: ignore[misc, name-defined]
        compute_dtype = torch.float16
        weight = SimpleNamespace(is_cuda=True, device="cuda:0")

    model = torch.nn.Sequential(Linear4bit())
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    if is_refused:
        with pytest.raises(PatchRefused, match="cuda:0 has no bfloat16"):
            RULE.patch(model, Ledger("GC404", model))
        assert model[0].compute_dtype == torch.float16
    else:
        RULE.patch(model, Ledger("GC404", model))
        assert model[0].compute_dtype == torch.bfloat16
