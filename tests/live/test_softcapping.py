"""Soft-capping and sdpa: the cure runs the network of eager, whichever config the model reads."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from gemma_compat.errors import PatchNotNeeded  # noqa: E402
from gemma_compat.live.tree import text_models  # noqa: E402

from .. import tiny  # noqa: E402
from .patched import apply, only_on  # noqa: E402

torch.set_num_threads(1)
pytestmark = only_on("<5.21.0.dev0")
CAPPED = {"attn_logit_softcapping": 0.5}
each = pytest.mark.parametrize("name", ["gemma2", "paligemma"])


def logits(model: Any, name: str, train: bool = False) -> Any:
    batch = tiny.pad_left(tiny.batch(name))
    return model.train(train)(**batch).logits[batch["attention_mask"].bool()]


@each
@pytest.mark.parametrize("train", [False, True])
def test_the_cure_is_eager(name: str, train: bool) -> None:
    expected = logits(tiny.build(name, **CAPPED), name, train)
    model = tiny.build(name, attn="sdpa", **CAPPED)
    found = logits(model, name, train)
    assert not torch.allclose(found, expected, atol=1e-2)
    ledger = apply("GC301", model)
    assert torch.allclose(logits(model, name, train), expected, atol=1e-5)
    ledger.revert()
    assert torch.equal(logits(model, name, train), found)


def test_the_vision_tower_keeps_its_own() -> None:
    model = tiny.build("paligemma", attn="sdpa", **CAPPED)
    apply("GC301", model)
    assert model.config.vision_config._attn_implementation == "sdpa"
    assert text_models(model)[0][1].config._attn_implementation == "eager"


@each
def test_nothing_is_saved(name: str, tmp_path: Any) -> None:
    model = tiny.build(name, attn="sdpa", **CAPPED)
    model.save_pretrained(tmp_path / "before")
    apply("GC301", model)
    model.save_pretrained(tmp_path / "after")
    before, after = ((tmp_path / part / "config.json").read_text() for part in ("before", "after"))
    assert before == after


@each
def test_eager_needs_nothing(name: str) -> None:
    with pytest.raises(PatchNotNeeded):
        apply("GC301", tiny.build(name, **CAPPED))
