"""The residual stream in float32: what a manufactured overflow does with and without it."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from gemma_compat.errors import PatchNotNeeded, PatchRefused, PatchTargetMissing  # noqa: E402
from gemma_compat.live.tree import text_models  # noqa: E402

from .. import tiny  # noqa: E402
from .patched import apply  # noqa: E402

torch.set_num_threads(1)


def overflowing(name: str, dtype: Any, **more: Any) -> Any:
    model = tiny.build(name, **more)
    with torch.no_grad():
        text_models(model)[0][1].layers[1].post_feedforward_layernorm.weight.fill_(4e4)
    return model.to(dtype).train()


@pytest.mark.parametrize("name", ["gemma3_text", "gemma3"])
@pytest.mark.parametrize("attn", ["eager", "sdpa"])
@pytest.mark.parametrize("checkpointing", [None, True, False])
def test_float16_trains_like_float32(name: str, attn: str, checkpointing: bool | None) -> None:
    batch = tiny.pad_left(tiny.batch(name))
    expected = overflowing(name, torch.float32, attn=attn)(**batch).loss
    assert not torch.isfinite(overflowing(name, torch.float16, attn=attn)(**batch).loss)
    model = overflowing(name, torch.float16, attn=attn)
    if checkpointing is not None:
        model.gradient_checkpointing_enable({"use_reentrant": checkpointing})
        model.enable_input_require_grads()
    dtypes = {key: value.dtype for key, value in model.named_parameters()}
    ledger = apply("GC401", model)
    output = model(**batch)
    output.loss.backward()
    assert output.loss.item() == pytest.approx(expected.item(), rel=0.01)
    assert output.logits.dtype in (torch.float16, torch.float32)
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert grads and all(torch.isfinite(grad).all() for grad in grads)
    assert {key: value.dtype for key, value in model.named_parameters()} == dtypes
    ledger.revert()
    assert not torch.isfinite(model(**batch).loss)


def test_an_adapter_on_float16_weights_trains() -> None:
    peft = pytest.importorskip("peft")
    model = overflowing("gemma3_text", torch.float16)
    config = peft.LoraConfig(target_modules=["q_proj", "down_proj"])
    model = peft.get_peft_model(model, config)
    apply("GC401", model)
    loss = model(**tiny.batch("gemma3_text")).loss
    loss.backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert torch.isfinite(loss) and grads and all(torch.isfinite(grad).all() for grad in grads)


def test_what_it_refuses() -> None:
    with pytest.raises(PatchNotNeeded):
        apply("GC401", tiny.build("gemma3_text", torch.bfloat16))
    mixed = tiny.build("gemma3_text", torch.float16)
    mixed.model.norm.float()
    with pytest.raises(PatchRefused):
        apply("GC401", mixed)
    with pytest.raises(PatchTargetMissing):
        apply("GC401", tiny.build("gemma2", torch.float16).model.layers[0])


@pytest.mark.parametrize("name", sorted({"gemma3n_text", "gemma4_text"} & {*tiny.available()}))
def test_other_layers_are_refused(name: str) -> None:
    with pytest.raises(PatchTargetMissing):
        apply("GC401", tiny.build(name, torch.float16))
