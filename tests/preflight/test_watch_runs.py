"""The watch on real runs: silent on right ones, and one line for each that goes wrong."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from torch.nn.functional import cross_entropy

from gemma_compat import versions
from gemma_compat.hooks import watch
from gemma_compat.hooks.watch import Watch

from .. import tiny
from ..live.compare import add_lora
from . import runs

V5 = versions.contains(">=5.0.0rc1", transformers.__version__)
STEPS = 30
EVALUATED = {"eval_strategy": "steps", "eval_steps": 5}
CHECKPOINTED = {
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": False},
}


def model(name: str = "gemma3_text", dtype: torch.dtype = torch.float32) -> Any:
    made = tiny.build(name, dtype)
    made.config.use_cache = False
    return made


def watched(folder: Any, made: Any = None, rows: Any = None, **given: Any) -> list[str]:
    """Train, and return the signs that were told."""
    callback = Watch()
    keywords = given.pop("keywords", {})
    settings = {"max_steps": STEPS, "learning_rate": 1e-3, "include_num_input_tokens_seen": True}
    run = runs.trainer(
        made or model(),
        folder,
        runs.text(16) if rows is None else rows,
        keywords={**keywords, "callbacks": [callback, *keywords.get("callbacks", [])]},
        **{**settings, **given},
    )
    run.train()
    return callback.told


def _with_evaluation(**settings: Any) -> dict[str, Any]:
    held = runs.text(24)
    rest = {name: value[16:] for name, value in held.items()}
    return {**EVALUATED, **settings, "keywords": {"eval_dataset": runs.Rows(rest)}}


RIGHT: dict[str, Callable[[], dict[str, Any]]] = {
    "plain": dict,
    "rate 1e-5": lambda: {"learning_rate": 1e-5},
    "rate 1e-2": lambda: {"learning_rate": 1e-2},
    "warm-up": lambda: {"warmup_steps": 15},
    "warm-up to the end": lambda: {"warmup_steps": STEPS},
    "cosine": lambda: {"lr_scheduler_type": "cosine", "warmup_steps": 3},
    "constant": lambda: {"lr_scheduler_type": "constant"},
    "restarts": lambda: {"lr_scheduler_type": "cosine_with_restarts"},
    "accumulated": lambda: {"gradient_accumulation_steps": 4},
    "evaluated": _with_evaluation,
    "evaluated late": lambda: _with_evaluation(eval_delay=10),
    "two rows by heart": lambda: {"rows": runs.text(2), "max_steps": 60, "learning_rate": 5e-3},
    "one row": lambda: {"rows": runs.text(1), "per_device_train_batch_size": 1},
    "logged every 5 steps": lambda: {"logging_steps": 5},
    "saved": lambda: {"save_strategy": "steps", "save_steps": 5, "save_total_limit": 1},
    "LoRA": lambda: {"made": add_lora(model())},
    "LoRA, checkpointed": lambda: {"made": add_lora(model()), **CHECKPOINTED},
    "bf16 weights": lambda: {"made": model(dtype=torch.bfloat16)},
    "bf16 weights, long warm-up": lambda: {
        "made": model(dtype=torch.bfloat16),
        "learning_rate": 5e-5,
        "warmup_steps": 1000,
    },
    "bf16 autocast": lambda: {"bf16": True},
    "restarts at a high rate": lambda: {
        "lr_scheduler_type": "cosine_with_restarts",
        "lr_scheduler_kwargs": {"num_cycles": 4},
        "learning_rate": 2e-2,
        "max_steps": 80,
    },
    "three rows by heart, evaluated on others": lambda: {
        **_with_evaluation(rows=runs.text(3), max_steps=120, learning_rate=3e-3),
        "eval_steps": 10,
    },
    "high rate after a long warm-up": lambda: {
        "learning_rate": 3e-2,
        "warmup_steps": 30,
        "max_steps": 60,
    },
    "accumulated, logged every 5 steps, evaluated": lambda: {
        **_with_evaluation(gradient_accumulation_steps=8, logging_steps=5, max_steps=40),
        "include_num_input_tokens_seen": False,
    },
    "smoothed labels": lambda: {"label_smoothing_factor": 0.1},
    "no clipping": lambda: {"max_grad_norm": 0.0},
    "noise": lambda: {"neftune_noise_alpha": 5.0},
    "plain gradient descent": lambda: {"optim": "sgd", "learning_rate": 0.05},
}
QUICK = {"bf16 weights, long warm-up", "two rows by heart"}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.slow) for n in RIGHT]
)
def test_nothing_is_told_of_a_right_run(
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each log takes a second: on a machine with other work, steps do become slower.
    clock = SimpleNamespace(monotonic=itertools.count().__next__)
    monkeypatch.setattr(watch, "time", clock)
    assert watched(tmp_path, **RIGHT[name]()) == []


@pytest.mark.slow
def test_nothing_is_told_of_a_run_that_goes_on_from_a_checkpoint(tmp_path: Any) -> None:
    settings = {"save_strategy": "steps", "save_steps": 10, "max_steps": 20, "learning_rate": 1e-3}
    runs.trainer(model(), tmp_path, runs.text(16), **settings).train()
    watch = Watch()
    run = runs.trainer(
        model(), tmp_path, runs.text(16), keywords={"callbacks": [watch]},
        **{**settings, "max_steps": 40},
    )  # fmt: skip
    run.train(resume_from_checkpoint=True)
    assert run.state.global_step == 40 and watch.told == []


class Detached(transformers.Trainer):
    """Multiplies what is trained by 0, as a mask of the wrong kind does."""

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any) -> Any:
        output = model(input_ids=inputs["input_ids"])
        logits = output.logits * 0 + 1
        loss = cross_entropy(logits[:, :-1].flatten(0, 1), inputs["labels"][:, 1:].flatten())
        return (loss, output) if return_outputs else loss


class Slowing(runs.Rows):
    """Rows that come slower and slower, as from a disk that fills."""

    def __init__(self, batch: Any) -> None:
        super().__init__(batch)
        self.read = 0

    def __getitem__(self, index: int) -> dict[str, Any]:
        self.read += 1
        time.sleep(0.4 if self.read > 20 else 0.0)
        return super().__getitem__(index)


class SlowStep(transformers.Trainer):
    """Does more in each step than in the one before, as with a list that grows."""

    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        time.sleep(min(1.0, 0.04 * max(0, self.state.global_step - 12)))
        return super().compute_loss(*args, **kwargs)


class Turned(transformers.Trainer):
    """Maximises the loss from step 10 on."""

    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.pop("return_outputs", None)
        loss = super().compute_loss(*args, **kwargs)
        return loss if self.state.global_step < 10 else -loss


def _ended() -> dict[str, Any]:
    """A scheduler that was made for five steps."""
    made = model()
    optimizer = torch.optim.AdamW(made.parameters(), 1e-3)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: float(step < 5))
    return {"made": made, "keywords": {"optimizers": (optimizer, scheduler)}}


def _known_by_heart() -> dict[str, Any]:
    """Evaluate on two rows that stand thirty times among the others."""
    rows = runs.text(40)
    easy = {name: value[:2] for name, value in rows.items()}
    mixed = {name: torch.cat([value, *[easy[name]] * 30]) for name, value in rows.items()}
    settings = {"max_steps": 90, "learning_rate": 3e-3, "eval_strategy": "steps", "eval_steps": 10}
    return {"rows": mixed, "keywords": {"eval_dataset": runs.Rows(easy)}, **settings}


def _idle() -> dict[str, Any]:
    other = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.1)
    return {"keywords": {"optimizers": (other, None)}}


def _easy_evaluation() -> dict[str, Any]:
    """Evaluate on one repeated token, which is learned at once."""
    rows = runs.text(8)
    rows["input_ids"][:, 1:] = rows["labels"][:, 1:] = 20
    made = _with_evaluation()
    mixed = runs.text(16)
    for name in ("input_ids", "labels"):
        mixed[name][8:] = rows[name]
    return {
        **made,
        "rows": mixed,
        "keywords": {"eval_dataset": runs.Rows(rows)},
        "max_steps": 60,
        "logging_steps": 4,
    }


WRONG: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "rate 0": (lambda: {"learning_rate": 0.0}, "rate"),
    "rate 30": (lambda: {"learning_rate": 30.0, "lr_scheduler_type": "constant"}, "explodes"),
    "no gradient": (lambda: {"cls": Detached}, "zero"),
    "another's optimizer": (_idle, "idle"),
    "leak": (_easy_evaluation, "leak"),
    "leak of rows known by heart": (_known_by_heart, "leak"),
    "scheduler for fewer steps": (_ended, "rate"),
    "rate 1e-9": (lambda: {"learning_rate": 1e-9}, "rate"),
    "maximised": (lambda: {"cls": Turned, "lr_scheduler_type": "constant"}, "negative"),
    "gradient descent at 5": (
        lambda: {"optim": "sgd", "learning_rate": 5.0, "max_grad_norm": 0.0},
        "nan",
    ),
    "steps that take longer": (
        lambda: {"cls": SlowStep, "max_steps": 45, "include_num_input_tokens_seen": False},
        "pace",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG)
def test_a_run_that_goes_wrong_is_told_once_with_at_most_three_rules(
    name: str, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    make, sign = WRONG[name]
    with caplog.at_level(logging.WARNING, logger="gemma_compat"):
        assert sign in watched(tmp_path, **make())
    lines = [r.getMessage() for r in caplog.records if "Likely:" in r.getMessage()]
    assert lines and all("\n" not in line and line.count("GC") <= 3 for line in lines)


@pytest.mark.slow
def test_a_loader_that_slows_down_is_told(tmp_path: Any) -> None:
    told = watched(tmp_path, rows=Slowing(runs.text(16)), max_steps=26)
    assert "slow" in told
