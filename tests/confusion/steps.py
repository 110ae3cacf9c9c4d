"""The reference, one training step, and how far apart they are.

Nothing of gemma_compat is imported here.
"""

from __future__ import annotations

import copy
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from . import alone, batches, subjects
from .cells import Cell

_LORA = r"(?!.*(vision|audio)).*layers\.\d+\.(self_attn\.(q|k|v|o)_proj|.*linear_(y|x|out))"
_WRAPPED = "_checkpoint_wrapped_module."


@dataclass(frozen=True, eq=False)
class Step:
    """The loss of one step and the gradient of every trainable parameter by name."""

    loss: float
    grads: dict[str, torch.Tensor]


def make(cell: Cell, attn: str) -> Any:
    """Return the model of a cell, with its adapter if it trains one; not checkpointed yet."""
    return copy.deepcopy(_first(cell.model, cell.training, attn))


@lru_cache(maxsize=12)  # the cells of one subject follow one another
def _first(subject: subjects.Subject, training: str, attn: str) -> Any:
    model = subjects.build(subject, attn)
    if training == "full":
        return model
    return _lora(model) if training == "lora" else _prefix(model)


def _lora(model: Any) -> Any:
    from peft import LoraConfig, get_peft_model

    adapted = get_peft_model(
        model, LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, target_modules=_LORA)
    )
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return adapted


def _prefix(model: Any) -> Any:
    from peft import PrefixTuningConfig, get_peft_model

    text = model.config.get_text_config()
    torch.manual_seed(4)  # widths are those of subjects.py: a config may not give one head_dim
    return get_peft_model(
        model,
        PrefixTuningConfig(
            task_type="CAUSAL_LM",
            num_virtual_tokens=4,
            num_layers=text.num_hidden_layers,
            token_dim=text.num_key_value_heads * 16,
            num_attention_heads=text.num_key_value_heads,
        ),
    )


def reference(cell: Cell) -> Step:
    """Return the right answer: each sample by itself, as generation computes it."""
    model = make(cell, "eager").eval()
    kind = cell.model.model_type
    rows = batches.samples(kind, cell.batch, cell.content == "image")
    total, count = torch.zeros(()), 0
    for row in rows:
        part, tokens = _sum_of_losses(model, kind, row)
        total, count = total + part, count + tokens
    loss = total / count
    loss.backward()
    return Step(float(loss.detach()), gradients(model))


def _sum_of_losses(model: Any, kind: str, row: batches.Batch) -> tuple[torch.Tensor, int]:
    output = alone.run(model, kind, row)
    if kind in batches.HEADLESS:
        hidden = _hidden(output)
        return (hidden * _weights(hidden)).sum(), hidden.shape[1]
    logits, labels = output.logits.float(), row["labels"]
    if not batches.is_encoder_decoder(kind):
        logits, labels = logits[:, :-1], labels[:, 1:]
    kept = labels != -100
    losses = torch.nn.functional.cross_entropy(logits[kept], labels[kept], reduction="sum")
    return losses, int(kept.sum())


def _hidden(output: Any) -> torch.Tensor:
    found = getattr(output, "logits", None)
    return output.last_hidden_state if found is None else found


def _weights(hidden: torch.Tensor) -> torch.Tensor:
    """Fixed weights for each place of a sample, whatever batch it is in."""
    generator = torch.Generator().manual_seed(5)
    return torch.randn(64, hidden.shape[-1], generator=generator)[: hidden.shape[1]]


def gradients(model: Any) -> dict[str, torch.Tensor]:
    """Return a copy of every gradient that there is, by the name without wrappers."""
    return {
        name.replace(_WRAPPED, ""): parameter.grad.detach().clone()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and parameter.grad is not None
    }


def prepare(cell: Cell) -> Any:
    """Return the model in the state in which its owner would hand it to the training loop."""
    model = make(cell, cell.attention).train()
    if cell.cache == "off":
        for part in subjects.parts_of(model.config):
            if hasattr(part, "use_cache"):
                part.use_cache = False
    how = cell.checkpointing
    if how != "off" and cell.training != "full":
        model.enable_input_require_grads()
    if "wrapper" in how:
        _wrap(model, "attention" if how.startswith("attention") else "layer", "non" not in how)
    elif how != "off" and cell.loop == "plain":
        model.gradient_checkpointing_enable(
            gradient_checkpointing_kwargs={"use_reentrant": how == "reentrant"}
        )
    return model


def _wrap(model: Any, what: str, reentrant: bool) -> None:
    from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import (
        CheckpointImpl,
        checkpoint_wrapper,
    )

    kind = CheckpointImpl.REENTRANT if reentrant else CheckpointImpl.NO_REENTRANT
    for _, module in list(model.named_modules()):
        layers = getattr(module, "layers", None)
        if not isinstance(layers, torch.nn.ModuleList) or not hasattr(module, "embed_tokens"):
            continue
        for index, layer in enumerate(layers):
            if what == "layer":
                layers[index] = checkpoint_wrapper(layer, checkpoint_impl=kind)
                continue
            name = "self_attn" if hasattr(layer, "self_attn") else "temporal_block"
            setattr(layer, name, checkpoint_wrapper(getattr(layer, name), checkpoint_impl=kind))


def step(cell: Cell, model: Any) -> Step:
    """Return one forward and backward of this model on the batch of the cell, by its loop."""
    made = batches.batch(cell.model.model_type, cell.batch, cell.content == "image")
    if cell.loop == "trainer":
        return _by_trainer(cell, model, made)
    output = model(**made)
    loss = output.loss if "labels" in made else _loss_without_head(output, cell)
    loss.backward()
    return Step(float(loss.detach()), gradients(model))


def _loss_without_head(output: Any, cell: Cell) -> torch.Tensor:
    """As the reference's, for each sample where it lies in the batch."""
    hidden = _hidden(output)
    rows = batches.samples(cell.model.model_type, cell.batch)
    lengths = [row.get("decoder_input_ids", row["input_ids"]).shape[1] for row in rows]
    if cell.batch == "packed":
        parts = list(hidden[0].split(lengths))
    else:
        parts = [hidden[index, :length] for index, length in enumerate(lengths)]
    total = sum(((part * _weights(part[None])).sum() for part in parts), torch.zeros(()))
    return total / sum(lengths)


def arguments(cell: Cell, folder: str) -> Any:
    """Return the ``TrainingArguments`` of a cell whose loop is a Trainer's."""
    from transformers import TrainingArguments

    inside = cell.checkpointing in {"reentrant", "non-reentrant"}
    kwargs = {"use_reentrant": cell.checkpointing == "reentrant"} if inside else None
    return TrainingArguments(
        folder,
        use_cpu=True,
        report_to=[],
        max_steps=1,
        per_device_train_batch_size=2,
        learning_rate=0.0,
        max_grad_norm=0.0,
        save_strategy="no",
        disable_tqdm=True,
        remove_unused_columns=False,
        logging_steps=1,
        optim="sgd",
        gradient_checkpointing=inside,
        gradient_checkpointing_kwargs=kwargs,
    )


def _by_trainer(cell: Cell, model: Any, made: batches.Batch) -> Step:
    from transformers import Trainer, TrainerCallback

    class Reader(TrainerCallback):  # type: ignore[misc]
        grads: dict[str, torch.Tensor] | None = None

        def on_pre_optimizer_step(self, *args: Any, **kwargs: Any) -> None:
            self.grads = gradients(model)

    reader = Reader()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model,
            arguments(cell, folder),
            train_dataset=[0, 1],
            data_collator=lambda rows: {name: value.clone() for name, value in made.items()},
            callbacks=[reader],
        )
        result = trainer.train()
    if reader.grads is None:
        raise RuntimeError("the Trainer made no step")
    return Step(float(result.training_loss), reader.grads)


def factors(cell: Cell) -> tuple[float, ...]:
    """Return by which factors a right step of this cell may be off, loss and gradients alike.

    A Trainer may divide the sum of the losses by the labels that it counts before they are
    shifted (GC502): then both are too small by the share of the labels that the shift leaves.
    """
    kind = cell.model.model_type
    if cell.loop != "trainer" or batches.is_encoder_decoder(kind):
        return (1.0,)
    labels = batches.batch(kind, cell.batch, cell.content == "image")["labels"]
    return (1.0, float((labels[:, 1:] != -100).sum() / (labels != -100).sum()))


def difference(expected: Step, got: Step, allowed: tuple[float, ...] = (1.0,)) -> str | None:
    """Return how a step differs from the reference, in one line; ``None`` within rounding.

    Args:
        allowed: factors by which loss and gradients may be off, all alike.
    """
    if not math.isfinite(got.loss):
        return f"loss {got.loss}"
    off = min(allowed, key=lambda factor: abs(expected.loss * factor - got.loss))
    grads = {name: grad * off for name, grad in expected.grads.items()}
    expected = Step(expected.loss * off, grads)
    far = abs(expected.loss - got.loss)
    if far > 1e-3 * max(1.0, abs(expected.loss)):
        return f"loss {got.loss:.4f} instead of {expected.loss:.4f}"
    largest = max((float(grad.norm()) for grad in expected.grads.values()), default=0.0)
    worst, where = 1.0, ""
    for name, grad in expected.grads.items():
        norm = float(grad.norm())
        if norm <= 1e-4 * largest:
            continue
        found = got.grads.get(name)
        if found is None or not found.any():
            return f"no gradient for {name}"
        agree = torch.nn.functional.cosine_similarity(grad.flatten(), found.flatten(), 0).item()
        agree = min(agree, 1.0 - abs(float(found.norm()) / norm - 1.0) / 10)
        if not agree >= worst:
            worst, where = agree, name
    return None if worst >= 0.999 else f"gradient of {where}: cosine {worst:.3f}"


@contextmanager
def quiet() -> Iterator[None]:
    """What libraries log is not read by anybody in a run over thousands of cells."""
    import warnings

    import transformers

    transformers.logging.set_verbosity_error()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
