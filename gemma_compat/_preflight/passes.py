"""Make one forward and backward pass as the run would, and keep what the checks need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import shadow as shadows
from .chance import is_seeded, own_seed, quieten
from .samples import shortened
from .watching import watch_calls, watch_layers, watch_routers

if TYPE_CHECKING:
    from .subject import Subject

SAMPLE_BYTES = 256 * 2**20  # of gradients kept for comparison, in fp32 on the CPU
SHORT = 512  # tokens of the batch on which gradients with and without checkpointing are compared


@dataclass
class Pass:
    """What one forward and backward pass showed.

    Attributes:
        loss: as the run's step returned it; ``None`` if it raised.
        norms: gradient norm by name, for every parameter; ``None`` for one without a gradient.
        sample: gradients in fp32 on the CPU, of as many parameters as fit :data:`SAMPLE_BYTES`.
        peaks: largest absolute output of each decoder layer, by path, with its dtype's name.
        experts: by the router's path: the experts that tokens went to, experts for each token, and
            experts in all.
        trains: whether the model was in training mode; ``None`` if the run did not call it.
        cleared: whether a gradient was there during the step, and gone after it.
        unscaled: whether the run has a gradient scaler, and its step did not use it.
        seeded: whether the step set torch's seed.
        error: what was raised; ``None`` if nothing was.
    """

    loss: float | None = None
    norms: dict[str, float | None] = field(default_factory=dict)
    sample: dict[str, Any] = field(default_factory=dict)
    peaks: dict[str, tuple[float, str]] = field(default_factory=dict)
    experts: dict[str, tuple[set[int], int, int]] = field(default_factory=dict)
    trains: bool | None = None
    cleared: bool = False
    unscaled: bool = False
    seeded: bool = False
    error: BaseException | None = None

    @property
    def is_out_of_memory(self) -> bool:
        return is_out_of_memory(self.error)


def is_out_of_memory(error: BaseException | None) -> bool:
    """Return whether memory ran out: CUDA's error has a class, the CPU's only a text."""
    if error is None:
        return False
    return type(error).__name__ == "OutOfMemoryError" or "not enough memory" in str(error)


def run_pass(subject: Subject, *, checkpointing: bool, short: bool = False) -> Pass:
    """Make the run's own training step without dropout, and leave no trace.

    If gradients overflow under a gradient scaler, repeat the step without a scale, since a scaler
    would lower its scale by itself.

    Args:
        subject: the model, batch and run.
        checkpointing: ``True`` to checkpoint as the run does; ``False`` for none at all.
        short: use a part of the batch, since without checkpointing memory may not hold all of it.
    """
    batch = short_of(subject) if short else subject.batch
    found = _pass(subject, batch, checkpointing, shadows.SCALE)
    if _scales(subject) and not _is_finite(found):
        found = _pass(subject, batch, checkpointing, 1.0)
    return found


def short_of(subject: Subject) -> dict[str, Any]:
    """Return at most :data:`SHORT` tokens of the batch; all of it if its loss is not over tokens.

    A batch that is a little longer is halved: it is run twice, for no more than one pass of all.
    """
    if not subject.is_causal:
        return subject.batch
    tokens = subject.batch["input_ids"].numel()
    return shortened(subject.batch, SHORT if tokens <= SHORT else min(SHORT, tokens // 2))


def _pass(subject: Subject, batch: dict[str, Any], checkpointing: bool, factor: float) -> Pass:
    found = Pass()
    with subject.trial():
        prepare(subject, checkpointing)
        gradients = _Gradients(subject, found)
        handles = [
            *watch_layers(subject.base, found.peaks),
            *watch_routers(subject.base, found),
            watch_calls(subject, found),
        ]
        try:
            subject.spend(1.0, batch)
            seed = own_seed()
            found.loss = _step(subject, batch, factor)
            found.seeded = is_seeded(seed)
            found.unscaled = shadows.is_passed_by(subject.trainer)
            gradients.collect(shadows.scale_of(subject.trainer))
        except Exception as error:  # probe boundary: any error of the user's model is a result
            found.error = error.with_traceback(None)
        finally:
            for handle in (*handles, *gradients.handles):
                handle.remove()
    return found


def _step(subject: Subject, batch: dict[str, Any], factor: float) -> float:
    """Return the loss of the Trainer's own step, else of a plain forward and backward pass."""
    if subject.trainer is not None:
        model = shadows.prepared(subject.trainer, subject.model)
        return float(shadows.step(subject.trainer, model, batch, factor=factor))
    with subject.precision():
        loss = subject.model(**{**batch, **subject.arguments()}).loss
    if loss is None:
        raise ValueError("the model returned no loss for this batch")
    loss.backward()
    return float(loss.detach().float())


def _scales(subject: Subject) -> bool:
    return shadows.scale_of(subject.trainer) != 1.0


def _is_finite(found: Pass) -> bool:
    import math

    return all(math.isfinite(norm) for norm in found.norms.values() if norm is not None)


def prepare(subject: Subject, checkpointing: bool) -> None:
    """Set training mode without dropout, clear gradients, and set checkpointing as wanted."""
    model = subject.model
    model.train()
    for module in model.modules():
        quieten(module)
    for parameter in model.parameters():
        parameter.grad = None
    if not checkpointing:
        _switch_checkpointing_off(model)
    elif wants_checkpointing(subject) and not is_checkpointing(model):
        _switch_checkpointing_on(subject)


def wants_checkpointing(subject: Subject) -> bool:
    """Return whether the run's arguments turn it on (renamed in transformers 5.23)."""
    return any(bool(subject.value(f"{name}_checkpointing")) for name in ("gradient", "activation"))


def is_checkpointing(model: Any) -> bool:
    """Return whether any module checkpoints itself or sits in a checkpoint wrapper."""
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
    """Switch it on as ``Trainer.train`` would."""
    options = subject.checkpointing_options()
    subject.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=options)


@contextmanager
def dropping_gradients(model: Any, but: Any) -> Iterator[None]:
    """Free each gradient but one parameter's as soon as it is there; for a step whose loss alone is
    wanted.
    """

    def drop(parameter: Any) -> None:
        parameter.grad = None

    handles = [
        parameter.register_post_accumulate_grad_hook(drop)
        for parameter in model.parameters()
        if parameter.requires_grad and parameter.is_leaf and parameter is not but
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class _Gradients:
    """Note the norms of all gradients, and keep the gradients of the sampled parameters.

    Each gradient is freed once it is noted, so that a pass holds only one at a time: those of a 27B
    model take 54 GB together. The smallest is held to the end, to see whether the step clears it.
    """

    def __init__(self, subject: Subject, found: Pass) -> None:
        self._model, self._found = subject.model, found
        self._chosen = set(sampled(subject.model))
        self._held = _smallest(subject.model)
        self.handles = [
            parameter.register_post_accumulate_grad_hook(self._noter(name))
            for name, parameter in subject.model.named_parameters()
            if parameter.requires_grad and parameter.is_leaf
        ]

    def _noter(self, name: str) -> Any:
        def note(parameter: Any) -> None:
            grad = parameter.grad.detach()
            is_held = name == self._held
            norm, before = _norm(grad), self._found.norms.get(name)
            before = None if is_held else before  # its gradient adds up by itself
            # Under a reentrant checkpoint this hook runs several times for a shared parameter.
            self._found.norms[name] = norm if before is None else (norm**2 + before**2) ** 0.5
            if name in self._chosen:
                kept = None if is_held else self._found.sample.get(name)
                grad = grad.float().cpu()
                self._found.sample[name] = grad.clone() if kept is None else kept + grad
            if not is_held:
                parameter.grad = None

        return note

    def collect(self, scale: float) -> None:
        """Add parameters without a gradient and those that the hooks missed; undo the scale."""
        norms, sample = self._found.norms, self._found.sample
        held = dict(self._model.named_parameters()).get(self._held)
        if held is not None and norms.get(self._held):
            self._found.cleared = held.grad is None or not bool(held.grad.any())
        for name, parameter in self._model.named_parameters():
            if parameter.grad is not None and not (name == self._held and norms.get(name)):
                norms[name] = _norm(parameter.grad.detach())
            elif parameter.requires_grad:
                norms.setdefault(name, None)
        if scale != 1.0:
            norms.update({n: v if v is None else v / scale for n, v in norms.items()})
            sample.update({n: v / scale for n, v in sample.items()})


def _smallest(model: Any) -> str:
    """Return the name of the smallest parameter that gets a gradient in a first step."""
    sizes = {
        name: p.numel()
        for name, p in model.named_parameters()
        if p.requires_grad and p.is_leaf and "lora_A" not in name
    }
    return min(sizes, key=lambda name: sizes[name], default="")


def _norm(grad: Any) -> float:
    """Return the norm, summed in fp32 without a copy: an embedding's would take 5 GB at 27B."""
    import torch

    return float(torch.linalg.vector_norm(grad, dtype=torch.float32))


def sampled(model: Any) -> list[str]:
    """Return the names of the parameters whose gradients are kept, evenly over the model.

    Keys and values come first: layers share them, and there a lost gradient is least visible.
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
    """Yield first, last, middle, quarters: any beginning of this order covers the whole list."""
    step = max(1, len(items))
    seen: set[int] = set()
    while items and len(seen) < len(items):
        for index in (*range(0, len(items), step), len(items) - 1):
            if index not in seen:
                seen.add(index)
                yield items[index]
        step = max(1, step // 2)
