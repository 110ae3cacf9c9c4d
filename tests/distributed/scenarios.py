"""What one of two ranks does: build a tiny model, wrap it, train a step, compare.

The reference is the single process's: an unpatched model in eval mode with its cache on, given
the whole batch. Each rank gets half of its rows, all of one length, so the mean of the ranks'
mean losses is the loss of the whole, and averaged gradients are its gradients.

Needs torch, transformers, accelerate and this package; no test framework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from .. import tiny
from ..live import compare

ROWS = 4  # of the whole batch
WRAPPERS = ("ddp", "fsdp2", "accelerate-ddp", "accelerate-fsdp2")
CHECKPOINTING = ("no", "non-reentrant", "reentrant", "outside", "outside-reentrant")
PRECISIONS = ("fp32", "fp32-policy", "bf16")
_WRAPPER_NAMES = ("_checkpoint_wrapped_module.", "_fsdp_wrapped_module.", "_orig_mod.")


@dataclass(frozen=True)
class Scenario:
    """One way to train one model with two ranks.

    Attributes:
        model_type: which tiny model; multimodal ones are given text alone.
        wrapper: one of :data:`WRAPPERS`.
        checkpointing: one of :data:`CHECKPOINTING`; ``outside`` is accelerate's
            ``activation_checkpointing`` or torch's ``checkpoint_wrapper``.
        precision: ``fp32-policy`` is FSDP2's ``MixedPrecisionPolicy`` in float32, which casts
            nothing but goes through every input; ``bf16`` is that policy, accelerate's mixed
            precision, or (DDP) weights in bfloat16.
        patch: ``no``, or ``gemma_compat.patch`` ``before`` or ``after`` wrapping.
        select: the one rule that is patched; empty for whatever ``patch`` finds.
        towers: whether the towers ask for gradients.
        find_unused: DDP's ``find_unused_parameters``.
        lora: an adapter on the decoder's attention, the rest frozen.
        layer_class: name it to accelerate's FSDP; else that is left to ``_no_split_modules``.
        shares_kv: whether layers share keys and values, where the type can.
        forwards: forward passes before the one backward pass.
    """

    model_type: str
    wrapper: str
    checkpointing: str = "no"
    precision: str = "fp32"
    patch: str = "no"
    select: str = ""
    towers: bool = True
    find_unused: bool = False
    lora: bool = False
    layer_class: bool = True
    shares_kv: bool = True
    forwards: int = 1

    def but(self, **changes: Any) -> Scenario:
        """The same with other fields."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Rank:
    """Who this process is. ``device`` is ``cpu`` or ``cuda``."""

    index: int
    world: int
    device: str

    @property
    def place(self) -> torch.device:
        return torch.device(self.device, self.index if self.device == "cuda" else None)


def train(scenario: Scenario, rank: Rank) -> dict[str, Any]:
    """Two steps without an optimizer, the second compared (DDP complains in the second).

    Returns:
        the scenario, ``outcome`` (``right``, ``wrong``, ``refused`` or ``error``), the figures or
        the error, and the ``codes`` whose patches were in place.
    """
    found: dict[str, Any] = {**asdict(scenario), "codes": [], "outcome": "", "seen": ""}
    expected = reference(scenario, rank)
    try:
        model, backward = _prepared(scenario, rank, found)
        for _ in range(2):
            got = _step(scenario, model, backward, rank)
    except Exception as error:  # probe boundary: what breaks here is what we are here to see
        refused = type(error).__name__ in {"PatchRefused", "PatchTargetMissing"}
        return {**found, "outcome": "refused" if refused else "error", "seen": _one_line(error)}
    return {**found, **_judged(scenario, expected, got)}


def reference(scenario: Scenario, rank: Rank) -> compare.Run:
    """The single process's loss and gradients on the whole batch."""
    model = _model(scenario).to(rank.place).eval()
    batch = _on(tiny.batch(scenario.model_type, size=ROWS), rank)
    with _autocast(scenario, rank):
        loss = model(**batch, use_cache=True).loss
    loss.backward()
    return compare.Run(loss.item(), _gradients(model))


def _model(scenario: Scenario) -> Any:
    changes = {} if scenario.shares_kv else {"num_kv_shared_layers": 0}
    model = compare.make(scenario.model_type, lora=scenario.lora, **changes)
    if not scenario.towers:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(parameter.requires_grad and not _is_tower(name))
    casts_weights = scenario.precision == "bf16" and scenario.wrapper != "accelerate-ddp"
    return model.to(torch.bfloat16) if casts_weights else model


def _is_tower(name: str) -> bool:
    return any(part in name for part in ("vision", "audio", "multi_modal_projector"))


def _autocast(scenario: Scenario, rank: Rank) -> Any:
    """As accelerate's mixed precision; its FSDP2 casts by a policy in place of autocast."""
    if scenario.precision != "bf16" or "accelerate" not in scenario.wrapper:
        return nullcontext()
    return torch.autocast(rank.device, torch.bfloat16)


def _prepared(scenario: Scenario, rank: Rank, found: dict[str, Any]) -> tuple[Any, Any]:
    """The wrapped model in training, patched where asked for, and what runs its backward."""
    import gemma_compat

    chosen = [scenario.select] if scenario.select else None
    model = _model(scenario)
    if scenario.precision == "bf16" and scenario.wrapper.endswith("fsdp2"):
        model = model.float()  # its policy casts, and keeps float32 shards
    if scenario.checkpointing in {"non-reentrant", "reentrant"}:
        keywords = {"use_reentrant": scenario.checkpointing == "reentrant"}
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=keywords)
        model.enable_input_require_grads()
    if scenario.patch == "before":
        found["codes"] = list(gemma_compat.patch(model, select=chosen).codes)
    wrapped, backward = _WRAP[scenario.wrapper](scenario, model.train(), rank)
    if scenario.patch == "after":
        found["codes"] = list(gemma_compat.patch(wrapped, select=chosen).codes)
    return wrapped.train(), backward


def _ddp(scenario: Scenario, model: Any, rank: Rank) -> tuple[Any, Any]:
    from torch.nn.parallel import DistributedDataParallel

    _wrap_layers(scenario, model)
    wrapped = DistributedDataParallel(
        model.to(rank.place), find_unused_parameters=scenario.find_unused
    )
    return wrapped, torch.Tensor.backward


def _fsdp2(scenario: Scenario, model: Any, rank: Rank) -> tuple[Any, Any]:
    """``fully_shard`` on each decoder layer, then on the whole."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

    from gemma_compat.live.tree import text_models

    _wrap_layers(scenario, model)
    dtype = {"fp32-policy": torch.float32, "bf16": torch.bfloat16}.get(scenario.precision)
    policy = MixedPrecisionPolicy(param_dtype=dtype, reduce_dtype=dtype and torch.float32)
    mesh = init_device_mesh(rank.device, (rank.world,))
    model = model.to(rank.place)
    for layer in text_models(model)[0][1].layers:
        fully_shard(layer, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh, mp_policy=policy)
    return model, torch.Tensor.backward


def _wrap_layers(scenario: Scenario, model: Any) -> None:
    """torch's ``checkpoint_wrapper`` around each decoder layer."""
    from torch.distributed.algorithms._checkpoint import checkpoint_wrapper as torch_wrapper

    from gemma_compat.live.tree import text_models

    if not scenario.checkpointing.startswith("outside"):
        return
    how = "REENTRANT" if scenario.checkpointing.endswith("reentrant") else "NO_REENTRANT"
    layers = text_models(model)[0][1].layers
    for index, layer in enumerate(layers):
        layers[index] = torch_wrapper.checkpoint_wrapper(
            layer, checkpoint_impl=torch_wrapper.CheckpointImpl[how]
        )


def _accelerate(scenario: Scenario, model: Any, rank: Rank) -> tuple[Any, Any]:
    from accelerate import Accelerator
    from accelerate.utils import DistributedDataParallelKwargs

    _, _, kind = scenario.wrapper.partition("-")
    options: dict[str, Any] = {"cpu": rank.device == "cpu"}
    if scenario.precision == "bf16":
        options["mixed_precision"] = "bf16"
    if kind == "ddp":
        _wrap_layers(scenario, model)
        unused = DistributedDataParallelKwargs(find_unused_parameters=scenario.find_unused)
        options["kwargs_handlers"] = [unused]
    else:
        options["fsdp_plugin"] = _fsdp2_plugin(scenario, model)
    accelerator = Accelerator(**options)
    if kind != "ddp" and rank.device == "cpu":
        _shard_on_cpu(accelerator, options["fsdp_plugin"])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    wrapped, _ = accelerator.prepare(model, optimizer)
    return wrapped, accelerator.backward


def _shard_on_cpu(accelerator: Any, plugin: Any) -> None:
    """Accelerate takes to FSDP on GPUs alone and else falls back on DDP without a word.

    Its state is told, so that its own wrapping runs; what it wraps by is not changed.
    """
    from accelerate.utils import DistributedType

    accelerator.state.distributed_type = DistributedType.FSDP
    accelerator.state.fsdp_plugin = plugin
    if accelerator.mixed_precision != "no":
        plugin.set_mixed_precision(accelerator.mixed_precision)


def _fsdp2_plugin(scenario: Scenario, model: Any) -> Any:
    from accelerate import FullyShardedDataParallelPlugin

    from gemma_compat.live.tree import text_models

    options: dict[str, Any] = {
        "fsdp_version": 2,
        "auto_wrap_policy": "transformer_based_wrap",
        "activation_checkpointing": scenario.checkpointing == "outside",
    }
    if scenario.layer_class:
        layer = type(text_models(model)[0][1].layers[0])
        options["transformer_cls_names_to_wrap"] = [layer.__name__]
    return FullyShardedDataParallelPlugin(**options)


_WRAP: dict[str, Callable[[Scenario, Any, Rank], tuple[Any, Any]]] = {
    "ddp": _ddp,
    "fsdp2": _fsdp2,
    "accelerate-ddp": _accelerate,
    "accelerate-fsdp2": _accelerate,
}


def _step(scenario: Scenario, model: Any, backward: Any, rank: Rank) -> compare.Run:
    """Forward and backward on this rank's rows; the loss and gradients of the whole."""
    model.zero_grad(set_to_none=True)
    mine = ROWS // rank.world
    rows = slice(rank.index * mine, (rank.index + 1) * mine)
    batch = tiny.batch(scenario.model_type, size=ROWS)
    batch = _on({name: value[rows] for name, value in batch.items()}, rank)
    losses = [model(**batch).loss for _ in range(scenario.forwards)]
    loss = sum(losses[1:], losses[0]) / scenario.forwards
    backward(loss)
    total = loss.detach().clone()
    torch.distributed.all_reduce(total)
    return compare.Run(total.item() / rank.world, _gradients(model))


def _on(batch: Mapping[str, torch.Tensor], rank: Rank) -> dict[str, torch.Tensor]:
    return {name: value.to(rank.place) for name, value in batch.items()}


def _gradients(model: Any) -> dict[str, torch.Tensor | None]:
    """Whole gradients by the names that the bare model gives its parameters."""
    return {
        _bare(name): None if parameter.grad is None else _whole(parameter.grad)
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


def _bare(name: str) -> str:
    for part in _WRAPPER_NAMES:
        name = name.replace(part, "")
    return name.removeprefix("module.")


def _whole(grad: Any) -> torch.Tensor:
    grad = grad.full_tensor() if hasattr(grad, "full_tensor") else grad
    return grad.detach().double().cpu().clone()


def _judged(scenario: Scenario, expected: compare.Run, got: compare.Run) -> dict[str, Any]:
    """Equal within rounding: that of float32, or of a bfloat16 step over other rows at once.

    A gradient of zeros where the single process has none (DDP and FSDP make them) is none.
    """
    expected, got = (compare.Run(run.loss, _without_zeros(run.grads)) for run in (expected, got))
    found = compare.differences(expected, got)
    right = found.are_none()
    if scenario.precision == "bf16":
        close = found.loss <= 0.05 and found.min_cosine >= 0.98 and found.max_norm_error <= 0.1
        right = close and not found.missing and not found.extra
    figures = {
        "loss": got.loss,
        "loss_off": found.loss,
        "min_cosine": found.min_cosine,
        "max_norm_error": found.max_norm_error,
        "missing": len(found.missing),
        "extra": len(found.extra),
    }
    outcome = "right" if right else "wrong"
    return {"outcome": outcome, "seen": compare.one_line(found), **figures}


def _without_zeros(grads: Mapping[str, torch.Tensor | None]) -> dict[str, torch.Tensor | None]:
    return {name: None if grad is None or not grad.any() else grad for name, grad in grads.items()}


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
