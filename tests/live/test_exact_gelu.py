"""GC622's cure on a live Gemma 1: what is computed, what is saved, and that it goes back."""

from __future__ import annotations

import copy
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import gemma_compat  # noqa: E402
from gemma_compat.errors import PatchNotNeeded  # noqa: E402

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402
from .patched import apply, on, only_on  # noqa: E402

LEGACY = {"hidden_act": "gelu", "hidden_activation": None}
runs_exact = only_on(">=4.48.0.dev0,<5.18.0")


def logits(model: Any) -> Any:
    with torch.no_grad():
        return model.eval()(**tiny.batch("gemma")).logits


def activation(model: Any) -> str:
    return gemma_compat.detect_facts(model=model).model.activation


def test_the_fact_is_what_runs() -> None:
    exact = on(">=4.48.0.dev0,<5.18.0")
    assert activation(tiny.build("gemma", **LEGACY)) == ("gelu" if exact else "gelu_pytorch_tanh")
    assert activation(tiny.build("gemma")) == "gelu_pytorch_tanh"
    assert activation(tiny.build("gemma2")) == "gelu_pytorch_tanh"


@runs_exact
def test_one_layer_is_enough() -> None:
    model = tiny.build("gemma", **LEGACY)
    for layer in model.model.layers[1:]:
        layer.mlp.act_fn = torch.nn.GELU(approximate="tanh")
    assert activation(model) == "gelu"


@runs_exact
def test_the_cured_one_runs_the_approximation_and_saves_the_same() -> None:
    model, right = tiny.build("gemma", **LEGACY), tiny.build("gemma")
    before, config = logits(model), copy.deepcopy(model.config.to_dict())
    weights = list(model.state_dict())
    ledger = apply("GC622", model)
    assert torch.equal(logits(model), logits(right))
    assert activation(model) == "gelu_pytorch_tanh"
    assert model.config.to_dict() == config and list(model.state_dict()) == weights
    assert torch.equal(logits(copy.deepcopy(model)), logits(right))
    ledger.revert()
    assert torch.equal(logits(model), before) and activation(model) == "gelu"


@runs_exact
def test_a_step_of_the_cured_one_is_that_of_the_right_one() -> None:
    model, right = tiny.build("gemma", **LEGACY), tiny.build("gemma")
    apply("GC622", model)
    batch = tiny.batch("gemma")
    compare.assert_same(compare.run(right, batch), compare.run(model, batch))


def test_a_right_one_needs_none() -> None:
    with pytest.raises(PatchNotNeeded, match="approximation"):
        apply("GC622", tiny.build("gemma"))


@runs_exact
def test_patch_applies_it_with_consent_and_plans_nothing_after() -> None:
    model = tiny.build("gemma", **LEGACY)
    assert "GC622" not in {change.code for change in gemma_compat.patch(model).changes}
    applied = gemma_compat.patch(model, select=["GC622"])
    assert "GC622" in {change.code for change in applied.changes}
    assert "GC622" not in str(gemma_compat.diagnose(model=model))
