"""Accidents with the loss and the step of the script's own, and with precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import transformers
from torch.nn.functional import cross_entropy

from .. import tiny
from ..preflight import runs
from .planted import Fault, run


def with_own_loss(how: Callable[[Any, Any], Any], change: Any = None, **settings: Any) -> Any:
    """Return a run whose ``compute_loss`` is made of logits and labels."""

    class Run(transformers.Trainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any
        ) -> Any:
            output = model(**{k: v for k, v in inputs.items() if k != "labels"})
            loss = how(output.logits, inputs["labels"])
            return (loss, output) if return_outputs else loss

    return _by(Run, change, **settings)


def _by(cls: Any, change: Any = None, **settings: Any) -> Callable[[Any], Any]:
    def make(folder: Any) -> Any:
        rows = runs.text()
        rows["labels"][:, :8] = -100
        if change:
            change(rows)
        return run(tiny.build("gemma3_text"), folder, rows, cls=cls, **settings)

    return make


def shifted(logits: Any, labels: Any, **options: Any) -> Any:
    """Return the loss as it should be."""
    return cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), **options)


def _unmasked(logits: Any, labels: Any) -> Any:
    """Train masked labels too: they are clamped to the padding token."""
    return shifted(logits, labels.clamp(min=0))


def _shifted_twice(logits: Any, labels: Any) -> Any:
    return cross_entropy(logits[:, :-2].flatten(0, 1), labels[:, 2:].flatten())


def _backward_shift(logits: Any, labels: Any) -> Any:
    return cross_entropy(logits[:, 1:].flatten(0, 1), labels[:, :-1].flatten())


def _on_probabilities(logits: Any, labels: Any) -> Any:
    return shifted(logits.softmax(-1), labels)


def _last_token(logits: Any, labels: Any) -> Any:
    return cross_entropy(logits[:, -2], labels[:, -1])


class NoBackward(transformers.Trainer):
    def training_step(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
        return self.compute_loss(model.train(), inputs).detach()


class NotDivided(transformers.Trainer):
    def training_step(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
        loss = self.compute_loss(model.train(), self._prepare_inputs(inputs))
        self.accelerator.backward(loss)
        return loss.detach()


class Twice(transformers.Trainer):
    """Divides by the accumulation steps, and so does the Trainer."""

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        loss = super().compute_loss(model, inputs, *args, **kwargs)
        return loss / self.args.gradient_accumulation_steps


class Cleared(transformers.Trainer):
    """Clears the gradients in every micro-step, so that only the last one counts."""

    def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        model.zero_grad()
        return super().training_step(model, inputs, *args, **kwargs)


class ClearedAfter(transformers.Trainer):
    def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        loss = super().training_step(model, inputs, *args, **kwargs)
        model.zero_grad()
        return loss


class Evaluating(transformers.Trainer):
    """Trains in evaluation mode, so that dropout never is on."""

    def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        loss = self.compute_loss(model.eval(), self._prepare_inputs(inputs))
        self.accelerator.backward(loss)
        return loss.detach()


class NotANumber(transformers.Trainer):
    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return super().compute_loss(model, inputs, *args, **kwargs) * float("nan")


class Negative(transformers.Trainer):
    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return -super().compute_loss(model, inputs, *args, **kwargs)


class Constant(transformers.Trainer):
    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return torch.ones((), requires_grad=True) * 2.0


class WithoutAmp(transformers.Trainer):
    """Calls ``loss.backward()`` itself, past the scaler."""

    def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        with self.compute_loss_context_manager():
            loss = self.compute_loss(model.train(), self._prepare_inputs(inputs))
        loss.backward()
        return loss.detach()


def _scaled(folder: Any) -> Any:
    """Give the run a gradient scaler, as fp16=True does on a GPU."""
    given = _by(WithoutAmp)(folder)
    given["subject"].accelerator.scaler = torch.amp.GradScaler("cpu")
    return given


def _overflow(folder: Any, **settings: Any) -> Any:
    model = tiny.build("gemma3_text", torch.float16)
    for layer in model.model.layers[2:3]:
        layer.mlp.up_proj.weight.data *= 1_000
        layer.mlp.down_proj.weight.data *= 100
    return run(model, folder, runs.text(), **settings)


FAULTS = tuple(
    Fault(name, make, cause, audited, slow=False)
    for name, make, cause, audited in (
        (
            "logits detached",
            with_own_loss(lambda x, y: shifted(x.detach(), y)),
            "detached, in compute_loss",
            True,
        ),
        (
            "sum of the loss",
            with_own_loss(lambda x, y: shifted(x, y, reduction="sum")),
            "the sum over",
            True,
        ),
        (
            "shift forgotten",
            with_own_loss(lambda x, y: cross_entropy(x.flatten(0, 1), y.flatten())),
            "its own label",
            True,
        ),
        ("shifted twice in the loss", with_own_loss(_shifted_twice), "two tokens|twice", False),
        (
            "shifted backward in the loss",
            with_own_loss(_backward_shift),
            "before it",
            False,
        ),
        ("masked labels trained in the loss", with_own_loss(_unmasked), "masked", False),
        ("softmax before the loss", with_own_loss(_on_probabilities), "softmax|probabilit", False),
        ("only the last token in the loss", with_own_loss(_last_token), "last|not the mean", False),
        (
            "another ignore_index in the loss",
            with_own_loss(lambda x, y: shifted(x, y.masked_fill(y < 0, 0), ignore_index=-1)),
            "masked|ignore_index",
            False,
        ),
        (
            "loss negative",
            _by(Negative),
            "negative|minus|sign",
            False,
        ),
        ("loss constant", _by(Constant), "depend", False),
        ("loss NaN by itself", _by(NotANumber), "compute_loss", False),
        ("no backward pass", _by(NoBackward), "no backward pass", True),
        (
            "not divided by the accumulation",
            _by(NotDivided, gradient_accumulation_steps=4),
            "accumulation-keeps-scale",
            True,
        ),
        (
            "divided twice by the accumulation",
            _by(Twice, gradient_accumulation_steps=4),
            "accumulation|divided",
            False,
        ),
        (
            "gradients cleared in each micro-step",
            _by(Cleared, gradient_accumulation_steps=4),
            "clear|earlier micro",
            False,
        ),
        ("gradients cleared after the step", _by(ClearedAfter), "clear|no gradient", False),
        ("trained in evaluation mode", _by(Evaluating), "evaluation mode|model.train", False),
        ("scaler passed by", _scaled, "passes the gradient scaler", False),
        (
            "overflow in float16",
            _overflow,
            "overflows? float16|bfloat16 instead",
            True,
        ),
    )
)
