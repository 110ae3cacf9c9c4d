"""The models that share keys and values, and which of the two rules concerns them here."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from torch.distributed.algorithms._checkpoint import checkpoint_wrapper as outside

from gemma_compat import versions
from gemma_compat.patching.ledger import Ledger
from gemma_compat.rules import find

from .. import tiny
from . import compare

RELEASE = transformers.__version__
NAMES = [name for name in tiny.available() if name.startswith(("gemma3n", "gemma4"))]
MODES = {"no checkpointing": None, "non-reentrant": False, "reentrant": True}

needs_sharing = pytest.mark.skipif(
    not NAMES, reason=f"transformers {RELEASE} has no model that shares keys and values"
)
every_name = pytest.mark.parametrize("name", NAMES)
every_mode = pytest.mark.parametrize("mode", MODES.values(), ids=MODES.keys())


def on(specifier: str) -> bool:
    return versions.contains(specifier, RELEASE)


def shares_by_cache_alone(name: str) -> bool:
    """Whether this release loses shared keys and values without a cache (GC104)."""
    return on("<5.6.0") if name.startswith("gemma3n") else on("<5.5.2")


carried = pytest.mark.parametrize("name", [name for name in NAMES if shares_by_cache_alone(name)])
only_detached = pytest.mark.parametrize(
    "name", [name for name in NAMES if not shares_by_cache_alone(name)]
)


def code_for(name: str) -> str:
    return "GC104" if shares_by_cache_alone(name) else "GC201"


def is_broken(name: str, mode: bool | None, use_cache: bool | None) -> bool:
    """Whether a training step goes wrong without a patch."""
    if not shares_by_cache_alone(name):
        return mode is True
    return on("<5.0.0rc1") or mode is not None or use_cache is False


def base_of(model: Any) -> Any:
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def apply(name: str, model: Any, code: str | None = None) -> Ledger:
    """The patch of the rule that concerns this model on this release, or the one asked for."""
    ledger = Ledger(code or code_for(name), base_of(model))
    with ledger:
        rule = find(ledger.code)
        assert rule.patch is not None
        rule.patch(base_of(model), ledger)
    return ledger


def checkpoint(model: Any, mode: bool | None) -> Any:
    """The model in training, checkpointed with this ``use_reentrant``, or not at all."""
    base = base_of(model)
    if mode is not None:
        base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": mode})
        if base is not model:
            base.enable_input_require_grads()
    return model.train()


def patched(name: str, mode: bool | None = None, **kwargs: Any) -> Any:
    """A patched model for which checkpointing is turned on after the patch."""
    model = compare.make(name, **kwargs)
    apply(name, model)
    return checkpoint(model, mode)


def options(use_cache: bool | None) -> dict[str, Any]:
    return {} if use_cache is None else {"use_cache": use_cache}


def text_model(model: Any) -> Any:
    from gemma_compat.live.tree import text_models

    return text_models(base_of(model))[0][1]


def functions(model: Any) -> list[Any]:
    """The checkpoint function of each decoder layer."""
    return [vars(layer).get("_gradient_checkpointing_func") for layer in text_model(model).layers]


def two_forwards(model: Any, one: compare.Batch, other: compare.Batch, **kwargs: Any) -> Any:
    """Both losses before one backward."""
    model.zero_grad(set_to_none=True)
    loss: torch.Tensor = model(**one, **kwargs).loss + model(**other, **kwargs).loss
    loss.backward()
    return compare.Run(loss.item(), compare.gradients(model))


def wrap(model: Any, how: str) -> Any:
    """Each decoder layer in torch's ``CheckpointWrapper``: ``NO_REENTRANT`` or ``REENTRANT``."""
    how = outside.CheckpointImpl[how]
    layers = text_model(model).layers
    for index, layer in enumerate(layers):
        layers[index] = outside.checkpoint_wrapper(layer, checkpoint_impl=how)
    return model
