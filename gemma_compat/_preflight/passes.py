"""One forward and backward in the run's circumstances, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..live.tree import layer_wrappers, text_models

if TYPE_CHECKING:
    from .subject import Subject

SAMPLE_BYTES = 256 * 2**20  # of gradients that are kept for comparing, in fp32 on the CPU
SHORT = 512  # tokens of the batch that gradients are compared on where checkpointing is used


@dataclass
class Pass:
    """What one forward and backward showed.

    Attributes:
        loss: as the model returned it, ``None`` where it raised.
        norms: gradient norm by name, for every parameter; ``None`` where it got no gradient.
        sample: gradients in fp32 on the CPU, of as many parameters as :data:`SAMPLE_BYTES` hold.
        peaks: largest absolute output of each decoder layer, by path, with its dtype's name.
        error: what was raised, ``None`` where nothing was.
    """

    loss: float | None = None
    norms: dict[str, float | None] = field(default_factory=dict)
    sample: dict[str, Any] = field(default_factory=dict)
    peaks: dict[str, tuple[float, str]] = field(default_factory=dict)
    error: BaseException | None = None

    @property
    def is_out_of_memory(self) -> bool:
        return is_out_of_memory(self.error)


def is_out_of_memory(error: BaseException | None) -> bool:
    """CUDA's error has a class of its own, the CPU's is told by its words."""
    if error is None:
        return False
    return type(error).__name__ == "OutOfMemoryError" or "not enough memory" in str(error)


def run_pass(subject: Subject, *, checkpointing: bool, short: bool = False) -> Pass:
    """A training forward and backward without dropout; leaves no trace.

    Args:
        checkpointing: as the run checkpoints; ``False`` for none at all.
        short: on a part of the batch, where memory may not hold all of it without checkpointing.
    """
    batch = shortened(subject.batch) if short else subject.batch
    found = Pass()
    with subject.trial():
        prepare(subject, checkpointing)
        handles = [*_watch_layers(subject.base, found.peaks)]
        try:
            loss = subject.call(batch, **subject.arguments()).loss
            found.loss = float(loss.detach().float())
            subject.passes += 2 / 3
            loss.backward()
            _collect(subject.model, found)
        except Exception as error:  # probe boundary: whatever the user's model raises is the answer
            found.error = error.with_traceback(None)
        finally:
            for handle in handles:
                handle.remove()
    return found


def reference_loss(subject: Subject) -> float:
    """The loss of the network that generation runs: eval mode, the cache on, no dropout."""
    import torch

    with subject.trial(), torch.no_grad():
        subject.model.eval()
        return float(subject.call(use_cache=True).loss.float())


def prepare(subject: Subject, checkpointing: bool) -> None:
    """Training mode without dropout; gradients cleared; checkpointing as the run has it, or off."""
    model = subject.model
    model.train()
    for module in model.modules():
        _quieten(module)
    for parameter in model.parameters():
        parameter.grad = None
    if not checkpointing:
        _switch_checkpointing_off(model)
    elif wants_checkpointing(subject) and not is_checkpointing(model):
        _switch_checkpointing_on(subject)


def _quieten(module: Any) -> None:
    """No dropout: that of modules by their mode, that of attentions by their rate."""
    if "Dropout" in type(module).__name__:
        module.training = False
    for name in ("attention_dropout", "dropout"):
        if isinstance(vars(module).get(name), float):
            setattr(module, name, 0.0)


def wants_checkpointing(subject: Subject) -> bool:
    """Whether the run's arguments turn it on (renamed in transformers 5.23)."""
    args = subject.args
    values = args if isinstance(args, Mapping) else getattr(args, "__dict__", {})
    return any(bool(values.get(f"{name}_checkpointing")) for name in ("gradient", "activation"))


def is_checkpointing(model: Any) -> bool:
    """Whether any module checkpoints itself, or sits in a checkpoint wrapper."""
    return any(
        vars(module).get("gradient_checkpointing") is True
        or "_checkpoint_wrapped_module" in module._modules
        for module in model.modules()
    )


def _switch_checkpointing_off(model: Any) -> None:
    for module in model.modules():
        if vars(module).get("gradient_checkpointing") is True:
            module.gradient_checkpointing = False


def _switch_checkpointing_on(subject: Subject) -> None:
    """As ``Trainer.train`` would."""
    args = subject.args
    values = args if isinstance(args, Mapping) else vars(args)
    options = values.get("gradient_checkpointing_kwargs") or values.get(
        "activation_checkpointing_kwargs"
    )
    subject.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=options)


def shortened(batch: dict[str, Any]) -> dict[str, Any]:
    """The first row with a label, at most :data:`SHORT` tokens of it; whole with images."""
    rows, tokens = batch["input_ids"].shape
    if "pixel_values" in batch or rows * tokens <= SHORT:
        return batch
    trained = (batch["labels"] != -100).any(dim=1).nonzero().flatten().tolist()
    row = trained[0] if trained else 0
    labelled = (batch["labels"][row] != -100).nonzero().flatten().tolist()
    end = min(tokens, max(SHORT, (labelled[0] if labelled else 0) + SHORT // 2))
    cut = slice(end - min(end, SHORT), end)
    return {
        name: value[row : row + 1, cut]
        if tuple(getattr(value, "shape", ())) == (rows, tokens)
        else value
        for name, value in batch.items()
    }


def _collect(model: Any, found: Pass) -> None:
    """Norms of all gradients, and the gradients of the sampled parameters."""
    trained = [
        (name, p) for name, p in model.named_parameters() if p.requires_grad or p.grad is not None
    ]
    chosen = set(sampled(model))
    for name, parameter in trained:
        grad = parameter.grad
        found.norms[name] = None if grad is None else float(grad.detach().float().norm())
        if grad is not None and name in chosen:
            found.sample[name] = grad.detach().float().cpu().clone()


def sampled(model: Any) -> list[str]:
    """Names of the parameters whose gradients are kept: evenly over the model, within the bound.

    What layers lend to each other comes first (keys and values): there a gradient is lost most
    silently.
    """
    trained = [(name, p.numel() * 4) for name, p in model.named_parameters() if p.requires_grad]
    if sum(size for _, size in trained) <= SAMPLE_BYTES:
        return [name for name, _ in trained]
    lent = [item for item in trained if "k_proj" in item[0] or "v_proj" in item[0]]
    rest = [item for item in trained if item not in lent]
    kept, used = [], 0
    for name, size in [*_spread(lent), *_spread(rest)]:
        if used + size <= SAMPLE_BYTES:
            kept.append(name)
            used += size
    return kept


def _spread(items: list[Any]) -> Iterator[Any]:
    """First, last, middle, quarters: any beginning of the order covers the whole list."""
    step = max(1, len(items))
    seen: set[int] = set()
    while items and len(seen) < len(items):
        for index in (*range(0, len(items), step), len(items) - 1):
            if index not in seen:
                seen.add(index)
                yield items[index]
        step = max(1, step // 2)


def _watch_layers(base: Any, peaks: dict[str, tuple[float, str]]) -> Iterator[Any]:
    """Hooks that note the largest absolute output of each decoder layer."""

    def note(path: str) -> Any:
        def hook(module: Any, args: Any, output: Any) -> None:
            hidden = output[0] if isinstance(output, tuple) else output
            if hasattr(hidden, "dtype") and hidden.dtype.is_floating_point:
                name = str(hidden.dtype).removeprefix("torch.")
                peaks[path] = (float(hidden.detach().abs().amax().float()), name)

        return hook

    for prefix, text_model in text_models(base):
        for index, layer in enumerate(text_model.layers):
            path = f"{prefix}.layers.{index}"
            yield layer_wrappers(layer)[0].register_forward_hook(note(path))
