"""What is done to a model or its batch before a step, and undone after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import torch

from .steps import Bench


@contextmanager
def own_loop(bench: Bench) -> Iterator[None]:
    """Change nothing."""
    yield


@contextmanager
def checkpointed(bench: Bench, reentrant: bool) -> Iterator[None]:
    """Turn transformers' own checkpointing on."""
    options = {"use_reentrant": reentrant}
    bench.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=options)
    try:
        yield
    finally:
        bench.model.gradient_checkpointing_disable()


@contextmanager
def checkpointed_without_cache(bench: Bench) -> Iterator[None]:
    """The same, where the config has ``use_cache`` off, as transformers 5's Trainer leaves it."""
    config = bench.model.config
    before, config.use_cache = config.use_cache, False
    try:
        with checkpointed(bench, reentrant=False):
            yield
    finally:
        config.use_cache = before


@contextmanager
def wrapped(bench: Bench) -> Iterator[None]:
    """Put torch's own non-reentrant wrapper around every decoder layer."""
    from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

    layers = _layers(bench.model)
    for index, layer in enumerate(layers):
        layers[index] = checkpoint_wrapper(layer)
    try:
        yield
    finally:
        for index, layer in enumerate(layers):
            layers[index] = layer._checkpoint_wrapped_module


@contextmanager
def evaluation(bench: Bench) -> Iterator[None]:
    """Switch the model to evaluation."""
    bench.model.eval()
    try:
        yield
    finally:
        bench.model.train()


@contextmanager
def packed(bench: Bench) -> Iterator[None]:
    """Let each row hold four samples, told apart by position ids that start anew."""
    whole = bench.batch
    rows, tokens = whole["input_ids"].shape
    positions = torch.arange(tokens, device=whole["input_ids"].device) % (tokens // 4)
    kept = {name: value for name, value in whole.items() if name != "attention_mask"}
    bench.batch = {**kept, "position_ids": positions.expand(rows, -1).contiguous()}
    try:
        yield
    finally:
        bench.batch = whole


@contextmanager
def without_token_types(bench: Bench) -> Iterator[None]:
    """Leave out of the batch what tells a multimodal model which tokens are images."""
    whole = bench.batch
    bench.batch = {name: value for name, value in whole.items() if "token_type_ids" not in name}
    try:
        yield
    finally:
        bench.batch = whole


@contextmanager
def fully_sharded(bench: Bench) -> Iterator[None]:
    """Give each layer and the whole to FSDP2, over this GPU alone. It stays so: measure it last."""
    from torch.distributed import HashStore, init_process_group, is_initialized
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    if not is_initialized():
        init_process_group(store=HashStore(), rank=0, world_size=1)
    mesh = init_device_mesh(bench.options.device, (1,))
    for module in (*_layers(bench.model), bench.model):
        fully_shard(module, mesh=mesh)
    yield


@contextmanager
def four_bit_in_float32(bench: Bench) -> Iterator[None]:
    """Let the 4-bit layers compute in float32, as ``BitsAndBytesConfig`` does if not told.

    Checkpointed, as what is trained in 4 bits usually has no room for all activations.
    """
    named = [module for module in bench.model.modules() if type(module).__name__ == "Linear4bit"]
    layers = [getattr(module, "base_layer", module) for module in named]  # inside PEFT's own
    before = [layer.compute_dtype for layer in layers]
    for layer in layers:
        layer.compute_dtype = torch.float32
    try:
        with checkpointed(bench, reentrant=False):
            yield
    finally:
        for layer, dtype in zip(layers, before, strict=True):
            layer.compute_dtype = dtype


def _layers(model: Any) -> Any:
    """Return the decoder layers, inside PEFT's wrapper too."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    return getattr(base.model, "language_model", base.model).layers


Circumstance = Callable[[Bench], AbstractContextManager[None]]
CIRCUMSTANCES: dict[str, Circumstance] = {
    "reentrant checkpointing": partial(checkpointed, reentrant=True),
    "own loop": own_loop,
    "non-reentrant checkpointing": partial(checkpointed, reentrant=False),
    "checkpoint wrappers": wrapped,
    "evaluation": evaluation,
}
