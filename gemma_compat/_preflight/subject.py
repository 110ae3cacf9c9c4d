"""What is tried: a model, a batch, and the run that will train it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from ..errors import UsageError
from ..live.trainer import given_by
from ..live.unwrap import unwrap
from .untouched import untouched

FORWARD = 1 / 3  # of a forward-backward pass: the backward does twice the work of the forward


@dataclass
class Subject:
    """One trial.

    Attributes:
        model: as it was given, wrapped by PEFT or not.
        batch: the keyword arguments of one call, on the model's device.
        trainer: a shallow copy of the Trainer, so that what its methods note lands in the copy;
            ``None`` without one.
        args: the ``TrainingArguments``, a mapping of them, or ``None``.
        tokenizer: the tokenizer or processor, or ``None``.
        passes: forward-backward passes that were made so far.
    """

    model: Any
    batch: dict[str, Any]
    trainer: Any = None
    args: Any = None
    tokenizer: Any = None
    passes: float = 0.0
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def base(self) -> Any:
        """The transformers model inside."""
        return unwrap(self.model)

    @property
    def holders(self) -> tuple[Any, ...]:
        """What else a trial may write to: the Trainer's copy is ours, its Accelerator is not."""
        accelerator = getattr(self.trainer, "accelerator", None)
        scaler = getattr(accelerator, "scaler", None)
        return tuple(item for item in (accelerator, scaler) if item is not None)

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Everything inside leaves no trace."""
        with untouched(self.model, *self.holders):
            yield

    def precision(self) -> Any:
        """The autocast of the run: the Trainer's own, or none."""
        make = getattr(self.trainer, "compute_loss_context_manager", None)
        return make() if make else nullcontext()

    def call(self, batch: Mapping[str, Any] | None = None, **arguments: Any) -> Any:
        """One forward in the precision of the run; counts as a third of a pass."""
        self.passes += FORWARD
        with self.precision():
            return self.model(**{**(self.batch if batch is None else batch), **arguments})

    def arguments(self) -> dict[str, Any]:
        """What the trainer adds to each call: TRL's pass ``use_cache=False``."""
        home = type(self.trainer).__module__.partition(".")[0]
        return {"use_cache": False} if home == "trl" else {}


def make_subject(subject: Any, batch: Any, args: Any, tokenizer: Any) -> Subject:
    """See :func:`gemma_compat._preflight.preflight`."""
    given = given_by(subject, args, tokenizer)
    trainer, model = subject if given.has_trainer else None, given.model
    if not hasattr(model, "named_parameters"):
        raise UsageError(f"preflight takes a Trainer or a model, not {type(subject).__name__}")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise UsageError("no parameter of this model is to be trained (requires_grad)")
    if trainer is None:
        return Subject(model, _on_device(_checked(batch), model), None, args, tokenizer)
    shadow = copy.copy(trainer)
    for name, value in vars(trainer).items():  # what a loss is noted in, TRL's _metrics for example
        if isinstance(value, dict) and name.startswith("_"):
            setattr(shadow, name, copy.deepcopy(value))
    found = _first_batch(shadow) if batch is None else _checked(batch)
    return Subject(model, _on_device(found, model), shadow, given.args, given.tokenizer)


def _first_batch(trainer: Any) -> dict[str, Any]:
    """The first batch of the run's own data; random state and the Accelerator stay as they were."""
    if trainer.train_dataset is None:
        raise UsageError("the Trainer has no train_dataset; give preflight a batch")
    with untouched(trainer.model, trainer.accelerator):
        return first_batch(trainer.get_train_dataloader(), trainer.model)


def first_batch(loader: Any, model: Any) -> dict[str, Any]:
    """The first batch of a data loader, whose random state stays as it was.

    Out of torch's loader inside accelerate's: the latter keeps count of who is iterating.
    """
    with untouched(model):
        for found in getattr(loader, "base_dataloader", loader):
            return _checked(found)
    raise UsageError("the run's data is empty; give preflight a batch")


def _checked(batch: Any) -> dict[str, Any]:
    if batch is None:
        raise UsageError("preflight(model, batch) needs a batch: a mapping of tensors with labels")
    if not isinstance(batch, Mapping) or not all(isinstance(name, str) for name in batch):
        raise UsageError(f"a batch is a mapping of tensors by name, not {type(batch).__name__}")
    found = dict(batch)
    if "input_ids" not in found:
        names = ", ".join(sorted(found)) or "nothing"
        raise UsageError(f"preflight needs input_ids in the batch; it holds {names}")
    if "labels" not in found:
        raise UsageError("preflight needs labels in the batch: without them there is no loss")
    _check_shapes(found)
    return found


def _check_shapes(batch: Mapping[str, Any]) -> None:
    shape = getattr(batch["input_ids"], "shape", ())
    if len(shape) != 2 or not all(shape):
        raise UsageError(f"input_ids must be (rows, tokens), not {tuple(shape)}")
    for name in ("labels", "attention_mask", "token_type_ids", "mm_token_type_ids"):
        other = getattr(batch.get(name), "shape", shape)
        if name in batch and len(other) == 2 and tuple(other) != tuple(shape):
            raise UsageError(f"{name} is {tuple(other)} where input_ids is {tuple(shape)}")


def _on_device(batch: dict[str, Any], model: Any) -> dict[str, Any]:
    device = next(model.parameters()).device
    return {
        key: value.to(device) if hasattr(value, "to") else value for key, value in batch.items()
    }
