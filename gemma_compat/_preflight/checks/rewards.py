"""Check the reward functions of a run that generates the text it trains on (GRPO, RLOO).

Each is called once, with a dozen completions made up here; what it writes to is put back.
"""

from __future__ import annotations

import copy
import difflib
import inspect
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ..result import CheckResult, Outcome
from ..text import tokenizer_of
from ..written import outside, writes_undone
from ._answers import count, does_not_apply, failed, first_line, not_run, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject

_ROWS = 2  # of the data, with some completions for each
_ANSWERS = ("solution", "answer", "ground_truth", "target", "label", "output", "completion")
_BY_TRL = ("trainer_state", "log_extra", "log_metric")  # newer releases pass them too
_HELP = "one number for each completion: [score(text) for text in completions]"


def rewards_tell_apart(subject: Subject) -> CheckResult:
    """Check that each reward function gives each completion a number, and not the same to all."""
    functions = getattr(subject.trainer, "reward_funcs", None)
    if not isinstance(functions, (list, tuple)) or not functions:
        return does_not_apply("the run has no reward functions")
    try:
        rows = _rows(subject)
    except Exception as error:  # probe boundary: the user's own data set
        return not_run(f"the rows that the rewards are for cannot be read: {first_line(error)}")
    if not rows:
        return not_run("the rows that the rewards are for cannot be read beforehand")
    given = _arguments(subject, rows)
    results = [_judged(name, function, given) for name, function in _named(subject, functions)]
    for outcome in (Outcome.FAIL, Outcome.WARNING, Outcome.NOT_RUN):
        if found := [item for item in results if item.outcome is outcome]:
            return found[0]
    return passed(f"{len(results)} reward functions tell {len(given['completions'])} answers apart")


def _named(subject: Subject, functions: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    names = getattr(subject.trainer, "reward_func_names", None) or []
    for at, function in enumerate(functions):
        own = getattr(function, "__name__", type(function).__name__)
        yield str(names[at]) if at < len(names) else str(own), function


def _rows(subject: Subject) -> list[dict[str, Any]]:
    """Return copies of the first rows; none of a stream, which would lose them."""
    data: Any = getattr(subject.trainer, "train_dataset", None)
    if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
        return []
    rows = [data[at] for at in range(min(_ROWS, len(data)))]
    return [copy.deepcopy(dict(row)) for row in rows if "prompt" in row]


def _arguments(subject: Subject, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the Trainer calls a reward function with, for a few completions of each row."""
    pairs = [(row, text) for row in rows for text in _texts(row)]
    columns = [n for n in rows[0] if n not in ("prompt", "completion", "completion_ids")]
    given: dict[str, Any] = {n: [copy.deepcopy(row.get(n)) for row, _ in pairs] for n in columns}
    given["prompts"] = [copy.deepcopy(row["prompt"]) for row, _ in pairs]
    given["completions"] = [_as_prompted(row["prompt"], text) for row, text in pairs]
    known = _names_of_calls(subject.trainer)
    if "completion_ids" in known:
        given["completion_ids"] = [_ids(subject, text) for _, text in pairs]
    for name in _BY_TRL:
        if name in known:
            given[name] = _ignore
    if "trainer_state" in given:
        given["trainer_state"] = copy.copy(getattr(subject.trainer, "state", SimpleNamespace()))
    return given


def _texts(row: dict[str, Any]) -> list[str]:
    """Return completions as a model may write them: with the row's answer and without, in the
    formats that recipes ask for.
    """
    answer = next((str(row[name]) for name in _ANSWERS if row.get(name) is not None), "42")
    thought = "Let me think."
    return [
        answer,
        f"<think>\n{thought}\n</think>\n<answer>\n{answer}\n</answer>",
        f"<reasoning>\n{thought}\n</reasoning>\n<answer>\n{answer}\n</answer>\n",
        f"{thought} The answer is \\boxed{{{answer}}}. #### {answer}",
        "I do not know.",
        "",
    ]


def _as_prompted(prompt: Any, text: str) -> Any:
    return text if isinstance(prompt, str) else [{"role": "assistant", "content": text}]


def _ids(subject: Subject, text: str) -> list[int]:
    encode = getattr(tokenizer_of(subject), "encode", None)
    return list(encode(text, add_special_tokens=False)) if callable(encode) else []


def _ignore(*_: Any, **__: Any) -> None:
    """Stand for the functions by which a reward function logs."""


def _names_of_calls(trainer: Any) -> set[str]:
    """Return the names by which this release of the Trainer passes arguments to a reward function,
    read off its code.
    """
    found: set[str] = set()
    for name in ("_calculate_rewards", "_generate_and_score_completions", "_prepare_inputs"):
        code = getattr(inspect.unwrap(getattr(trainer, name, _ignore)), "__code__", None)
        constants = getattr(code, "co_consts", ())
        texts = {item for item in constants if isinstance(item, str)}
        for names in (item for item in constants if isinstance(item, tuple)):
            if {"prompts", "completions"} <= set(names):
                found |= set(names) | (texts & set(_BY_TRL))
        if name == "_calculate_rewards":
            found |= texts
    return found


def _judged(name: str, function: Any, given: dict[str, Any]) -> CheckResult:
    """Call one function, where that is safe, and judge what it returns."""
    if not inspect.isfunction(function) or inspect.iscoroutinefunction(function):
        return not_run(f"{name} is not called: it is not a plain Python function")
    if used := outside(function):
        return not_run(f"{name} is not called: it uses {used}, which may cost or leave something")
    try:
        inspect.signature(function).bind(**given)
    except TypeError as error:
        return failed(
            f"{name} cannot be called as the Trainer does: {error}",
            help=_of_column(str(error), given) or f"def {name}(prompts, completions, **kwargs)",
        )
    try:
        with writes_undone(function), redirect_stdout(io.StringIO()):
            found = function(**given)
            rewards = list(found) if hasattr(found, "__len__") else found
    except Exception as error:  # probe boundary: the user's reward function
        return warned(
            f"{name} raises {first_line(error)} on one of {len(given['completions'])} completions, "
            "an empty one and one without the format among them",
            help=f"let {name} return 0.0 for a text that it cannot read",
        )
    return _of_rewards(name, rewards, len(given["completions"]))


def _of_column(error: str, given: dict[str, Any]) -> str:
    """Return how to give a function the column that it asks for; empty if it asks for none."""
    wanted = re.search(r"missing a required argument: '(\w+)'", error)
    columns = [name for name, value in given.items() if isinstance(value, list)]
    columns = [name for name in columns if name not in ("prompts", "completions", "completion_ids")]
    if wanted is None or not columns:
        return ""
    near = difflib.get_close_matches(wanted[1], columns, n=1, cutoff=0.0)
    return (
        f"dataset.rename_column({near[0]!r}, {wanted[1]!r}), or another name of the parameter: the "
        f"columns are {', '.join(columns)}"
    )


def _of_rewards(name: str, rewards: Any, wanted: int) -> CheckResult:
    if not isinstance(rewards, list):
        kind = type(rewards).__name__
        return failed(f"{name} returns {kind} for {wanted} completions, and not a list", help=_HELP)
    if len(rewards) != wanted:
        return failed(
            f"{name} returns {count(len(rewards), 'reward')} for {wanted} completions", help=_HELP
        )
    told = [value for value in rewards if value is not None]  # None: the function has no opinion
    wrong = next((value for value in told if not _is_number(value)), None)
    if wrong is not None:
        return failed(f"{name} returns {type(wrong).__name__} as a reward", help=_HELP)
    values = [float(value) for value in told]
    lost = [value for value in values if not math.isfinite(value)]
    if lost:
        return warned(
            f"{name} returns {lost[0]} for {len(lost)} of {wanted} completions",
            help=f"let {name} return a finite number, or None where it has no opinion",
        )
    if len(set(values)) > 1:
        return passed(f"{name} tells {wanted} completions apart")
    said = f"{values[0]:g}" if values else "None"
    return warned(
        f"{name} returns {said} for each of {wanted} completions, with the row's answer and "
        "without, in several formats and empty: if it does so for what the model writes, nothing "
        "is learned",
        help=f"nothing, if {name} looks for another format; else print what it compares",
    )


def _is_number(value: Any) -> bool:
    to_float: Callable[[Any], Any] | None = getattr(type(value), "__float__", None)
    return to_float is not None and getattr(value, "ndim", 0) == 0
