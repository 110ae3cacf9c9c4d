"""Accidents with the optimizer, its schedule and the training arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .. import tiny
from ..live.compare import add_lora
from ..preflight import runs
from .planted import Fault, run


def _arguments(**settings: Any) -> Callable[[Any], Any]:
    return lambda folder: run(tiny.build("gemma3_text"), folder, runs.text(), **settings)


def _on_lora(**settings: Any) -> Callable[[Any], Any]:
    return lambda folder: run(add_lora(tiny.build("gemma3_text")), folder, runs.text(), **settings)


def _in(dtype: Any, **settings: Any) -> Callable[[Any], Any]:
    return lambda folder: run(tiny.build("gemma3_text", dtype), folder, runs.text(), **settings)


Maker = Callable[[], tuple[Any, Any, Any]]  # a model, an optimizer, a factor of its rate or None


def _optimized(make: Maker) -> Callable[[Any], Any]:
    def made(folder: Any) -> Any:
        model, optimizer, factor = make()
        scheduler = factor and torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        keywords = {"optimizers": (optimizer, scheduler)}
        return run(model, folder, runs.text(), keywords=keywords)

    return made


def _tiny() -> Any:
    return tiny.build("gemma3_text")


def _adamw(model: Any, only: str = "", rate: float = 1e-4, **options: Any) -> Any:
    held = [p for n, p in model.named_parameters() if p.requires_grad and only in n]
    return torch.optim.AdamW(held, rate, **options)


def _anothers() -> Any:
    return _tiny(), _adamw(_tiny()), None


def _before_lora() -> Any:
    model = _tiny()
    optimizer = _adamw(model)
    return add_lora(model), optimizer, None


def _only(model: Any, name: str) -> Any:
    return model, _adamw(model, name), None


def _scheduled(factor: Callable[[int], float]) -> Any:
    model = _tiny()
    return model, _adamw(model), factor


def _with(**options: Any) -> Any:
    model = _tiny()
    return model, _adamw(model, **options), None


def _moved_after() -> Any:
    """Replace the parameters after the optimizer was made, as a cast by hand does."""
    model = _tiny()
    optimizer = _adamw(model)
    for module in model.modules():
        for name, parameter in list(module._parameters.items()):
            if parameter is not None:
                module._parameters[name] = torch.nn.Parameter(parameter.detach().clone())
    return model, optimizer, None


def _sgd() -> Any:
    model = _tiny()
    return model, torch.optim.SGD(model.parameters(), 1e-7), None


def _group_of_zero() -> Any:
    """Give the adapter's group, which is all that trains, a rate of 0."""
    model = add_lora(_tiny())
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [{"params": trained, "lr": 0.0}, {"params": [torch.nn.Parameter(torch.zeros(1))]}]
    return model, torch.optim.AdamW(groups, 1e-4), None


FAULTS = tuple(
    Fault(name, make, cause, audited, slow=False)
    for name, make, cause, audited in (
        ("rate 0", _arguments(learning_rate=0.0), "learning_rate is 0", True),
        ("rate 10", _arguments(learning_rate=10.0), "comes to 10", True),
        ("rate 0.05", _arguments(learning_rate=0.05), "stay below", False),
        ("rate 5e-3 on all weights", _arguments(learning_rate=5e-3), "comes to 0.005", False),
        ("rate 1e-9", _arguments(learning_rate=1e-9), "comes to 1e-09", False),
        ("rate 1e-7 for LoRA", _on_lora(learning_rate=1e-7), "comes to 1e-07", False),
        ("rate negative", _arguments(learning_rate=-1e-4), "learning_rate is -0.0001", False),
        ("warm-up past the run", _arguments(warmup_steps=1000), "1000 warm-up steps", True),
        (
            "warm-up is the run",
            _arguments(warmup_steps=6),
            "6 warm-up steps of 6 in all",
            False,
        ),
        ("NEFTune of 5000", _arguments(neftune_noise_alpha=5000.0), "drowns", False),
        (
            "all rows dropped as the last batch",
            _arguments(max_steps=-1, dataloader_drop_last=True, per_device_train_batch_size=16),
            "no step|is empty",
            False,
        ),
        ("scheduler of 0", _optimized(lambda: _scheduled(lambda step: 0.0)), "comes to 0", True),
        (
            "scheduler that ends at once",
            _optimized(lambda: _scheduled(lambda step: float(step == 0))),
            "learning rate is 0 (after|from)",
            False,
        ),
        (
            "scheduler that returns the rate",
            _optimized(lambda: _scheduled(lambda step: 1e-4)),
            "multiplied by the rate once more",
            False,
        ),
        (
            "scheduler that returns another rate",
            _optimized(lambda: _scheduled(lambda step: 3e-5)),
            "a factor between 0 and 1, and not a rate",
            False,
        ),
        (
            "scheduler that grows",
            _optimized(lambda: _scheduled(lambda step: 100.0**step)),
            "comes to",
            False,
        ),
        ("clipped to nothing", _arguments(max_grad_norm=1e-12), "clips every gradient", True),
        ("weight decay 100", _arguments(weight_decay=100.0), "weight_decay=100", True),
        (
            "weight decay in the optimizer",
            _optimized(lambda: _with(weight_decay=50.0)),
            "weight_decay=50",
            False,
        ),
        ("decay negative", _arguments(weight_decay=-1.0), "weight_decay", False),
        ("Adam's beta 0", _arguments(adam_beta1=0.0, adam_beta2=0.0), "beta", False),
        ("Adam's epsilon 1", _arguments(adam_epsilon=1.0), "epsilon", False),
        ("epsilon in the optimizer", _optimized(lambda: _with(eps=10.0)), "epsilon", False),
        ("another model's optimizer", _optimized(_anothers), "another model's", True),
        ("optimizer made before LoRA", _optimized(_before_lora), "frozen parameters", True),
        ("optimizer made before a cast", _optimized(_moved_after), "another model's", False),
        (
            "optimizer without lora_B",
            _optimized(lambda: _only(add_lora(_tiny()), "lora_A")),
            "not in the optimizer",
            True,
        ),
        (
            "optimizer of one layer",
            _optimized(lambda: _only(_tiny(), "layers.0.")),
            "not in the optimizer",
            False,
        ),
        ("SGD at Adam's rate", _optimized(_sgd), "SGD|comes to 1e-07", False),
        ("SGD by its name", _arguments(optim="sgd", learning_rate=2e-5), "rate for Adam", False),
        ("group of rate 0", _optimized(_group_of_zero), "rate of 0|comes to 0|rate 0", False),
        ("bf16 weights at 1e-6", _in(torch.bfloat16, learning_rate=1e-6), "round back", True),
        ("fp16 weights, no scaler", _in(torch.float16), "float16", True),
        (
            "fp16=True on fp16 weights",
            _in(torch.float16, fp16=True),
            "FP16|float16",
            True,
        ),
        ("no step", _arguments(max_steps=-1, num_train_epochs=0), "makes no step", False),
        (
            "a tenth of a step",
            _arguments(max_steps=-1, num_train_epochs=0.01),
            "makes no step|1 step",
            False,
        ),
        (
            "label smoothing 1",
            _arguments(label_smoothing_factor=1.0),
            "label_smoothing_factor",
            False,
        ),
        (
            "accumulation past the data",
            _arguments(max_steps=-1, num_train_epochs=1, gradient_accumulation_steps=64),
            "accumulat|1 step",
            False,
        ),
    )
)
