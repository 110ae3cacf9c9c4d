"""The watch tells each sign once, and never speaks during a right run."""

from __future__ import annotations

import logging
import math
import random
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gemma_compat.hooks._signs import History, signs
from gemma_compat.hooks.watch import Watch

from .. import tiny
from . import runs

STEPS = 120


def history(losses: list[float], **given: Any) -> list[str]:
    """Feed a run log by log; every sign that is there at some point, in order."""
    seen = History(**given)
    told: list[str] = []
    norms, rates = list(seen.norms), list(seen.rates)
    seen.norms, seen.rates = [], []
    for at, loss in enumerate(losses):
        seen.losses.append(loss)
        seen.norms.append(norms[at] if norms else 1.0)
        seen.rates.append(rates[at] if rates else 1e-4)
        seen.first = seen.losses[0]
        seen.steps, seen.done = at + 1, (at + 1) / len(losses)
        told += signs(seen, told)
    return told


def curve(seed: int) -> dict[str, Any]:
    """A right run: falling, noisy, with plateaus, spikes, warm-up and decay, by seed."""
    draw = random.Random(seed)
    start, end = draw.uniform(1.5, 12.0), draw.uniform(0.05, 1.4)
    noise, speed = draw.choice([0.0, 0.05, 0.3]), draw.uniform(3.0, 60.0)
    losses, rates = [], []
    warmup = draw.choice([0, 1, 10])
    for step in range(STEPS):
        value = end + (start - end) * math.exp(-step / speed)
        value *= math.exp(draw.gauss(0.0, noise))
        losses.append(value * (3.0 if noise and draw.random() < 0.03 else 1.0))
        rates.append(min(1.0, step / warmup if warmup else 1.0) * (1 - step / STEPS))
    return {"losses": losses, "rates": rates, "norms": [draw.uniform(0.1, 8) for _ in losses]}


@pytest.mark.parametrize("seed", range(20))
def test_a_right_run_is_told_nothing(seed: int) -> None:
    assert history(**curve(seed)) == []


FALLING = [3.0 - 0.01 * step for step in range(STEPS)]
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "NaN": ({"losses": [*FALLING[:9], float("nan")]}, "nan"),
    "no gradient": ({"losses": FALLING, "norms": [0.0] * STEPS}, "zero"),
    "rate 0": ({"losses": [2.0] * 40, "rates": [0.0] * 40}, "rate"),
    "explodes": ({"losses": [2.0, 1.5, 1.2, 4.0, 6.0, 9.0, 12.0, 14.0, 15.0]}, "explodes"),
    "explodes at once": ({"losses": [2.0, 8.0, 11.0, 12.0, 12.0, 11.0, 12.0]}, "explodes"),
    "stands still": ({"losses": [2.0] * 20}, "still"),
    "idle": ({"losses": FALLING, "moved": 0.0}, "idle"),
    "leaks": ({"losses": FALLING, "gaps": [0.4, 0.3]}, "leak"),
    "rate next to 0": ({"losses": FALLING, "rates": [1e-9] * STEPS}, "rate"),
    "falls below 0": ({"losses": [2.0, 1.0, *[-1.0 - at for at in range(8)]]}, "negative"),
    "leaks, with rows known by heart": ({"losses": FALLING, "means": [0.4, 0.3, 0.1]}, "leak"),
    "slows down, tokens not counted": (
        {"losses": FALLING, "paces": [0.0, *[9.0] * 6, *[2.0] * 10]},
        "pace",
    ),
    "slows down": ({"losses": FALLING, "speeds": [0.0, *[900.0] * 6, *[200.0] * 10]}, "slow"),
    "slows down, with batches read ahead": (
        {"losses": FALLING, "speeds": [0.0, *[900.0] * 6, *[200.0] * 5, 900.0, *[200.0] * 5]},
        "slow",
    ),
    "scaler that overflows for ever": (
        {"losses": FALLING, "norms": [math.inf] * STEPS, "scaled": True},
        "nan",
    ),
    "rewarded, no gradient for long": (
        {"losses": [0.0] * STEPS, "norms": [0.0] * STEPS, "rewarded": True},
        "zero",
    ),
    "grows": ({"losses": FALLING, "peaks": [100.0 + 5 * at for at in range(12)]}, "peak"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_run_is_told_by_its_cause(name: str) -> None:
    given, sign = WRONG[name]
    assert history(**given) == [sign]


RIGHT: dict[str, dict[str, Any]] = {
    "a scaler that begins too high": {
        "losses": FALLING,
        "norms": [*[math.inf] * 8, *[1.0] * STEPS],
        "scaled": True,
    },
    "rewards that are equal at first": {
        "losses": [0.0] * STEPS,
        "norms": [*[0.0] * 15, *[0.1] * STEPS],
        "rewarded": True,
    },
    "a warm-up from next to nothing": {
        "losses": FALLING,
        "rates": [1e-11 * at for at in range(STEPS)],
    },
    "a loss with a term below 0": {"losses": [0.4 - 0.01 * at for at in range(STEPS // 2)]},
    "rewards, and a loss around 0": {"losses": [0.1, *[-0.7] * 30], "rewarded": True},
    "rows that get longer, tokens not counted": {
        "losses": FALLING,
        "paces": [9.0 - 0.05 * at for at in range(STEPS)],
    },
    "evaluation below a mean that falls": {"losses": FALLING, "means": [0.4, 0.4, 0.8, 0.4]},
    "everything is learned": {"losses": [*FALLING[:20], *[0.0001] * 60]},
    "a long row late": {"losses": FALLING, "peaks": [*[100.0] * 15, *[140.0] * 90]},
    "longer rows now and then": {
        "losses": FALLING,
        "peaks": [100.0 + 10 * (at // 6) for at in range(60)],
    },
    "a warm-up whose steps round away": {
        "losses": FALLING[:15],
        "rates": [1e-9 * at for at in range(15)],
        "moved": 0.0,
    },
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_healthy_runs_show_now_and_then_is_no_sign(name: str) -> None:
    assert history(**RIGHT[name]) == []


def test_a_rate_that_ends_at_0_is_right() -> None:
    rates = [1 - step / 40 for step in range(37)] + [0.0] * 3
    assert history(FALLING[:40], rates=rates) == []


def test_weights_that_no_optimizer_holds_are_told_in_one_line(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    model = tiny.build("gemma3_text")
    other = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.1)
    run = runs.trainer(
        model,
        tmp_path,
        keywords={"optimizers": (other, None), "callbacks": [Watch()]},
        max_steps=12,
    )
    with caplog.at_level(logging.WARNING, logger="gemma_compat"):
        run.train()
    lines = [
        r.getMessage() for r in caplog.records if "gemma_compat: the weights" in r.getMessage()
    ]
    assert len(lines) == 1 and "\n" not in lines[0]
    assert lines[0].count("GC") <= 3


def test_a_right_run_moves_its_weights_and_is_told_nothing(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Watch()
    run = runs.trainer(
        tiny.build("gemma3_text"), tmp_path, keywords={"callbacks": [watch]}, max_steps=12
    )
    with caplog.at_level(logging.WARNING, logger="gemma_compat"):
        run.train()
    assert watch.told == [] and watch._seen.moved


def test_an_evaluation_far_below_training_is_told() -> None:
    watch = Watch()
    state = SimpleNamespace(num_input_tokens_seen=0, global_step=1, max_steps=100)
    for _ in range(2):
        watch.on_log(None, state, None, logs={"loss": 2.0, "grad_norm": 1.0, "learning_rate": 1e-4})
        watch.on_log(None, state, None, logs={"eval_loss": 0.5})
    assert watch.told == ["leak"]
