"""Preflight holds no second set of gradients or weights: the bytes that it makes are counted."""

from __future__ import annotations

import weakref
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import gemma_compat
from gemma_compat._preflight import passes, untouched
from gemma_compat.errors import GemmaCompatError

from .. import tiny
from ..live.compare import add_lora
from . import runs

SIZES = {"hidden_size": 256, "intermediate_size": 1024, "head_dim": 64, "num_hidden_layers": 6}
SETTINGS = {
    "per_device_train_batch_size": 1,
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": False},
    "gradient_accumulation_steps": 2,
}


class Held(TorchDispatchMode):
    """Count the bytes of all storages that are made while it is on, and the most at one time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        given = {t.untyped_storage()._cdata for t in _tensors((args, kwargs))}
        for tensor in _tensors(found):
            storage = tensor.untyped_storage()
            if storage._cdata not in given | self._known:
                self._known.add(storage._cdata)
                self.now += storage.nbytes()
                self.peak = max(self.peak, self.now)
                weakref.finalize(storage, self._freed, storage._cdata, storage.nbytes())
        return found

    def _freed(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


def _tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def built() -> Any:
    model = tiny.build("gemma3_text", **SIZES)
    model.config.use_cache = False
    return model


def short(rows: int) -> dict[str, Any]:
    """Rows of eight tokens: beside these weights their activations are small."""
    return {name: value[:, :8] for name, value in runs.text(rows).items()}


def held_bytes(model: Any) -> int:
    return sum(p.numel() * p.element_size() for p in model.parameters())


def test_no_second_set_of_gradients_is_held(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = built()
    total = held_bytes(model)
    # Of a model of this size all gradients would be sampled; of a large one few are.
    monkeypatch.setattr(passes, "SAMPLE_BYTES", total // 50)
    run = runs.trainer(model, tmp_path, short(4), **SETTINGS)
    with Held() as step:
        built()(**short(1)).loss.backward()
    with Held() as tried:
        result = gemma_compat.preflight(run)
    assert result.ok and step.peak > total  # a step of the run holds a whole set
    assert tried.peak < 0.35 * total, tried.peak / total
    assert tried.now < 0.01 * total


def test_weights_of_a_lora_are_not_copied(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = add_lora(built())
    run = runs.trainer(model, tmp_path, short(4), **SETTINGS)
    with Held() as tried:
        assert gemma_compat.preflight(run).ok
    assert tried.peak < 0.35 * held_bytes(model)


class Packed(torch.nn.Module):
    """Keeps its weights in a buffer, as GPTQ's and AWQ's layers do."""

    def __init__(self, around: Any) -> None:
        super().__init__()
        self.around, self.writes = around, False
        self.register_buffer("qweight", torch.zeros(1000))

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        if self.writes:
            self.qweight.add_(1)
        return self.around(*args, **kwargs)


@pytest.mark.parametrize("writes", [False, True])
def test_a_large_buffer_is_watched_and_not_copied(
    writes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(untouched, "_COPIED", 2_000)
    model = tiny.build("gemma3_text")
    layer = model.model.layers[0]
    layer.mlp = Packed(layer.mlp)
    if not writes:
        assert gemma_compat.preflight(model, runs.text(2)).ok
        return
    layer.mlp.writes = True
    with pytest.raises(GemmaCompatError, match="wrote to 1 weights"):
        gemma_compat.preflight(model, runs.text(2))
