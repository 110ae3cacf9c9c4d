"""Reward functions are called once, judged by what they return, and leave nothing behind."""

from __future__ import annotations

import functools
import math
import random
import re
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers

import gemma_compat
from gemma_compat._preflight.checks.rewards import rewards_tell_apart
from gemma_compat._preflight.result import CheckResult, Outcome
from gemma_compat._preflight.subject import GENERATED, Subject

from .. import tiny
from . import runs

ROWS = [{"prompt": f"What is {n} and {n} ?", "answer": str(2 * n)} for n in range(4)]
CHATS = [{**row, "prompt": [{"role": "user", "content": row["prompt"]}]} for row in ROWS]
calls = 0
seen: list[Any] = []
drawn = random.Random(1)


def timed(method: Any) -> Any:
    """Wrap a method, as TRL does to measure it."""

    @functools.wraps(method)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        return method(*arguments, **named)

    return wrapper


class Generates:
    """Stands for TRL's GRPOTrainer, as far as a preflight looks at it."""

    def __init__(self, functions: Any, rows: Any) -> None:
        self.reward_funcs, self.train_dataset = functions, rows
        self.state = SimpleNamespace(global_step=0)

    @timed
    def _calculate_rewards(self, prompts: Any, completions: Any, ids: Any, **columns: Any) -> Any:
        columns["trainer_state"] = self.state
        columns["log_extra"] = print
        return [
            function(prompts=prompts, completions=completions, completion_ids=ids, **columns)
            for function in self.reward_funcs
        ]


def found(*functions: Any, rows: Any = ROWS) -> CheckResult:
    trainer = Generates(list(functions), rows)
    return rewards_tell_apart(Subject(None, {}, objective=GENERATED, trainer=trainer))


def right(prompts: Any, completions: Any, answer: Any, **_: Any) -> list[float]:
    return [float(a in text) for text, a in zip(completions, answer, strict=True)]


def of_chats(completions: Any, answer: Any, **_: Any) -> list[float]:
    return [float(a in c[0]["content"]) for c, a in zip(completions, answer, strict=True)]


def of_format(completions: Any, **_: Any) -> list[float]:
    return [float(bool(re.search(r"<answer>.*</answer>", t, re.DOTALL))) for t in completions]


def without_opinion(completions: Any, **_: Any) -> list[float | None]:
    return [None if not text else float(len(text)) for text in completions]


def as_tensors(completions: Any, **_: Any) -> Any:
    return torch.tensor([float(len(text)) for text in completions])


@pytest.mark.parametrize("function", [right, of_format, without_opinion, as_tensors])
def test_a_right_reward_passes(function: Any) -> None:
    assert found(function).outcome is Outcome.PASS, found(function)


def test_a_reward_of_chats_is_given_chats() -> None:
    assert found(of_chats, rows=CHATS).outcome is Outcome.PASS


WRONG: dict[str, tuple[Any, Outcome, str]] = {
    "constant": (lambda completions, **_: [1.0] * len(completions), Outcome.WARNING, "returns 1 "),
    "nan": (
        lambda completions, **_: [math.nan, *map(float, range(1, len(completions)))],
        Outcome.WARNING,
        "returns nan for 1 of 12",
    ),
    "raises": (
        lambda completions, **_: [float(re.search(r"<answer>(.*)", t)[1]) for t in completions],  # type: ignore[index]
        Outcome.WARNING,
        "raises TypeError",
    ),
    "too few": (lambda completions, **_: [1.0], Outcome.FAIL, "returns 1 reward for 12"),
    "a number": (lambda completions, **_: 1.0, Outcome.FAIL, "returns float for 12"),
    "texts": (lambda completions, **_: ["1"] * len(completions), Outcome.FAIL, "returns str"),
    "no kwargs": (
        lambda prompts, completions: [1.0] * len(prompts),
        Outcome.FAIL,
        "cannot be called as the Trainer does: got an unexpected keyword argument",
    ),
    "another column": (
        lambda completions, solution, **_: [1.0],
        Outcome.FAIL,
        "missing a required",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_reward_is_named(name: str) -> None:
    function, outcome, words = WRONG[name]
    result = found(right, function)
    assert result.outcome is outcome and words in result.figure, result
    assert result.help


async def later(completions: Any, **_: Any) -> list[float]:
    return [1.0]


def _fetch(text: str) -> float:
    return float(len(open(text).read()))  # noqa: SIM115


def from_a_file(completions: Any, **_: Any) -> list[float]:
    raise AssertionError(_fetch(completions[0]))


def by_a_server(completions: Any, **_: Any) -> list[float]:
    import requests  # type: ignore[import-untyped, unused-ignore]

    raise AssertionError(requests)


@pytest.mark.parametrize("function", [later, from_a_file, by_a_server, torch.nn.Linear(1, 1)])
def test_what_may_cost_or_leave_something_is_not_called(function: Any) -> None:
    result = found(right, function)
    assert result.is_unknown and "is not called: it" in result.figure


def test_a_stream_and_a_data_set_that_raises_are_unknown() -> None:
    def broken(_: Any, at: int) -> Any:
        raise OSError(at, "gone")

    data = type("Data", (), {"__len__": lambda _: 4, "__getitem__": broken})()
    assert "cannot be read beforehand" in found(right, rows=iter(ROWS)).figure
    result = found(right, rows=data)
    assert result.is_unknown and "OSError: [Errno 0] gone" in result.figure


def writing(prompts: Any, completions: Any, **_: Any) -> list[float]:
    """Write to all that a function can reach."""
    global calls
    calls += 1
    seen.append(completions)
    completions[0], prompts[0] = "changed", "changed"
    writing.__dict__["told"] = True
    print("to be seen in training only")
    return [random.random() + drawn.random() + float(torch.rand(1)) for _ in completions]


class Rewarded(transformers.Trainer):
    """A Trainer that generates, with a reward function that writes."""

    def _generate_and_score_completions(self, inputs: Any) -> Any:
        return [f(prompts=[], completions=[]) for f in self.reward_funcs]


def test_it_is_called_once_and_leaves_no_trace(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run = runs.trainer(tiny.build("gemma3_text"), tmp_path, list(map(dict, ROWS)), cls=Rewarded)
    run.reward_funcs = [writing]
    before = random.getstate(), drawn.getstate(), torch.get_rng_state()
    result = gemma_compat.preflight(run).of("rewards-tell-apart")
    assert result.outcome is Outcome.PASS, result
    assert (calls, seen, vars(writing)) == (0, [], {}) and run.train_dataset == ROWS
    assert random.getstate() == before[0] and drawn.getstate() == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])
    assert "training only" not in capsys.readouterr().out


def test_how_often_it_is_called() -> None:
    counted: list[int] = []

    class Counting(list[Any]):
        def __iter__(self) -> Any:
            counted.append(1)
            return super().__iter__()

    def once(completions: Any, **_: Any) -> Any:
        return Counting([float(len(text)) for text in completions])

    assert found(once).outcome is Outcome.PASS and len(counted) == 1
