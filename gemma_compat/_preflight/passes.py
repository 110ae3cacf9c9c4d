"""One forward and backward in the run's circumstances, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..live.tree import layer_wrappers, text_models
from . import shadow as shadows
from .samples import shortened

if TYPE_CHECKING:
    from .subject import Subject

SAMPLE_BYTES = 256 * 2**20  # of gradients that are kept for comparing, in fp32 on the CPU
SHORT = 512  # tokens of the batch that gradients are compared on where checkpointing is used


@dataclass
class Pass:
    """What one forward and backward showed.

    Attributes:
        loss: as the run's step returned it, ``None`` where it raised.
        norms: gradient norm by name, for every parameter; ``None`` where it got no gradient.
        sample: gradients in fp32 on the CPU, of as many parameters as :data:`SAMPLE_BYTES` hold.
        peaks: largest absolute output of each decoder layer, by path, with its dtype's name.
        experts: experts that tokens went to, and how many there are, by the router's path.
        error: what was raised, ``None`` where nothing was.
    """

    loss: float | None = None
    norms: dict[str, float | None] = field(default_factory=dict)
    sample: dict[str, Any] = field(default_factory=dict)
    peaks: dict[str, tuple[float, str]] = field(default_factory=dict)
    experts: dict[str, tuple[set[int], int, int]] = field(default_factory=dict)
    error: BaseException | None = None

    @property
    def is_out_of_memory(self) -> bool:
        return is_out_of_memory(self.error)


def is_out_of_memory(error: BaseException | None) -> bool:
    """Return whether memory ran out: CUDA's error has a class, the CPU's is told by its text."""
    if error is None:
        return False
    return type(error).__name__ == "OutOfMemoryError" or "not enough memory" in str(error)


def run_pass(subject: Subject, *, checkpointing: bool, short: bool = False) -> Pass:
    """Make the run's own training step without dropout; leaves no trace.

    Args:
        checkpointing: as the run checkpoints; ``False`` for none at all.
        short: on a part of the batch, where memory may not hold all of it without checkpointing.

    A step under a gradient scaler whose gradients overflow is made once more without a scale,
    since a scaler comes down to that by itself.
    """
    batch = short_of(subject) if short else subject.batch
    found = _pass(subject, batch, checkpointing, shadows.SCALE)
    if _scales(subject) and not _is_finite(found):
        found = _pass(subject, batch, checkpointing, 1.0)
    return found


def short_of(subject: Subject) -> dict[str, Any]:
    """At most :data:`SHORT` tokens of the batch; all of it where its loss is not over tokens."""
    return shortened(subject.batch, SHORT) if subject.is_causal else subject.batch


def _pass(subject: Subject, batch: dict[str, Any], checkpointing: bool, factor: float) -> Pass:
    found = Pass()
    with subject.trial():
        prepare(subject, checkpointing)
        gradients = _Gradients(subject, found)
        handles = [
            *_watch_layers(subject.base, found.peaks),
            *_watch_routers(subject.base, found),
            _watch_calls(subject),
        ]
        try:
            subject.spend(1.0, batch)
            found.loss = _step(subject, batch, factor)
            gradients.collect(shadows.scale_of(subject.trainer))
        except Exception as error:  # probe boundary: whatever the user's model raises is the answer
            found.error = error.with_traceback(None)
        finally:
            for handle in (*handles, *gradients.handles):
                handle.remove()
    return found


def _step(subject: Subject, batch: dict[str, Any], factor: float) -> float:
    """The loss of the Trainer's own step, else of a plain forward and backward."""
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
    """No dropout: by its rate, since the run's step switches every module to training mode."""
    if "Dropout" in type(module).__name__ and isinstance(vars(module).get("p"), float):
        module.p = 0.0
    for name in ("attention_dropout", "dropout"):
        if isinstance(vars(module).get(name), float):
            setattr(module, name, 0.0)


def wants_checkpointing(subject: Subject) -> bool:
    """Whether the run's arguments turn it on (renamed in transformers 5.23)."""
    return any(bool(subject.value(f"{name}_checkpointing")) for name in ("gradient", "activation"))


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
    options = subject.checkpointing_options()
    subject.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=options)


class _Gradients:
    """Norms of all gradients and the gradients of the sampled parameters, as they come.

    Each gradient is let go once it is noted, so that a pass holds one at a time: of a model with
    27 billion parameters a set takes 54 GB.
    """

    def __init__(self, subject: Subject, found: Pass) -> None:
        self._model, self._found = subject.model, found
        self._chosen = set(sampled(subject.model))
        self.handles = [
            parameter.register_post_accumulate_grad_hook(self._noter(name))
            for name, parameter in subject.model.named_parameters()
            if parameter.requires_grad and parameter.is_leaf
        ]

    def _noter(self, name: str) -> Any:
        def note(parameter: Any) -> None:
            grad = parameter.grad.detach()
            norm, before = float(grad.float().norm()), self._found.norms.get(name)
            # A reentrant checkpoint adds to a parameter that layers share more than once.
            self._found.norms[name] = norm if before is None else (norm**2 + before**2) ** 0.5
            if name in self._chosen:
                kept = self._found.sample.get(name)
                grad = grad.float().cpu()
                self._found.sample[name] = grad.clone() if kept is None else kept + grad
            parameter.grad = None

        return note

    def collect(self, scale: float) -> None:
        """Add what got no gradient and what came past the hooks, and take the scale away."""
        norms, sample = self._found.norms, self._found.sample
        for name, parameter in self._model.named_parameters():
            if parameter.grad is not None:
                norms[name] = float(parameter.grad.detach().float().norm())
            elif parameter.requires_grad:
                norms.setdefault(name, None)
        if scale != 1.0:
            norms.update({n: v if v is None else v / scale for n, v in norms.items()})
            sample.update({n: v / scale for n, v in sample.items()})


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


def _watch_routers(base: Any, found: Pass) -> Iterator[Any]:
    """Hooks that note which experts the tokens of the batch go to, of how many."""

    def note(path: str, total: int) -> Any:
        def hook(module: Any, args: Any, output: Any) -> None:
            chosen: Any = output[-1] if isinstance(output, tuple) else None
            if getattr(chosen, "ndim", 0) == 2 and not chosen.is_floating_point():
                used = set(chosen.flatten().tolist())
                found.experts[path] = (used, int(chosen.shape[1]), total)

        return hook

    for path, module in base.named_modules():
        if type(module).__name__.endswith("Router") and hasattr(module, "proj"):
            yield module.register_forward_hook(note(path, module.proj.out_features))


def _watch_calls(subject: Subject) -> Any:
    """A hook that notes the ``use_cache`` which the run passes to the model."""

    def hook(module: Any, args: Any, kwargs: Mapping[str, Any]) -> None:
        if "use_cache" in kwargs:
            subject.kept["use_cache"] = kwargs["use_cache"]

    return subject.model.register_forward_pre_hook(hook, with_kwargs=True)
