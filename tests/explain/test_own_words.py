"""Errors that nothing here knows are answered by their own advice; titles are read as reports."""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation
from gemma_compat.report.explanation import headline, render_text

FRAME = 'Traceback (most recent call last):\n  File "/x/site-packages/{}/a.py", line 3, in f\n'


def explained(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


@pytest.mark.parametrize(
    ("text", "must"),
    [
        (
            f"{FRAME.format('unsloth')}ValueError: Unsloth: audio clips must be mono 1D waveforms, "
            "got shape (2, 16000). Convert stereo to mono first, e.g. waveform.mean(axis=0).\n",
            "Convert stereo to mono first",
        ),
        (
            "RuntimeError: FlashInfer failed to JIT-compile: nvcc not found.\nFix options:\n"
            "  1. Install the CUDA toolkit or set CUDA_HOME to your CUDA installation\n",
            "Install the CUDA toolkit",
        ),
        (
            f"{FRAME.format('llamafactory')}ValueError: Please specify `export_dir` to save.\n",
            "specify `export_dir`",
        ),
        (
            "NotImplementedError: FSDP1 is not supported. Please use FSDP2 (fsdp_version=2) "
            "instead.\n",
            "use FSDP2 (fsdp_version=2)",
        ),
        (
            f"{FRAME.format('unsloth')}RuntimeError: Unsloth: the engine is in a state that this "
            "test made up\n",
            "Unsloth stops and says: the engine is in a state",
        ),
    ],
)
def test_the_message_of_an_unknown_error_is_shown_with_its_advice(text: str, must: str) -> None:
    found = explained(text)
    shown = " ".join(render_text(found).split())
    assert must in shown
    assert "no rule here knows it" not in headline(found)
    assert found.generally[0].name == "message-says-what-to-do"


@pytest.mark.parametrize(
    "line",
    [
        "RuntimeError: the weather is bad",
        "RuntimeError: something broke. Please open an issue on Github.",
        "RuntimeError: Something broke. Please report this issue.",
        "ValueError: token of the user was used",
    ],
)
def test_a_message_without_advice_stays_unknown(line: str) -> None:
    assert not explained(f"{FRAME.format('trl')}{line}\n").generally


RAISES = "    raise ValueError(\n"
CHECK = "ValueError: `warmup_ratio` is 3, must be below 1\n"


def why(text: str) -> str:
    found = explained(text)
    assert not found.generally and found.unknown is not None
    return found.unknown.why


def test_a_check_of_a_package_is_called_one() -> None:
    assert why(f"{FRAME.format('swift')}{RAISES}{CHECK}").startswith("a check in swift raises it")


@pytest.mark.parametrize(
    "text",
    [
        f"{FRAME.format('swift')}    x = rows[name]\n{CHECK}",
        f"{FRAME.format('swift')}{RAISES}ValueError: the weather is bad\n",
        CHECK,
    ],
)
def test_what_no_package_raised_is_no_check(text: str) -> None:
    assert why(text) == ""


def test_advice_comes_with_whose_error_it_is() -> None:
    text = f"{FRAME.format('swift')}{RAISES}ValueError: no bay. Please use another bay here.\n"
    found = explained(text)
    assert found.unknown is not None and not found.unrecognised
    assert "raised: in the package ms-swift" in " ".join(render_text(found).split())


def test_no_path_of_a_message_is_repeated_in_the_answer() -> None:
    text = "RuntimeError: cannot write. Please remove /home/anna/secret/model.bin first.\n"
    answer = explained(text).generally[0].answer
    assert "anna" not in " ".join((answer.happened, *answer.do))


@pytest.mark.parametrize(
    "text",
    [
        "# Attempting to unscale FP16 gradients. with gemma-2b\nT4, one GPU\n",
        "Attempting to unscale FP16 gradients.\nThat is all that I get with gemma-2b on a T4.\n",
        "gemma-2b on a T4, I get this error:\n```\nAttempting to unscale FP16 gradients.\n```\n",
    ],
)
def test_a_title_and_an_announced_line_are_reports(text: str) -> None:
    assert explained(text).generally


@pytest.mark.parametrize(
    "text",
    [
        "notes of a release\nmended: Attempting to unscale FP16 gradients. in old trainers\n",
        "# Attempting to unscale FP16 gradients.\n"
        "{'loss': 1.9, 'grad_norm': 0.4, 'learning_rate': 2e-4, 'epoch': 0.1}\n"
        "{'loss': 1.8, 'grad_norm': 0.4, 'learning_rate': 2e-4, 'epoch': 0.2}\n",
    ],
)
def test_a_text_that_nothing_reports_is_none(text: str) -> None:
    assert not explained(text).generally
