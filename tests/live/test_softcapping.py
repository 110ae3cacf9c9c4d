"""Soft-capping and sdpa: the cure runs the network of eager, whichever config the model reads."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from gemma_compat import versions  # noqa: E402
from gemma_compat.errors import PatchNotNeeded, PatchRefused  # noqa: E402
from gemma_compat.live.tree import text_models  # noqa: E402

from .. import tiny  # noqa: E402
from .patched import apply, only_on  # noqa: E402

torch.set_num_threads(1)
pytestmark = only_on("<5.21.0.dev0")
CAPPED = {"attn_logit_softcapping": 0.5}
# From transformers 5 on the mask is made above a PaliGemma's text model.
FROM_ABOVE = versions.contains(">=5.0.0rc0", transformers.__version__)
each = pytest.mark.parametrize("name", ["gemma2"] if FROM_ABOVE else ["gemma2", "paligemma"])


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


@pytest.mark.skipif(not FROM_ABOVE, reason="the text model makes its mask")
def test_a_mask_from_above_is_refused_and_the_line_to_type_is_right() -> None:
    model = tiny.build("paligemma", attn="sdpa", **CAPPED)
    with pytest.raises(PatchRefused, match="set_attn_implementation") as refused:
        apply("GC301", model)
    exec(str(refused.value).partition("type ")[2], {"model": model})
    expected = logits(tiny.build("paligemma", **CAPPED), "paligemma")
    assert torch.allclose(logits(model, "paligemma"), expected, atol=1e-5)


@pytest.mark.skipif(FROM_ABOVE, reason="refused")
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
