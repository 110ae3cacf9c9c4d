"""The same log in another dress: quoted, indented, prefixed, wrapped, escaped; one answer.

An answer is what leads, its kind or rule, and how sure it is. Each dress is worn by a sample of the
corpus; ``python -m tests.explain.test_disguises`` counts over all of it.
"""

from __future__ import annotations

import html
import io
import json
import random
import re
import textwrap
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Cause, Explanation
from gemma_compat._explain.undress import undressed

LOGS = sorted((Path(__file__).parent / "logs").glob("*.log"))
_RED = ("\x1b[0;31m", "\x1b[0m")
_TIME = "2026-11-28T02:00:00"


def _each(change: Callable[[str], str]) -> Callable[[str], str]:
    """Return what changes each line."""
    return lambda text: "".join(f"{change(line)}\n" for line in text.splitlines())


def _wrapped(width: int) -> Callable[[str], str]:
    def wrap(line: str) -> str:
        return "\n".join(line[i : i + width] for i in range(0, len(line), width))

    return _each(wrap)


def _red_error(line: str) -> str:
    return re.sub(r"^(\w+(?:\.\w+)*Error)(?=:|$)", rf"{_RED[0]}\1{_RED[1]}", line)


DRESSES: dict[str, Callable[[str], str]] = {
    "quoted": _each(lambda line: f"> {line}"),
    "quoted in an answer": _each(lambda line: f"> > {line}"),
    "indented": lambda text: textwrap.indent(text, "    "),
    "with tabs": lambda text: textwrap.indent(text, "\t"),
    "fenced": lambda text: f"```\n{text}\n```\n",
    "fenced as python": lambda text: f"Here it is:\n\n~~~python\n{text}\n~~~\n",
    "HTML": lambda text: f"<pre>{html.escape(text)}</pre>\n",
    "rank": _each(lambda line: f"[rank0]: {line}"),
    "worker": _each(lambda line: f"(WorkerDict pid=12) {line}"),
    "worker at a host": _each(lambda line: f"(TaskRunner pid=12, ip=10.0.0.7) {line}"),
    "number": _each(lambda line: f"0: {line}"),
    "elastic": _each(lambda line: f"[default0]:{line}"),
    "logging": _each(lambda line: f"2026-11-28 02:00:00,123 - train - ERROR - {line}"),
    "level first": _each(lambda line: f"INFO 11-28 02:00:00 [runner.py:71] {line}"),
    "docker": _each(lambda line: f"trainer-1  | {line}"),
    "Kubernetes": _each(lambda line: f"{_TIME}.123456789Z stderr F {line}"),
    "GitHub": _each(lambda line: f"{_TIME}.0000000Z {line}"),
    "Google's rows": _each(
        lambda line: json.dumps({"insertId": "a1", "textPayload": line, "severity": "ERROR"})
    ),
    "Google's list": lambda text: json.dumps(
        [{"jsonPayload": {"message": line}, "severity": "ERROR"} for line in text.splitlines()],
        indent=2,
    ),
    "Docker's rows": _each(lambda line: json.dumps({"log": f"{line}\n", "stream": "stderr"})),
    "CloudWatch": lambda text: json.dumps(
        {"events": [{"timestamp": 1, "message": line} for line in text.splitlines()]}, indent=4
    ),
    "logfmt": _each(lambda line: f"level=error ts={_TIME}Z msg={json.dumps(line)}"),
    "MPI": _each(lambda line: f"[1,0]<stderr>:{line}"),
    "pod": _each(lambda line: f"[pod/train-0/trainer] {line}"),
    "stream": _each(lambda line: f"[{_TIME}.123456][stderr] {line}"),
    "between words": lambda text: text.replace(": ", ":\u200b "),
    "Slurm": _each(lambda line: f"[2026-11-28T02:00:00.123] {line}"),
    "coloured": lambda text: _each(_red_error)(text),
    "red lines": _each(lambda line: f"\x1b[31m{line}\x1b[0m"),
    "Windows": lambda text: text.replace("\n", "\r\n"),
    "80 columns": _wrapped(80),
    "120 columns": _wrapped(120),
    "after Chinese": lambda text: f"我在微调模型的时候报错了，日志如下：\n\n{text}",
    "JSON": lambda text: json.dumps({"text": text}),
    "escaped": lambda text: json.dumps(text)[1:-1],
    "table": lambda text: f"| log |\n| --- |\n| {text.replace(chr(10), '<br>')} |\n",
    "details": lambda text: f"<details><summary>Log</summary>\n\n```\n{text}\n```\n</details>\n",
    "breaks": _each(lambda line: f"{line}<br>"),
    "numbered": lambda text: "".join(
        f"{number:5}\t{line}\n" for number, line in enumerate(text.splitlines(), 1)
    ),
}


def explain(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


def answer(found: Explanation) -> tuple[object, ...]:
    """Return what leads and how sure it is; without an answer, whether an error is unknown."""
    leading = found.leading
    if leading is None:
        return ("unknown" if found.unknown else "silent",)
    if isinstance(leading, Cause):
        return (leading.rule.code, leading.is_certain, leading.is_known_by_text)
    return (leading.name, leading.answer.certain)


@lru_cache(maxsize=None)
def plain(log: Path) -> tuple[object, ...]:
    return answer(explain(log.read_text(encoding="utf-8")))


# Each lost its answer in one of these dresses, or got one that it has not.
HARD = {
    "F9-flash-attention-on-t4", "F15-missing-adapter-keys", "F21-gemma2-refuses-sdpa",
    "U13-token-type-ids-under-unsloth", "U38-normal-kernel-byte", "healthy-paligemma",
    "healthy-unsloth-t4", "other-stopped-by-hand", "other-syntax",
}  # fmt: skip


def sample(dress: str) -> list[Path]:
    """Return the hard logs and two others, which each dress draws for itself."""
    others = [log for log in LOGS if log.stem not in HARD | {"healthy-notebook-noise"}]
    return [log for log in LOGS if log.stem in HARD] + random.Random(dress).sample(others, 2)


@pytest.mark.parametrize("name", DRESSES)
def test_the_answer_is_the_same(name: str) -> None:
    logs = sample(name)
    assert len(logs) == len(HARD) + 2
    assert len({plain(log) for log in logs}) > 5  # no log of them is silent for the others
    lost, changed = {}, 0
    for log in logs:
        text = log.read_text(encoding="utf-8")
        dressed = DRESSES[name](text)
        changed += dressed != text
        if answer(explain(dressed)) != plain(log):
            lost[log.stem] = (plain(log), answer(explain(dressed)))
    assert not lost and changed > 2


@pytest.mark.parametrize("name", ["JSON", "table", "80 columns", "Slurm"])
def test_a_dress_that_is_left_on_costs_answers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from gemma_compat._explain import explain as module

    monkeypatch.setattr(module, "undressed", lambda stream: (stream, ()))
    logs = sample(name)
    dressed = [answer(explain(DRESSES[name](log.read_text(encoding="utf-8")))) for log in logs]
    assert dressed != [plain(log) for log in logs]


def test_lines_keep_the_numbers_that_the_paste_has() -> None:
    error = "RuntimeError: CUDA out of memory. Tried to allocate 20.00 MiB on the card"
    long = f"warning: {'word' * 40}"
    text = f"a\n{long}\nb\nTraceback (most recent call last):\n{error}\n"
    wrapped = DRESSES["80 columns"](text)
    number = next(i for i, line in enumerate(wrapped.splitlines(), 1) if line.startswith("Runtime"))
    found = explain(wrapped)
    assert number > 5 and found.error is not None and found.error.number == number
    assert found.generally[0].line.number == number and found.lines == wrapped.count("\n")
    folded = explain(DRESSES["JSON"](text))
    assert folded.error is not None and folded.error.number == 1 and folded.lines == 1


@pytest.mark.parametrize(
    "text",
    [
        # lines as wide as one another on purpose
        "".join(f"{{'loss': 1.{n:04}, 'grad_norm': 0.5, 'learning_rate': 0.0001, 'epoch': 0.1}}\n"
                for n in range(20)),
        f"{'-' * 80}\nTraceback (most recent call last)\n{'-' * 80}\n",
        "│ a │\n" * 9,
        # a path of Windows, and an expression, are no line breaks
        "C:\\new\\node\\nets\\name\\none\n",
    ],
)  # fmt: skip
def test_what_is_no_dress_stays(text: str) -> None:
    log, numbers = undressed(io.BytesIO(text.encode()))
    assert log.read(1 << 20) == text.encode() and not numbers


_TRACEBACK = """Traceback (most recent call last):
  File "/x/train.py", line 10, in <module>
    trainer.train()
  File "/x/site-packages/somewhere/trainer.py", line 2245, in train
    check(rows)
"""


@pytest.mark.parametrize(
    "tag",
    [
        *("rank0: ", "Rank 3: ", "node1: ", "ERROR:root:", "stderr: ", "pod/gemma-0 ", "    "),
        *("Nov 02 10:11:12 host python[123]: ", "gemma-train-0-node-0-0: ", "10:11:12 ", "12  "),
        *("2025-11-02 10:11:12.345 | ERROR    | __main__:<module>:12 - ", "wandb: ", "[36m(x)[0m "),
    ],
)
@pytest.mark.parametrize("error", ["ValueError: rows are of two kinds", "AssertionError"])
def test_a_tag_before_each_row_of_a_traceback_is_no_end_of_it(tag: str, error: str) -> None:
    rows = f"step 1 is done\n{_TRACEBACK}{error}\n".splitlines()
    bare, tagged = (explain("".join(f"{t}{row}\n" for row in rows)) for t in ("", tag))
    assert not tagged.cut_at and tagged.unknown is not None and bare.unknown is not None
    assert tagged.unknown.message == bare.unknown.message and tagged.unknown.line == len(rows)
    assert tagged.unknown.raised_by == bare.unknown.raised_by


def test_a_time_that_moves_on_is_one_tag_and_another_process_is_not() -> None:
    rows = f"{_TRACEBACK}AssertionError\n".splitlines()
    times = explain("".join(f"10:11:{n:02} {row}\n" for n, row in enumerate(rows)))
    others = explain("".join(f"node{n}: {row}\n" for n, row in enumerate(rows)))
    assert times.unknown is not None and others.unknown is None


def test_a_traceback_in_a_docstring_is_none_of_a_run() -> None:
    text = 'def f():\n    """Raise.\n\n    ' + "\n    ".join(_TRACEBACK.splitlines())
    assert explain(f'{text}\n    AssertionError\n    """\n').error is None


def test_a_long_log_is_read_as_it_is() -> None:
    text = "".join(f"> step {number}\n" for number in range(20_000)).encode()
    log, numbers = undressed(io.BytesIO(text))
    assert b"".join(iter(lambda: log.read(1000), b"")) == text and not numbers


if __name__ == "__main__":
    import sys

    show = sys.argv[1:]
    for name, dress in DRESSES.items():
        if show and name not in show:
            continue
        lost = []
        for log in LOGS:
            got = answer(explain(dress(log.read_text(encoding="utf-8"))))
            if got != plain(log):
                lost.append((log.stem, plain(log), got))
        print(f"{name:22} {len(LOGS) - len(lost)}/{len(LOGS)}")
        for item in lost if show else lost[:0]:
            print("   ", *item)
