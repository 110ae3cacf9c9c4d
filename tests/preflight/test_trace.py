"""Preflight leaves no trace: bit for bit, also after Ctrl-C at any moment, and no row is lost."""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
import transformers

import gemma_compat

from .. import tiny
from ..live.compare import add_lora, graph
from . import runs

CHECKPOINTED = {
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": False},
    "gradient_accumulation_steps": 2,
}


def state(run: Any) -> dict[str, Any]:
    """Everything that must be as it was, by identity or by value."""
    model = run.model
    return {
        "graph": graph(model),
        "weights": {n: (id(p), p._version, p.requires_grad) for n, p in model.named_parameters()},
        "grads": {n: id(p.grad) for n, p in model.named_parameters()},
        "hooks": {
            n: (list(p._backward_hooks or ()), list(p._post_accumulate_grad_hooks or ()))  # type: ignore[attr-defined]
            for n, p in model.named_parameters()
        },
        "values": {
            n: p.grad.sum().item() for n, p in model.named_parameters() if p.grad is not None
        },
        "buffers": {n: b.double().sum().item() for n, b in model.named_buffers()},
        "torch": torch.get_rng_state().tolist(),
        "python": random.getstate(),
        "numpy": np.random.get_state()[1].tolist(),
        "trainer": {name: id(value) for name, value in vars(run).items()},
        "own": {n: repr(v) for n, v in vars(run).items() if isinstance(v, (list, dict, set, int))},
        "args": repr(sorted(vars(run.args).items(), key=str)),
        "state": repr(vars(run.state)),
        "accelerator": {name: repr(value)[:200] for name, value in vars(run.accelerator).items()},
        "handler": [id(item) for item in run.callback_handler.callbacks],
        "SIGINT": signal.getsignal(signal.SIGINT),
    }


def assert_same(before: dict[str, Any], after: dict[str, Any]) -> None:
    for key in before:
        assert before[key] == after[key], key


def run_with_gradients(folder: Any, **arguments: Any) -> Any:
    run = runs.trainer(add_lora(tiny.build("gemma3_text")), folder, **{**CHECKPOINTED, **arguments})
    run.model(**runs.text(2), use_cache=False).loss.backward()
    run.model.zero_grad(set_to_none=False)
    run.model(**runs.text(2), use_cache=False).loss.backward()  # gradients that must stay
    return run


class Keeper(transformers.Trainer):
    """Notes its losses wherever a script may."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.history: list[float] = []
        self.totals = {"calls": 0, "nested": {"seen": [0]}}
        self._private: list[float] = []
        self.count = 0

    def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
        found = super().compute_loss(*args, **kwargs)
        self.history.append(1.0)
        self._private.append(1.0)
        self.totals["calls"] += 1  # type: ignore[operator]
        self.totals["nested"]["seen"].append(1)  # type: ignore[index]
        self.count += 1
        self.log({"noted": 1.0})
        return found


@pytest.mark.parametrize("cls", [transformers.Trainer, Keeper])
@pytest.mark.parametrize("settings", [{}, {"bf16": True}], ids=["float32", "bf16"])
def test_model_trainer_and_process_are_as_they_were(
    cls: Any, settings: dict[str, Any], tmp_path: Any
) -> None:
    run = run_with_gradients(tmp_path, cls=cls, **settings)
    before = state(run)
    assert gemma_compat.preflight(run).ok
    assert_same(before, state(run))
    gemma_compat.estimate_memory(run)
    assert_same(before, state(run))


class OneShot(torch.utils.data.IterableDataset):  # type: ignore[type-arg]
    """Rows that can be read once."""

    def __init__(self) -> None:
        self.rows = iter([runs.Rows(runs.text(16))[at] for at in range(16)])

    def __iter__(self) -> Iterator[Any]:
        yield from self.rows


class Drawn(torch.utils.data.IterableDataset):  # type: ignore[type-arg]
    """Rows that a generator of the data set's draws."""

    def __init__(self) -> None:
        self.draw = np.random.default_rng(3)

    def __iter__(self) -> Iterator[Any]:
        rows = runs.Rows(runs.text(16))
        while True:
            yield rows[int(self.draw.integers(16))]


class Noisy:
    """A collator that masks labels by a generator of its own."""

    def __init__(self) -> None:
        self.draw, self.calls = np.random.default_rng(0), 0

    def __call__(self, rows: list[Any]) -> dict[str, Any]:
        self.calls += 1
        batch = dict(transformers.default_data_collator(rows))
        hidden = torch.from_numpy(self.draw.random(batch["labels"].shape) < 0.5)
        return {**batch, "labels": batch["labels"].masked_fill(hidden, -100)}


def losses(folder: Any, rows: Any, collator: Any, tried: bool) -> list[float]:
    """Of three steps, with the same seeds; preflight before them if ``tried``."""
    torch.manual_seed(7)
    keywords = {"data_collator": collator()} if collator else {}
    run = runs.trainer(
        tiny.build("gemma3_text"), folder, rows() if rows else None, keywords=keywords, max_steps=3
    )
    if tried:
        gemma_compat.preflight(run)
        gemma_compat.estimate_memory(run)
    run.train()
    return [entry["loss"] for entry in run.state.log_history if "loss" in entry]


@pytest.mark.parametrize(
    ("rows", "collator"),
    [(None, None), (OneShot, None), (Drawn, None), (None, Noisy)],
    ids=["rows", "read once", "drawn", "collator"],
)
def test_the_run_sees_the_rows_that_it_would_have_seen(
    rows: Any, collator: Any, tmp_path: Any
) -> None:
    assert losses(tmp_path, rows, collator, False) == losses(tmp_path, rows, collator, True)


SLOW = [
    "dataset-is-varied",
    "gradients-agree",
    "accumulation-keeps-scale",
    "loss-agrees",
    "text-is-the-models",
    "evaluation-runs",
]


class Interrupted:
    """Send Ctrl-C at the n-th call of a Python function in our own files."""

    def __init__(self, at: int) -> None:
        self.at, self.calls = at, 0

    def __call__(self, frame: Any, event: str, argument: Any) -> None:
        if event in {"call", "return"} and "gemma_compat" in frame.f_code.co_filename:
            self.calls += 1
            if self.calls == self.at:
                signal.raise_signal(signal.SIGINT)


def test_ctrl_c_at_any_moment_leaves_no_trace(tmp_path: Any) -> None:
    run = run_with_gradients(tmp_path)
    skip = SLOW  # each interrupt runs it once more
    gemma_compat.preflight(run, skip=skip)  # imports count as calls, the first time only
    counter = Interrupted(-1)
    sys.setprofile(counter)
    try:
        gemma_compat.preflight(run, skip=skip)
    finally:
        sys.setprofile(None)
    draw, stopped = random.Random(1), 0
    before = state(run)
    for _ in range(25):
        torch_state = torch.get_rng_state()
        sys.setprofile(Interrupted(draw.randrange(1, counter.calls)))
        try:
            gemma_compat.preflight(run, skip=skip)
        except KeyboardInterrupt:
            stopped += 1
        finally:
            sys.setprofile(None)
        assert torch.equal(torch_state, torch.get_rng_state())
        assert_same(before, state(run))
    assert stopped >= 22
