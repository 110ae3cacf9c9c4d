"""Which of several errors is told: none that is over, and none that only passes on another."""

from __future__ import annotations

import io
import json

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation
from gemma_compat._explain.framing import PASSED_ON, Framing
from gemma_compat._explain.past import without_past
from gemma_compat.report.explanation import headline, render_json

NAN = "{'loss': 0.0, 'grad_norm': nan, 'learning_rate': 2e-05, 'epoch': 0.01}\n"
UNSCALE = "ValueError: Attempting to unscale FP16 gradients."
OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."


def explain(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


def names(found: Explanation) -> set[str]:
    return {item.name for item in found.generally}


# An error that is over.


@pytest.mark.parametrize(
    "text",
    [
        f"I had `{UNSCALE}`; upgrading peft fixed it. Now grad_norm is nan:\n\n{NAN}{NAN}",
        f"Before, I got\n{UNSCALE}\nwhich went away after I loaded in float32. With fp16=True, now "
        f"this:\n\n{NAN}{NAN}",
        f"The earlier {UNSCALE[:-1]} is gone since I updated. But now it trains with NaN:\n{NAN}",
        f"之前报 {UNSCALE[:-1]}，升级 unsloth 后好了。现在训练时 grad_norm 是 nan：\n{NAN}{NAN}",
        f"I fixed the `{UNSCALE}` by upgrading. The new problem is NaN:\n{NAN}",
        f"Yesterday: {UNSCALE} Today the same script gives\n\n{NAN}",
        'Traceback (most recent call last):\n  File "t.py", line 3, in <module>\n    t()\n'
        f"{UNSCALE}\n\nThat was solved by loading in float32. Now the loss is NaN:\n{NAN}",
    ],
)
def test_an_error_that_is_over_hides_no_new_failure(text: str) -> None:
    found = explain(f"google/gemma-2-2b, fp16=True\n\n{text}")
    assert found.error is None and "fp16-unscale" not in names(found)
    assert "not-a-number" in names(found) and "not a number" in headline(found)
    assert found.facts.training.mixed_precision == "fp16"


@pytest.mark.parametrize(
    "text",
    [
        f"I had `{UNSCALE}`; upgrading peft did not fix it. Now the loss is NaN:\n{NAN}",
        f"I had `{UNSCALE}`. I fixed it by upgrading. Now it is back: {UNSCALE}",
        f"{UNSCALE}\nThis is fixed by a pull request, but the release has it. Now it fails here.",
        f"{UNSCALE}\nCan it be fixed by upgrading? Now I cannot train, error below.",
        f"{NAN}{UNSCALE}\n",
    ],
)
def test_an_error_that_is_not_over_is_told(text: str) -> None:
    assert without_past(text) == text
    assert "fp16-unscale" in names(explain(text))


def test_lines_stay_where_they_are() -> None:
    text = (
        f'Traceback (most recent call last):\n  File "t.py", line 3, in f\n    t()\n{UNSCALE}\n'
        f"It is fixed by float32.\nNow the loss is NaN:\n{NAN}"
    )
    plain = without_past(text)
    assert plain != text and plain.count("\n") == text.count("\n")


# An error that may come.

_SHOWN = f'Traceback (most recent call last):\n  File "t.py", line 3, in f\n    t()\n{UNSCALE}\n'
_DO = "\nLoad the weights in float32, or use bf16.\n"


@pytest.mark.parametrize(
    "text",
    [
        f"# Tuning\n\n## Troubleshooting\n\nIf you see this error:\n\n```\n{_SHOWN}```\n{_DO}",
        f"If you get the following error when training on a T4:\n\n{_SHOWN}{_DO}",
        f"When the card is old, PyTorch raises an error like this:\n\n{UNSCALE}\n{_DO}",
        f"如果遇到以下报错：\n\n{UNSCALE}\n\n请用 float32 加载权重，然后重新运行训练脚本。\n",
        f"Common errors\n\n1. KeyError: 'gemma3'\n   Solution: a newer transformers.\n"
        f"2. {UNSCALE}\n   Solution: load the weights in float32.\n",
        f"Note: with fp16 you will see\n\n{UNSCALE}\n{_DO}",
        f"## Known issues\n\nOn a T4 the script fails with\n\n```\n{UNSCALE}\n```\n{_DO}",
        f"What does `{UNSCALE}` mean? The weights themselves are in half precision.",
    ],
)
def test_an_error_that_may_come_is_not_told_of_a_run(text: str) -> None:
    found = explain(text)
    assert found.framing and "of an error that may come, not of a run" in headline(found)
    framing = {"kind": "supposed", "line": found.framing.line}
    assert json.loads(render_json(found))["framing"] == framing


@pytest.mark.parametrize(
    "text",
    [
        f"I follow the guide, and if you look at the cell I see this error:\n\n{_SHOWN}{_DO}",
        f"If I set fp16=True I get this error:\n\n{_SHOWN}{_DO}",
        f"Has anyone seen this? If you get it, how is it fixed?\n\n{_SHOWN}{_DO}",
        f"### Steps to reproduce\nWhen you get to the second cell:\n{_SHOWN}{_DO}",
        f"如果遇到显存不足我会减小批次。我现在报错：\n{_SHOWN}{_DO}",
        f"INFO if you see this error:\n{_SHOWN}{_DO}",
        f"If you see this error:\n{_SHOWN}",
        f"Gemma 2 on a T4:\n{_SHOWN}{_DO}",
        f"If you see this error:\n{OOM}\n\nuse a smaller batch.\n\n\n\nThen it came:\n\nOutput\n\n"
        f"{_SHOWN}{_DO}",
    ],
)
def test_an_error_that_came_is_told_of_the_run(text: str) -> None:
    found = explain(text)
    assert not found.framing and "fp16-unscale" in names(found)


# An error that only passes on another.

_FIRST = (
    f'Traceback (most recent call last):\n  File "/app/t.py", line 4, in run\n    t()\n{UNSCALE}\n'
)
_CAUSED = "\nThe above exception was the direct cause of the following exception:\n\n"
_HANDLED = "\nDuring handling of the above exception, another exception occurred:\n\n"


def _last(statement: str, error: str, function: str = "run") -> str:
    return (
        'Traceback (most recent call last):\n  File "/app/t.py", line 9, in <module>\n    run()\n'
        f'  File "/app/t.py", line 6, in {function}\n    {statement}\n{error}\n'
    )


_LATER = {
    "from err": _CAUSED + _last("raise E() from err", "RuntimeError: training failed"),
    "own class": _HANDLED + _last("raise JobError(1)", "app.JobError: step 14 failed"),
    "other function": _CAUSED + _last("raise E() from err", "app.JobError: stopped", "stop"),
    "twice": _CAUSED
    + _last("raise E() from err", "app.StepError: step 3")
    + _HANDLED
    + _last("raise PipelineError(7)", "app.PipelineError: pipeline aborted"),
}


@pytest.mark.parametrize("name", _LATER)
@pytest.mark.parametrize("prefix", ["", "[rank0]: "])
def test_what_an_error_passes_on_is_told(name: str, prefix: str) -> None:
    text = "".join(f"{prefix}{line}\n" for line in (_FIRST + _LATER[name]).splitlines())
    found = explain(text)
    last = len(text.splitlines())
    assert "fp16-unscale" in names(found) and found.framing == Framing(PASSED_ON, last)
    assert f"The last error, line {last}, only passes it on" in headline(found)
    assert json.loads(render_json(found))["framing"] == {"kind": "passed-on", "line": last}
    assert found.error is not None and found.error.number == 4


@pytest.mark.parametrize(
    "behind",
    [
        _HANDLED + _last("raise ValueError(i)", "ValueError: row 17 has no label", "other"),
        _HANDLED + _last("save()", "ValueError: the name of the run is odd"),
        "\n" + _last("raise E()", "RuntimeError: training failed"),
    ],
    ids=["another function", "no raise", "no link"],
)
def test_another_error_is_not_taken_for_a_report_of_the_first(behind: str) -> None:
    found = explain(_FIRST + behind)
    assert not found.framing and found.unknown is not None and found.leading is None


def test_a_known_error_is_told_itself() -> None:
    found = explain(_FIRST + _CAUSED + _last("raise E() from err", OOM))
    assert not found.framing and "out-of-memory" in names(found)


# Several errors in one log.

_STEPS = "{'loss': 1.2, 'grad_norm': 0.5}\n{'loss': 1.1, 'grad_norm': 0.5}\n"


def test_of_two_crashes_the_last_one_is_told_first() -> None:
    found = explain(f"{OOM}\n$ python t.py --resume\n{_STEPS}OSError: [Errno 28] No space left\n")
    assert [item.name for item in found.generally] == ["disk-full", "out-of-memory"]
    assert headline(found).startswith("Line 5: the disk is full") and not found.went_on_at


def test_a_run_that_was_resumed_is_said_to_have_gone_on() -> None:
    found = explain(f"{OOM}\n$ python t.py --resume\n{_STEPS}")
    assert "the memory of the card ran out. A run went on after it (line 4)" in headline(found)
    one_step = explain(f"{OOM}\n{_STEPS.splitlines()[0]}\n")
    assert "went on" not in headline(one_step)


def test_a_line_as_wide_as_the_terminal_is_not_joined_with_the_error_below_it() -> None:
    wide = f'    raise SystemError("{"x" * 48}") from e'
    assert len(wide) == 80
    found = explain(f"Traceback (most recent call last):\n{wide}\n{OOM}\n")
    assert found.error is not None and found.error.number == 3


# A warning is an error only where it was raised.

_RAISED = (
    'Traceback (most recent call last):\n  File "/x/site-packages/axolotl/utils/schemas/'
    'deprecated.py", line 132, in validate_s2_attention\n    raise DeprecationWarning(\n'
    "DeprecationWarning: `s2_attention` is no longer supported.\n"
)


def test_a_warning_that_is_raised_ends_a_traceback() -> None:
    found = explain(_RAISED)
    assert found.error is not None and found.error.number == 4 and not found.cut_at
    assert "no longer takes s2_attention" in headline(found)


@pytest.mark.parametrize(
    "text",
    [
        "DeprecationWarning: `s2_attention` is no longer supported.\n",
        "/x/a.py:84: DeprecationWarning: old\n  warnings.warn(\nRuntimeWarning: Enable tracemalloc "
        "to get the object allocation traceback\n",
        f"{_STEPS}UserWarning: something is odd\n{_STEPS}",
    ],
)
def test_a_warning_that_is_printed_ends_none(text: str) -> None:
    found = explain(text)
    assert found.error is None and found.unknown is None and not found.cut_at


def test_a_printed_warning_takes_no_error_away() -> None:
    found = explain(f"UserWarning: odd\n{OOM}\nFutureWarning: `dtype` is deprecated\n")
    assert found.error is not None and found.error.number == 2


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            "concurrent.futures.process.BrokenProcessPool: A process in the process pool was "
            "terminated abruptly while the future was running or pending.",
            "a worker process of a pool ended before it answered",
        ),
        (
            "ray.exceptions.RayTaskError(OutOfMemoryError): ray::WorkerDict.update_actor()",
            "a task of Ray failed with a OutOfMemoryError",
        ),
    ],
)
def test_an_error_whose_class_has_no_usual_ending_is_one(error: str, said: str) -> None:
    found = explain(
        'Traceback (most recent call last):\n  File "/w/t.py", line 3, in <module>\n    main()\n'
        f"{error}\n"
    )
    assert not found.cut_at and said in headline(found)
