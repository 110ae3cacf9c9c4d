"""Preflight before the first step, by each way that the docs name; and the ways past it."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch

import gemma_compat
from gemma_compat._cli.run import _options
from gemma_compat.errors import NothingToRun, PreflightFailed, UsageError

from .. import tiny
from . import runs


def masked() -> dict[str, Any]:
    batch = runs.text()
    batch["labels"][:] = -100
    return batch


def test_the_documented_callback_tries_a_batch(tmp_path: Any) -> None:
    callback = gemma_compat.GemmaCompatCallback(preflight=True)
    run = runs.trainer(
        tiny.build("gemma3_text"), tmp_path, masked(), keywords={"callbacks": [callback]}
    )
    with pytest.raises(PreflightFailed, match="Training was not started: 1 check failed"):
        run.train()


def test_the_callback_tries_the_trainers_own_step(tmp_path: Any) -> None:
    from .test_faults import NoBackward

    callback = gemma_compat.GemmaCompatCallback(preflight=True)
    run = runs.trainer(
        tiny.build("gemma3_text"), tmp_path, cls=NoBackward, keywords={"callbacks": [callback]}
    )
    with pytest.raises(PreflightFailed, match="training-step-runs"):
        run.train()


def test_a_right_run_trains_on_and_leaves_the_answers_beside_its_checkpoints(tmp_path: Any) -> None:
    callback = gemma_compat.GemmaCompatCallback(preflight=True)
    run = runs.trainer(tiny.build("gemma3_text"), tmp_path, keywords={"callbacks": [callback]})
    run.train()
    assert run.state.global_step == 6
    found = json.loads((Path(tmp_path) / "preflight.json").read_text())
    assert found["ok"] and found["schema"] == 1 and len(found["checks"]) > 20


@pytest.mark.parametrize(
    "asked", [{"skip": ["labels-train", "training-step-runs"]}, {"go_on": True}]
)
def test_a_check_can_be_left_out_and_a_failure_passed_over(asked: Any, tmp_path: Any) -> None:
    batch = runs.text()
    batch["input_ids"][:, 1] = batch["labels"][:, 1] = runs.BOS
    given = {"skip": ["one-bos"]} if "skip" in asked else asked
    callback = gemma_compat.GemmaCompatCallback(preflight=given)
    run = runs.trainer(
        tiny.build("gemma3_text"), tmp_path, batch, keywords={"callbacks": [callback]}
    )
    run.train()
    assert run.state.global_step == 6


@pytest.mark.parametrize("asked", [{"skip": ["no-such-check"]}, {"leave": 1}])
def test_what_does_not_exist_is_told_at_once(asked: Any) -> None:
    with pytest.raises(UsageError):
        gemma_compat.GemmaCompatCallback(preflight=asked)
    with pytest.raises(UsageError):
        gemma_compat.install(preflight=asked)


def test_a_loop_through_accelerate_is_tried(tmp_path: Any) -> None:
    from accelerate import Accelerator

    gemma_compat.install(preflight=True)
    try:
        for rows, words in ((masked(), "labels-train"), (runs.text(), "")):
            model = tiny.build("gemma3_text")
            loader = torch.utils.data.DataLoader(runs.Rows(rows), batch_size=2)
            optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
            if words:
                with pytest.raises(PreflightFailed, match=words):
                    Accelerator(cpu=True).prepare(model, optimizer, loader)
            else:
                Accelerator(cpu=True).prepare(model, optimizer, loader)
    finally:
        gemma_compat.uninstall()


def test_a_loop_without_a_loader_is_not_passed_over_in_silence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    from accelerate import Accelerator

    gemma_compat.install(preflight=True)
    try:
        with caplog.at_level(logging.WARNING, logger="gemma_compat"):
            Accelerator(cpu=True).prepare(tiny.build("gemma3_text"))
    finally:
        gemma_compat.uninstall()
    assert "preflight was not made" in caplog.text


@pytest.mark.parametrize(
    ("line", "preflight", "watch"),
    [
        (["--preflight", "a.py", "--watch"], True, False),
        (["--watch", "a.py"], False, True),
        (
            ["--skip", "one-bos", "a.py"],
            {"skip": ["one-bos"], "go_on": False, "verbose": False},
            False,
        ),
        (
            ["--preflight", "--skip=one-bos", "--skip", "length-fits", "--continue", "a.py"],
            {"skip": ["one-bos", "length-fits"], "go_on": True, "verbose": False},
            False,
        ),
        (
            ["--preflight", "--verbose", "a.py"],
            {"skip": [], "go_on": False, "verbose": True},
            False,
        ),
    ],
)
def test_options_of_the_command_line(line: list[str], preflight: Any, watch: bool) -> None:
    assert _options(line) == (preflight, watch)
    assert line[0] == "a.py"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["--skip"], "--skip needs the name of a check"),
        (["--skip", "one-boss", "a.py"], "the nearest is one-bos"),
        (["--skip", "xyz", "a.py"], "there are accumulation-keeps-scale"),
        (["--preflight", "--contine", "a.py"], "the nearest is --continue"),
        (["--watch", "--verbose", "a.py"], "--verbose prints every check of --preflight"),
    ],
)
def test_wrong_options_are_one_line(line: list[str], words: str) -> None:
    with pytest.raises((UsageError, NothingToRun), match=words) as told:
        _options(line)
    assert "\n" not in str(told.value)


def test_what_failed_is_the_first_that_is_printed(tmp_path: Any) -> None:
    result = gemma_compat.preflight(runs.trainer(tiny.build("gemma3_text"), tmp_path, masked()))
    lines = [line.split()[0] for line in str(result).splitlines() if line[:1].strip()]
    assert lines[1] == "fail" and lines.index("not") > lines.index("pass")
    assert len(str(result).splitlines()) < 40 < len(result.table().splitlines())
    assert "needs the tokenizer: template-is-the-models, text-is-the-models" in str(result)


def test_it_prints_in_a_notebook_and_as_json(tmp_path: Any) -> None:
    result = gemma_compat.preflight(runs.trainer(tiny.build("gemma3_text"), tmp_path, masked()))
    page = result._repr_html_()
    assert "<table>" in page and "labels-train" in page and "every label is -100" in page
    found = json.loads(json.dumps(result.to_dict()))
    assert found["failed"] == ["labels-train"] and len(found["checks"]) == len(result.checks)
    assert "text-is-clean" in found["unknown"] and "adapter-is-sound" not in found["unknown"]
    assert all(item.name in page for item in result.checks)
    assert "\n" not in repr(result)
