"""Accidents of the run: optimizers, schedules, arguments, callbacks, hooks, seeds, dtypes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
import transformers

from .. import tiny
from ..preflight import runs
from .faults_adapter import lora
from .faults_model import on_tiny
from .planted import Fault, run, trial

_SAVES = {"save_strategy": "steps", "save_steps": 2}
_UNSAFE = {
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": False, "preserve_rng_state": False},
}


def _tiny() -> Any:
    return tiny.build("gemma3_text")


def _arguments(**settings: Any) -> Callable[[Any], Any]:
    return lambda folder: run(_tiny(), folder, runs.text(), **settings)


def _text(**settings: str) -> Callable[[Any], Any]:
    """Set arguments to text afterwards: some releases read text as a number when they are made."""

    def make(folder: Any) -> Any:
        made = runs.trainer(_tiny(), folder, runs.text(), learning_rate=5e-5)
        for name, value in settings.items():
            setattr(made.args, name, value)
        return trial(made)

    return make


def _optimized(
    make: Callable[[Any], Any], schedule: Callable[[Any], Any] | None = None, **settings: Any
) -> Callable[[Any], Any]:
    def made(folder: Any) -> Any:
        model = _tiny()
        optimizer = make(model)
        given = {"optimizers": (optimizer, schedule and schedule(optimizer))}
        return run(model, folder, runs.text(), keywords=given, **settings)

    return made


def _adamw(model: Any, **options: Any) -> Any:
    return torch.optim.AdamW(model.parameters(), **{"lr": 1e-4, **options})


def _by_layer(model: Any) -> Any:
    layers = model.model.layers
    held = {id(p) for layer in layers for p in layer.parameters()}
    groups = [{"params": [p for p in model.parameters() if id(p) not in held]}]
    groups += [
        {"params": list(layer.parameters()), "lr": 1e-4 * 0.01 ** (len(layers) - at)}
        for at, layer in enumerate(layers)
    ]
    return torch.optim.AdamW(groups, 1e-4)


def _of_another(optimizer: Any) -> Any:
    other = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], 1e-4)
    return transformers.get_cosine_schedule_with_warmup(other, 1, 6)


def _a_cosine_of_few(optimizer: Any) -> Any:
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=30)


class _Deaf(transformers.TrainerCallback):
    def on_save(self, args: Any, state: Any, control: Any) -> None:
        """Take no keyword, as old examples have it."""


class _DeafToLogs(transformers.TrainerCallback):
    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None) -> None:
        """Take the logs alone."""


def _called(callback: Any, **settings: Any) -> Callable[[Any], Any]:
    given = {"callbacks": [callback], "eval_dataset": runs.Rows(runs.text())}
    return lambda folder: run(_tiny(), folder, runs.text(), keywords=given, **settings)


class _Looking:
    """A hook that keeps a layer's output, and gives it back detached."""

    def __call__(self, module: Any, args: Any, output: Any) -> Any:
        first = output[0] if isinstance(output, tuple) else output
        kept = first.detach()
        return (kept, *output[1:]) if isinstance(output, tuple) else kept


def _looked_at(model: Any) -> None:
    model.model.layers[2].register_forward_hook(_Looking())


def _looked_at_inside(model: Any) -> Any:
    model.model.layers[1].mlp.register_forward_hook(_Looking())
    return lora(model, target_modules="all-linear")


def _frozen_by_forward(model: Any) -> None:
    layer = model.model.layers[1]
    forward = layer.forward

    def detached(hidden: Any, *args: Any, **kwargs: Any) -> Any:
        return forward(hidden.detach(), *args, **kwargs)

    layer.forward = detached


def _drops(folder: Any, **settings: Any) -> Any:
    return run(lora(_tiny(), lora_dropout=0.1), folder, runs.text(), **settings)


def _attention_drops(folder: Any) -> Any:
    model = tiny.build("gemma3_text", attention_dropout=0.1)
    return run(model, folder, runs.text(), **_UNSAFE)


class _Seeding(transformers.Trainer):
    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        transformers.set_seed(42)
        return super().compute_loss(*args, **kwargs)


class _SeedingSteps(transformers.Trainer):
    def training_step(self, *args: Any, **kwargs: Any) -> Any:
        torch.manual_seed(0)
        return super().training_step(*args, **kwargs)


def _seeded(kind: type) -> Callable[[Any], Any]:
    def make(folder: Any) -> Any:
        model = lora(_tiny(), lora_dropout=0.1)
        return trial(runs.trainer(model, folder, runs.text(), cls=kind, learning_rate=5e-5))

    return make


def _head_in_float32(model: Any) -> Any:
    model.to(torch.bfloat16)
    model.lm_head = torch.nn.Linear(*model.lm_head.weight.shape[::-1], bias=False)
    return model


def _one_norm_in_float32(model: Any) -> Any:
    model.to(torch.bfloat16)
    model.model.layers[1].mlp.down_proj.to(torch.float32)
    return model


_COSINE = {"lr_scheduler_type": "cosine", "max_steps": 400}
NAMES: tuple[tuple[str, Callable[[Any], Any], str], ...] = (
    ("maximize", _optimized(lambda m: _adamw(m, maximize=True)), "maximize=True"),
    (
        "scheduler of another optimizer",
        _optimized(_adamw, _of_another),
        "moves the rate of another optimizer",
    ),
    (
        "rate of the arguments ignored",
        _optimized(lambda m: torch.optim.AdamW(m.parameters()), learning_rate=2e-5),
        "learning_rate=2e-05 of the arguments is not used",
    ),
    ("decay by layer to nothing", _optimized(_by_layer), "they stand still"),
    ("rate as text", _text(learning_rate="2e-4"), "learning_rate is the text"),
    ("decay as text", _text(weight_decay="0.01"), "weight_decay is the text"),
    (
        "cosine of ten cycles",
        _arguments(lr_scheduler_kwargs={"num_cycles": 10}, **_COSINE),
        "climbs back",
    ),
    (
        "cosine of one cycle",
        _arguments(lr_scheduler_kwargs={"num_cycles": 1}, **_COSINE),
        "climbs back",
    ),
    (
        "cosine of a few steps",
        _optimized(_adamw, _a_cosine_of_few, max_steps=400),
        "climbs back",
    ),
    ("NEFTune of 500", _arguments(neftune_noise_alpha=500.0), "drowns"),
    ("steps for thousands of epochs", _arguments(max_steps=100_000), "12500 times|50000 times"),
    ("callback without keywords", _called(_Deaf(), **_SAVES), "_Deaf.on_save takes no keyword"),
    ("callback for logs alone", _called(_DeafToLogs()), "_DeafToLogs.on_log takes no keyword"),
    (
        "early stopping without a metric",
        _called(transformers.EarlyStoppingCallback()),
        "EarlyStoppingCallback stops the run",
    ),
    ("a hook detaches a layer", on_tiny(_looked_at), "layer 2 and those below.*forward hook"),
    ("a hook detaches an MLP", on_tiny(_looked_at_inside), "gets? a gradient; none for"),
    (
        "a layer detaches its input",
        on_tiny(_frozen_by_forward),
        "layer 0 and those below|layer 0.*forward of layer 1 was replaced",
    ),
    (
        "checkpoints without random state",
        lambda folder: _drops(folder, **_UNSAFE),
        "preserve_rng_state=False",
    ),
    ("the same with attention_dropout", _attention_drops, "preserve_rng_state=False"),
    ("seeded in compute_loss", _seeded(_Seeding), "sets torch's seed"),
    ("seeded in training_step", _seeded(_SeedingSteps), "sets torch's seed"),
    ("head in float32", on_tiny(_head_in_float32), "lm_head.weight is float32"),
    ("a projection in float32", on_tiny(_one_norm_in_float32), "down_proj.weight is float32"),
)
FAULTS = tuple(Fault(name, make, cause, slow=False) for name, make, cause in NAMES)
Switch = Callable[[], AbstractContextManager[Any]]
# Switches of torch for the whole process, which a test must set and put back.
SWITCHED: tuple[tuple[str, Switch, str], ...] = (
    ("gradients off", torch.no_grad, "gradients are switched off"),
    ("inference mode", torch.inference_mode, "inside torch.inference_mode"),
    ("anomaly detection", torch.autograd.detect_anomaly, "anomaly detection is on"),
)
