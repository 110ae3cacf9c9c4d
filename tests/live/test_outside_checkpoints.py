"""Checkpointing from outside is a fact of the model, wherever it sits; with reentry it stops."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from torch.distributed.algorithms._checkpoint import checkpoint_wrapper as wrappers  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

import gemma_compat  # noqa: E402
from gemma_compat.errors import PatchRefused  # noqa: E402
from gemma_compat.live.tree import named_configs, text_models  # noqa: E402

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402

SHARING = [n for n in ("gemma3n_text", "gemma4_text", "gemma4") if n in tiny.available()]
OTHERS = [n for n in ("gemma2", "gemma3_text", "gemma3", "paligemma") if n in tiny.available()]
CODES = {"GC104", "GC201"}  # the second from the releases on that share outside the cache


def wrap(module: Any, reentrant: bool) -> Any:
    impl = wrappers.CheckpointImpl
    kind = impl.REENTRANT if reentrant else impl.NO_REENTRANT
    return wrappers.checkpoint_wrapper(module, checkpoint_impl=kind)


def around_layers(model: Any, reentrant: bool) -> None:
    layers = text_models(model)[0][1].layers
    for index, layer in enumerate(layers):
        layers[index] = wrap(layer, reentrant)


def around_one_layer(model: Any, reentrant: bool) -> None:
    layers = text_models(model)[0][1].layers
    layers[0] = wrap(layers[0], reentrant)


def around_attention(model: Any, reentrant: bool) -> None:
    for layer in text_models(model)[0][1].layers:
        layer.self_attn = wrap(layer.self_attn, reentrant)


def with_a_function(model: Any, reentrant: bool) -> None:
    layers = text_models(model)[0][1].layers
    for index, layer in enumerate(layers):
        layers[index] = wrappers.checkpoint_wrapper(
            layer, checkpoint_fn=checkpoint, use_reentrant=reentrant
        )


def as_partial(model: Any, reentrant: bool) -> None:
    for layer in text_models(model)[0][1].layers:
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=reentrant)


PLACES: list[Callable[[Any, bool], None]] = [
    around_layers,
    around_one_layer,
    around_attention,
    with_a_function,
    as_partial,
]


def cache_off(model: Any) -> None:
    for _, config in named_configs(model):
        config.use_cache = False


def model_facts(model: Any) -> Any:
    return gemma_compat.detect_facts(model=model).model


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.parametrize("name", ["gemma2"])
def test_it_is_seen_wherever_it_sits(name: str, place: Any, reentrant: bool) -> None:
    model = tiny.build(name)
    place(model, reentrant)
    found = model_facts(model)
    assert (found.external_checkpointing, found.external_reentrant) == (True, reentrant)


def test_composable_checkpointing_is_seen() -> None:
    from torch.distributed._composable import checkpoint as composable

    model = tiny.build("gemma2")
    for layer in text_models(model)[0][1].layers:
        composable(layer)
    found = model_facts(model)
    assert (found.external_checkpointing, found.external_reentrant) == (True, False)


def test_a_function_that_does_not_say_leaves_it_unknown() -> None:
    model = tiny.build("gemma2")
    layers = text_models(model)[0][1].layers
    layers[0] = wrappers.checkpoint_wrapper(layers[0], checkpoint_fn=lambda f, *a, **k: f(*a, **k))
    found = model_facts(model)
    assert found.external_checkpointing is True
    assert not found.known("external_reentrant")


def around_mlp(model: Any) -> None:
    for layer in text_models(model)[0][1].layers:
        layer.mlp = wrap(layer.mlp, True)


def offloaded(model: Any) -> None:
    layers = text_models(model)[0][1].layers
    for index, layer in enumerate(layers):
        layers[index] = wrappers.offload_wrapper(layer)


def around_a_tower(model: Any) -> None:
    for _, module in list(model.named_modules()):
        if type(module).__name__ == "SiglipEncoderLayer":
            module.mlp = wrap(module.mlp, True)


@pytest.mark.parametrize("change", [lambda model: None, around_mlp, offloaded, around_a_tower])
def test_what_recomputes_no_attention_of_the_text_model_is_none(change: Any) -> None:
    model = tiny.build("gemma3" if "gemma3" in OTHERS else "gemma2")
    change(model)
    found = model_facts(model)
    assert (found.external_checkpointing, found.external_reentrant) == (False, None)


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SHARING)
def test_reentrant_around_shared_layers_stops_patch(name: str, place: Any, cached: bool) -> None:
    """With the cache on it crashes, with the cache off it trains wrong in silence."""
    model = tiny.build(name).train()
    if not cached:
        cache_off(model)
    place(model, True)
    said = {finding.rule.code for finding in gemma_compat.diagnose(model).findings}
    assert said & CODES
    before = compare.graph(model)
    for options in ({}, {"select": ["GC804"]}, {"args": {"gradient_checkpointing": False}}):
        with pytest.raises(PatchRefused, match="GC104|GC201"):
            gemma_compat.patch(model, **options)
        assert compare.graph(model) == before


@pytest.mark.parametrize("place", [around_layers, around_attention, as_partial])
@pytest.mark.parametrize("name", [*SHARING, *OTHERS])
def test_without_reentry_a_patched_model_trains_right(name: str, place: Any) -> None:
    expected = compare.reference(name)
    model = tiny.build(name).train()
    place(model, False)
    gemma_compat.patch(model)
    got = compare.run(model, tiny.batch(name))
    grads = {key.replace("_checkpoint_wrapped_module.", ""): g for key, g in got.grads.items()}
    compare.assert_same(expected, compare.Run(got.loss, grads))


@pytest.mark.parametrize("name", OTHERS)
def test_reentrant_around_other_layers_is_cured(name: str) -> None:
    expected = compare.reference(name)
    model = tiny.build(name).train()
    model.enable_input_require_grads()
    around_layers(model, True)
    gemma_compat.patch(model)
    got = compare.run(model, tiny.batch(name))
    grads = {key.replace("_checkpoint_wrapped_module.", ""): g for key, g in got.grads.items()}
    compare.assert_same(expected, compare.Run(got.loss, grads))
