"""A reentrant checkpoint that is handed nothing with a gradient, by where it sits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import gemma_compat  # noqa: E402
from gemma_compat.live.tree import text_models  # noqa: E402

from .. import tiny  # noqa: E402
from .test_outside_checkpoints import around_attention, around_layers, wrap  # noqa: E402


def frozen_but_queries(name: str = "gemma2") -> Any:
    """As with an adapter: of all weights only those of the queries are trained."""
    model = tiny.build(name).train()
    for path, parameter in model.named_parameters():
        parameter.requires_grad_("q_proj" in path)
    return model


def nothing_more(model: Any) -> None:
    pass


def ask_embeddings(model: Any) -> None:
    model.enable_input_require_grads()


def train_everything(model: Any) -> None:
    model.requires_grad_(True)


CASES: list[tuple[Callable[[Any], None], Callable[[Any], None], bool]] = [
    (lambda model: around_attention(model, True), nothing_more, True),
    (lambda model: around_layers(model, True), nothing_more, True),
    (lambda model: around_attention(model, False), nothing_more, False),
    (nothing_more, nothing_more, False),
    (lambda model: around_attention(model, True), ask_embeddings, False),
    (lambda model: around_attention(model, True), train_everything, False),
]


@pytest.mark.parametrize(("place", "change", "expected"), CASES)
def test_it_is_seen_on_the_object(place: Any, change: Any, expected: bool) -> None:
    model = frozen_but_queries()
    place(model)
    change(model)
    facts = gemma_compat.detect_facts(model=model).model
    assert facts.external_cuts_gradients is expected
    assert loses_a_gradient(model) is expected


def test_a_layer_behind_a_trained_one_is_handed_a_gradient() -> None:
    model = frozen_but_queries()
    layers = text_models(model)[0][1].layers
    layers[1].self_attn = wrap(layers[1].self_attn, True)
    assert gemma_compat.detect_facts(model=model).model.external_cuts_gradients is False
    assert not loses_a_gradient(model)


def loses_a_gradient(model: Any) -> bool:
    """Whether a step leaves a weight that is trained without a gradient, or does not run."""
    loss = model(**tiny.batch("gemma2"), use_cache=False).loss
    if not loss.requires_grad:
        return True
    loss.backward()
    return any(p.requires_grad and p.grad is None for p in model.parameters())
