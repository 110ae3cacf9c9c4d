"""The watch adds figures to a log, warns once for each sign, and costs nothing to speak of."""

from __future__ import annotations

import logging
import time
from types import SimpleNamespace
from typing import Any

import pytest

from gemma_compat.hooks.watch import PREFIX, Watch


def feed(watch: Watch, **logs: Any) -> dict[str, Any]:
    made = dict(logs)
    watch.on_log(None, SimpleNamespace(num_input_tokens_seen=0), None, logs=made)
    return made


@pytest.mark.parametrize(
    ("logs", "sign"),
    [
        ([{"loss": float("nan"), "grad_norm": 1.0}], "nan"),
        ([{"loss": 1.0, "grad_norm": float("inf")}], "nan"),
        ([{"loss": 1.0 + i, "grad_norm": 0.0} for i in range(3)], "zero"),
        ([{"loss": 2.0, "grad_norm": 1.0}] * 20, "still"),
    ],
)
def test_a_sign_is_told_once(logs: Any, sign: str, caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch()
    with caplog.at_level(logging.WARNING, logger="gemma_compat"):
        for entry in [*logs, *logs]:
            feed(watch, **entry)
    assert watch.told == [sign]
    assert len(caplog.records) == 1 and "GC" in caplog.text


def test_a_healthy_run_is_told_nothing_and_an_evaluation_is_left_alone() -> None:
    watch = Watch()
    for step in range(50):
        feed(watch, loss=5.0 / (step + 1), grad_norm=1.0)
    assert not watch.told
    assert feed(watch, eval_loss=1.5) == {"eval_loss": 1.5}


def test_a_peak_that_grows_is_told() -> None:
    watch = Watch()
    watch._seen.peaks = [100.0 + 5 * step for step in range(12)]
    feed(watch, loss=1.0, grad_norm=1.0)
    assert watch.told == ["peak"]


def test_speed_and_scale_are_logged_where_they_are_known() -> None:
    scaler = SimpleNamespace(is_enabled=lambda: True, get_scale=lambda: 1024.0)
    watch = Watch(scaler)
    for tokens in (100, 300):
        made: dict[str, Any] = {"loss": 1.0}
        watch.on_log(None, SimpleNamespace(num_input_tokens_seen=tokens), None, logs=made)
        time.sleep(0.01)
    assert made[PREFIX + "loss_scale"] == 1024.0
    assert made[PREFIX + "tokens_per_second"] > 0
