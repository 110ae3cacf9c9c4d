"""GC404's cure on stand-ins for the layers of bitsandbytes, which needs no GPU."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from gemma_compat import detect_facts  # noqa: E402
from gemma_compat.errors import PatchNotNeeded, PatchTargetMissing  # noqa: E402

from .. import tiny  # noqa: E402
from .patched import apply  # noqa: E402


class Linear4bit(torch.nn.Linear):
    compute_dtype: Any


def of_peft(layer: Any) -> Any:
    """PEFT's layer around one in 4 bits: it has the same name, and no compute dtype."""
    around: Any = type("Linear4bit", (torch.nn.Module,), {})()
    around.base_layer = layer
    return around


def four_bit(dtype: Any) -> Any:
    model = tiny.build("gemma3_text")
    for layer in model.model.layers:
        layer.self_attn.q_proj = Linear4bit(64, 64, bias=False)
        layer.self_attn.q_proj.compute_dtype = dtype
    return model


def dtypes(model: Any) -> set[Any]:
    return {layer.self_attn.q_proj.compute_dtype for layer in model.model.layers}


@pytest.mark.parametrize("found", [torch.float32, torch.float16])
def test_every_layer_computes_in_bfloat16(found: Any) -> None:
    model = four_bit(found)
    ledger = apply("GC404", model)
    assert dtypes(model) == {torch.bfloat16}
    ledger.revert()
    assert dtypes(model) == {found}


def test_an_adapter_around_the_layers_changes_nothing() -> None:
    model = four_bit(torch.float32)
    for layer in model.model.layers:
        layer.self_attn.q_proj = of_peft(layer.self_attn.q_proj)
    model.config.quantization_config = {"load_in_4bit": True}
    assert detect_facts(model).model.compute_dtype == "float32"
    apply("GC404", model)
    held = {layer.self_attn.q_proj.base_layer.compute_dtype for layer in model.model.layers}
    assert held == {torch.bfloat16}
    assert detect_facts(model).model.compute_dtype == "bfloat16"


def test_what_it_leaves_alone() -> None:
    with pytest.raises(PatchNotNeeded):
        apply("GC404", four_bit(torch.bfloat16))
    with pytest.raises(PatchTargetMissing):
        apply("GC404", tiny.build("gemma3_text"))
