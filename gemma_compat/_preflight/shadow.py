"""Copy a Trainer so that its steps can be tried without the Trainer noticing.

The copy runs the run's own ``training_step``, custom ``compute_loss`` included, on the model in the
precision that ``accelerator.prepare_model`` gives it. It has copies of everything that a step may
write to, logs nowhere and holds no optimizer. Where the run's scaler would start at 65,536 and come
down, it scales the loss by a constant.
"""

from __future__ import annotations

import copy
import inspect
from collections import deque
from typing import Any

_CONTAINERS = (dict, list, set, deque)
CALLBACKS = "callbacks"  # in Subject.kept: those of the Trainer, which its copy does not call
SCALE = 1024.0  # of the loss under fp16; GradScaler settles at this or above in most runs


class Scale:
    """Replace ``GradScaler`` in ``accelerator.backward``."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self.is_used = False

    def scale(self, loss: Any) -> Any:
        self.is_used = True
        return loss * self.factor

    def is_enabled(self) -> bool:
        return True

    def get_scale(self) -> float:
        return self.factor


def shadow_of(trainer: Any) -> Any:
    """Return a copy of the Trainer whose steps leave the Trainer unchanged."""
    shadow = copy.copy(trainer)
    for name, value in vars(trainer).items():
        if isinstance(value, _CONTAINERS):
            setattr(shadow, name, _copied(value))
    for name in ("args", "state", "control", "accelerator", "callback_handler"):
        if hasattr(trainer, name):
            setattr(shadow, name, _with_own_containers(getattr(trainer, name)))
    if hasattr(shadow, "callback_handler"):
        shadow.callback_handler.callbacks = []
    shadow.log = _log_nothing
    shadow.optimizer = shadow.lr_scheduler = None
    _set_run_of_one(shadow)
    return shadow


def callbacks_of(trainer: Any) -> list[Any]:
    """Return the Trainer's own callbacks, for looking at."""
    return list(getattr(getattr(trainer, "callback_handler", None), "callbacks", ()))


def _log_nothing(*args: Any, **kwargs: Any) -> None:
    """Replace ``Trainer.log`` and log nothing."""


def _with_own_containers(value: Any) -> Any:
    found = copy.copy(value)
    for name, item in vars(value).items():
        if isinstance(item, _CONTAINERS):
            vars(found)[name] = _copied(item)
    return found


def _copied(value: Any, depth: int = 0) -> Any:
    """Return copies of nested containers; what they hold is shared."""
    if not isinstance(value, _CONTAINERS) or depth > 4 or len(value) > 100_000:
        return value
    found: Any = copy.copy(value)
    if isinstance(value, dict):
        for key, item in value.items():
            found[key] = _copied(item, depth + 1)
    elif isinstance(value, list):
        found[:] = [_copied(item, depth + 1) for item in value]
    return found


def _set_run_of_one(shadow: Any) -> None:
    """Set one step without accumulation, counted on this rank alone."""
    shadow.args.gradient_accumulation_steps = 1
    shadow.current_gradient_accumulation_steps = 1
    if hasattr(shadow.args, "average_tokens_across_devices"):
        shadow.args.average_tokens_across_devices = False


def prepared(shadow: Any, model: Any) -> Any:
    """Return the model in the run's precision; unchanged if the run has prepared it already."""
    if "_original_forward" in vars(model) or getattr(model, "_is_accelerate_prepared", False):
        return model
    return shadow.accelerator.prepare_model(model, evaluation_mode=True)


def step(shadow: Any, model: Any, batch: Any, steps: int = 1, factor: float = SCALE) -> Any:
    """Make one ``training_step`` and return its loss.

    Args:
        shadow: the copy of the run's Trainer.
        model: as :func:`prepared` returned it.
        batch: a batch of the run; it is not written to.
        steps: how many micro-batches of this size make up the optimizer step.
        factor: what the loss is scaled by, if the run has a scaler.
    """
    shadow.args.gradient_accumulation_steps = steps
    shadow.current_gradient_accumulation_steps = steps
    if getattr(shadow.accelerator, "scaler", None) is not None:
        shadow.accelerator.scaler = Scale(factor)
    given = dict(batch) if hasattr(batch, "keys") else batch
    takes = inspect.signature(shadow.training_step).parameters
    by_name = any(p.kind is p.VAR_KEYWORD for p in takes.values()) or "num_items_in_batch" in takes
    if not by_name:  # transformers before 4.46, and subclasses written for it
        return shadow.training_step(model, given)
    return shadow.training_step(model, given, num_items_in_batch=_items(shadow, batch, steps))


def is_passed_by(shadow: Any) -> bool:
    """Return whether the run has a scaler that the last :func:`step` did not use."""
    scaler = getattr(getattr(shadow, "accelerator", None), "scaler", None)
    return isinstance(scaler, Scale) and not scaler.is_used


def scale_of(shadow: Any) -> float:
    """Return what gradients must be divided by after :func:`step`."""
    scaler = getattr(getattr(shadow, "accelerator", None), "scaler", None)
    return scaler.factor if isinstance(scaler, Scale) and scaler.is_used else 1.0


def _items(shadow: Any, batch: Any, steps: int) -> Any:
    """Return how many labels all micro-batches train; ``None`` if the Trainer does not count them.

    transformers 4.50 also counts each row's first label, which nothing predicts; this does not.
    """
    labels = batch.get("labels") if hasattr(batch, "get") else None
    counts = getattr(shadow, "model_accepts_loss_kwargs", False) or not hasattr(
        shadow,
        "_get_num_items_in_batch",  # releases before it counted for every model
    )
    if not (counts or getattr(shadow, "compute_loss_func", None)):
        return None
    if labels is None or not hasattr(labels, "ne"):
        return None
    counted = labels[..., 1:] if labels.ndim > 1 else labels
    return counted.ne(-100).sum() * steps
