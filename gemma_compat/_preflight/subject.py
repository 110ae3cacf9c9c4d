"""What preflight tries: a model, a batch, and the run that will train it."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from ..errors import UsageError
from ..live.trainer import given_by
from ..live.unwrap import unwrap
from . import data
from .interrupt import Gate
from .samples import span
from .shadow import CALLBACKS, callbacks_of, shadow_of
from .untouched import Untouched

FORWARD = 1 / 3  # of a forward-backward pass, since a backward does twice the work of a forward

TOKENS = "tokens"  # the loss predicts the next token; labels have the shape of input_ids
OTHER = "other"  # one label for each row (classification), pairs (DPO, rewards), embeddings
_EVALUATED = 25  # evaluation batches to compare with the training data

UNREAD = "unread"  # the run's data set or collator raises
GENERATED = "generated"  # the Trainer generates the text that it trains on (GRPO, RLOO)


@dataclass
class Subject:
    """One trial.

    Attributes:
        model: as it was given, wrapped by PEFT or not.
        batch: the keyword arguments of one call, on the model's device; if the objective is not
            ``tokens``, what the run's loader yields.
        objective: ``tokens``, ``other``, ``generated`` or ``unread``.
        trainer: the copy of the Trainer; ``None`` without one.
        optimizer, scheduler: those of the run, if they exist already.
        args: the ``TrainingArguments``, a mapping of them, or ``None``.
        tokenizer: the tokenizer or processor, or ``None``.
        scanned: further batches of the run, for looking at only; the first is the run's first.
        evaluated: batches of the evaluation data, for looking at only.
        passes: forward-backward passes of the batch made so far.
        kept: what one check found and others reuse, by name.
        notes: what was left out, and why.
        recorders: stand in front of data that can be read only once, and give back what was read.
        gate: holds Ctrl-C back while state is restored.
    """

    model: Any
    batch: dict[str, Any]
    objective: str = TOKENS
    trainer: Any = None
    optimizer: Any = None
    scheduler: Any = None
    args: Any = None
    tokenizer: Any = None
    scanned: list[Any] = field(default_factory=list)
    evaluated: list[Any] = field(default_factory=list)
    passes: float = 0.0
    kept: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    recorders: list[Any] = field(default_factory=list)
    gate: Gate | None = None

    @property
    def base(self) -> Any:
        """Return the transformers model inside the wrappers."""
        return unwrap(self.model)

    @property
    def is_causal(self) -> bool:
        """Return whether the loss is over the next token of each row."""
        return self.objective == TOKENS

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Leave no trace of what happens inside."""
        with Untouched(self.model, gate=self.gate):
            yield

    def spend(self, share: float, batch: Mapping[str, Any] | None = None) -> None:
        """Count a share of a pass, weighted by this batch's tokens relative to the run's."""
        self.passes += share * _size(self.batch if batch is None else batch) / _size(self.batch)

    def precision(self) -> Any:
        """Return the autocast context of the run's Accelerator, or one that does nothing."""
        accelerator = getattr(self.trainer, "accelerator", None)
        return accelerator.autocast() if accelerator is not None else nullcontext()

    def call(self, batch: Mapping[str, Any] | None = None, **arguments: Any) -> Any:
        """Make one forward pass in the run's precision; it counts as a third of a pass."""
        given = self.batch if batch is None else batch
        self.spend(FORWARD, given)
        with self.precision():
            return self.model(**{**given, **arguments})

    def arguments(self) -> dict[str, Any]:
        """Return the ``use_cache`` that the run's step was seen to pass to the model."""
        if "use_cache" in self.kept:
            return {"use_cache": self.kept["use_cache"]}
        home = type(self.trainer).__module__.partition(".")[0]
        return {"use_cache": False} if home == "trl" else {}

    def checkpointing_options(self) -> Any:
        """Return what the run passes to checkpointing, by its new or its old name."""
        names = ("activation_checkpointing_kwargs", "gradient_checkpointing_kwargs")
        return next((found for name in names if (found := self.value(name))), None)

    def value(self, name: str, default: Any = None) -> Any:
        """Return a field of the training arguments, or the default where it is absent or
        ``None``.
        """
        values = self.args if isinstance(self.args, Mapping) else getattr(self.args, "__dict__", {})
        found = values.get(name)
        return default if found is None else found


def _size(batch: Any) -> float:
    ids: Any = batch.get("input_ids") if hasattr(batch, "get") else None
    return float(ids.numel()) if hasattr(ids, "numel") and ids.numel() else 1.0


def make_subject(
    subject: Any,
    batch: Any,
    args: Any,
    tokenizer: Any,
    gate: Gate | None = None,
    optimizer: Any = None,
) -> Subject:
    """Make the subject as :func:`preflight` describes it, without reading a Trainer's data yet."""
    given = given_by(subject, args, tokenizer)
    trainer, model = subject if given.has_trainer else None, given.model
    if not hasattr(model, "named_parameters"):
        raise UsageError(f"preflight takes a Trainer or a model, not {type(subject).__name__}")
    if trainer is None:
        made = Subject(model, _on_device(checked(batch), model), args=args, tokenizer=tokenizer)
        made.objective = objective_of(made.batch, model)
        made.batch = without_first_labels(made.batch, made.objective)
        made.gate, made.optimizer = gate, optimizer
        return made
    return Subject(
        model,
        {} if batch is None else _on_device(checked(batch, strict=False), model),
        trainer=shadow_of(trainer),
        optimizer=getattr(trainer, "optimizer", None) if optimizer is None else optimizer,
        scheduler=getattr(trainer, "lr_scheduler", None),
        args=given.args,
        tokenizer=given.tokenizer,
        kept={CALLBACKS: callbacks_of(trainer)},
        gate=gate,
    )


def read_data(subject: Subject, *, scan: bool = True) -> None:
    """Read the first batch and the rows to scan; recorders allow them to be given back."""
    shadow = subject.trainer
    if shadow is None:
        return
    if _generates(shadow):
        subject.objective = GENERATED
        return
    roots = (shadow.train_dataset, getattr(shadow, "data_collator", None))
    subject.recorders = data.record(*roots)
    try:
        _read(subject, shadow, scan)
    except UsageError:
        raise
    except Exception as error:  # probe boundary: the user's own data set and collator
        if not scan:
            raise
        subject.kept["unread"], subject.objective = error.with_traceback(None), UNREAD
        subject.batch = {}
        return
    if not subject.batch:
        raise UsageError(_without_batch(shadow))
    subject.objective = objective_of(subject.batch, subject.base)
    subject.batch = without_first_labels(subject.batch, subject.objective)


def _without_batch(shadow: Any) -> str:
    """Return why the data gives no batch, as far as it can be told."""
    rows = len(shadow.train_dataset) if hasattr(shadow.train_dataset, "__len__") else 0
    size = getattr(shadow, "_train_batch_size", 0)
    if getattr(shadow.args, "dataloader_drop_last", False) and 0 < rows < size:
        return (
            f"the run's data is empty: {rows} rows make no batch of {size}, and "
            "dataloader_drop_last=True drops the rest. Type dataloader_drop_last=False"
        )
    return "the run's data is empty; give preflight a batch"


def without_first_labels(batch: dict[str, Any], objective: str) -> dict[str, Any]:
    """Mask a label whose only predecessor is padding: the logits there mean nothing."""
    if objective != TOKENS:
        return batch
    starts = {row: span(batch, row)[0] for row in range(batch["input_ids"].shape[0])}
    padded = [(row, at) for row, at in starts.items() if at and batch["labels"][row, at] != -100]
    if not padded:
        return batch
    labels = batch["labels"].clone()
    for row, at in padded:
        labels[row, at] = -100
    return {**batch, "labels": labels}


def _read(subject: Subject, shadow: Any, scan: bool) -> None:
    rows = 0
    for found in data.first_batches(shadow):
        if not subject.batch:
            subject.batch = _on_device(checked(found, strict=False), subject.model)
        subject.scanned.append(found)
        rows += rows_in(found)
        if not scan or rows >= data.rows_to_scan(found, shadow.train_dataset):
            break
    if scan and hasattr(getattr(shadow, "eval_dataset", None), "__len__"):
        try:
            subject.evaluated = list(itertools.islice(data.evaluation_batches(shadow), _EVALUATED))
        except Exception as error:  # probe boundary: the user's own data set and collator
            subject.notes.append(
                f"the evaluation data cannot be read: {type(error).__name__}: {error}"
            )


def _generates(trainer: Any) -> bool:
    """Return whether its steps generate text first, as TRL's online trainers do; told by
    methods.
    """
    takes = inspect.signature(getattr(trainer, "_prepare_inputs", len)).parameters
    return "generation_batch" in takes or hasattr(trainer, "_generate_and_score_completions")


def objective_of(batch: Mapping[str, Any], model: Any = None) -> str:
    """Return ``tokens`` if the labels have the shape of ``input_ids`` and do not mean classes."""
    if type(unwrap(model)).__name__.endswith(("ForTokenClassification", "SequenceClassification")):
        return OTHER
    ids, labels = batch.get("input_ids"), batch.get("labels")
    shape = tuple(getattr(ids, "shape", ()))
    same = len(shape) == 2 and tuple(getattr(labels, "shape", ())) == shape
    return TOKENS if same else OTHER


def rows_in(batch: Any) -> int:
    """Return how many rows a batch holds; 1 if it cannot be told."""
    if hasattr(batch, "values"):
        shapes = [getattr(value, "shape", ()) for value in batch.values()]
        return max([shape[0] for shape in shapes if shape], default=1)
    return len(batch) if isinstance(batch, (list, tuple)) else 1


def checked(batch: Any, *, strict: bool = True) -> dict[str, Any]:
    """Return the batch as a dict.

    Args:
        batch: a mapping of tensors.
        strict: whether it is a bare model's, which must hold ``input_ids`` and ``labels``. A
            Trainer may compute its loss from other tensors.

    Raises:
        UsageError: what about the batch cannot be used.
    """
    if batch is None:
        raise UsageError("preflight(model, batch) needs a batch: a mapping of tensors with labels")
    if not isinstance(batch, Mapping) or not all(isinstance(name, str) for name in batch):
        raise UsageError(f"a batch is a mapping of tensors by name, not {type(batch).__name__}")
    found = dict(batch)
    if strict:
        _check_names(found)
    if "input_ids" in found and objective_of(found) == TOKENS or strict:
        _check_shapes(found)
    return found


def _check_names(found: Mapping[str, Any]) -> None:
    if "input_ids" not in found:
        names = ", ".join(sorted(found)) or "nothing"
        raise UsageError(f"preflight needs input_ids in the batch; it holds {names}")
    if "labels" not in found:
        raise UsageError("preflight needs labels in the batch: without them there is no loss")


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
