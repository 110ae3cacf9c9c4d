"""Texts in which nothing happened: source, settings, manuals, changes, the logs of other services.

Beside each stands a near miss: a report that holds the same and must be answered.
"""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation, Generally
from gemma_compat.report.explanation import headline, render_json

SOURCE = '''\
import logging

class Loader:
    """Load a checkpoint. A RuntimeError with no message ends the run."""

    def load(self, path):
        # `libcusparseLt.so.0: cannot open shared object file` where vLLM took torch away
        if not path.exists():
            raise ValueError("float8 dtypes require torch>=2.5")
        memory_exceeded = "MemoryError" in self.stderr
        failed = 0
        print(f"Primary URL ({path}) failed. The loss did not converge")
        return failed
'''
SETTINGS = """\
name: Failure short reports
on: push
jobs:
  report:
    runs-on: ubuntu-latest
    steps:
      - name: Crash reports
        run: make fail
"""
MANUAL = """\
# Training recipes

## Full fine-tuning
Run the script below. We could not train the largest model under ZeRO-3, since NCCL errors make the
GPUs hang.

## Adapters
The LoRA training only saves the adapter parameters. A low batch size saves memory, and the loss
does not fall as fast.
"""
TROUBLES = """\
Illegal memory access
=====================
If you encounter an error like ``CUDA error: an illegal memory access was encountered`` during
rollouts, see the pages of your engine.

Checkpoints
===========
If you want to convert a checkpoint, see the merger.
"""
CHANGES = """\
## 0.14.2
- Fixed training that hangs on two GPUs (#1204)
- Loss is no longer NaN in float16 (#1211)
- The saved model was worse than the trained one (#1230)
"""
DOCSTRING = """\
Sample rows of one batch.

    Raises:
        ValueError: If batch_size is larger than the data
        RuntimeError: When no GPU is there
"""
SERVICES = """\
Nov  9 12:10:55 host sshd[1761]: error: Bind to port 22 on 0.0.0.0 failed: Address already in use.
Nov  9 12:10:56 host kernel: node 4 can not get assembly information
Nov  9 12:10:58 host crond[17]: (root) CMD (run-parts /etc/cron.hourly)
Nov  9 12:11:02 host ntpd[201]: synchronized to 10.0.0.4, stratum 3
"""
STORY = """\
I found her at tea beneath the palms. My friend had lost his trade, and could not paint.
He stopped suddenly, without a word, and I could see that it was worse than before.
Nobody in the town had failed as he had.
So the winter went by.
"""
NOTHING = {
    "source": SOURCE, "settings": SETTINGS, "manual": MANUAL, "troubles": TROUBLES,
    "changes": CHANGES, "docstring": DOCSTRING, "services": SERVICES, "story": STORY,
}  # fmt: skip


def explain(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_nothing_is_claimed(text: str) -> None:
    found = explain(text)
    assert found.leading is None and not found.codes, headline(found)
    assert found.unknown is None or text is SERVICES


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"The loss does not fall when I train with this:\n\n{SOURCE}", "loss-that-does-not-fall"),
        (f"# Training loss does not fall for Gemma\n{SETTINGS}", "loss-that-does-not-fall"),
        (f"{SOURCE}\nRuntimeError: No CUDA GPUs are available\n", "no-gpu"),
        (f"{MANUAL}\nRuntimeError: No CUDA GPUs are available\n", "no-gpu"),
        ("[rank0]: The server socket has failed to bind to [::]:29500 (errno: 98 - Address already "
         "in use)\n", "port-in-use"),
        (f"### Describe the bug\n\nMy training hangs after a step.\n\n{CHANGES}", "run-that-hangs"),
        ("# [Bug] training hangs with two GPUs\n\n## Environment\ntorch 2.4\n\n## Steps\nrun it\n\n"
         "## Logs\nnone\n", "run-that-hangs"),
    ],
)  # fmt: skip
def test_a_report_with_the_same_in_it_is_answered(text: str, name: str) -> None:
    leading = explain(text).leading
    assert isinstance(leading, Generally) and leading.name == name


@pytest.mark.parametrize(
    "text",
    [
        "We used to get RuntimeError: CUDA out of memory, fixed by upgrading to torch 2.4",
        "I got ValueError: Attempting to unscale FP16 gradients.\nSolved by setting bf16=True.",
        "[SOLVED] RuntimeError: expected scalar type Half but found Float\nIt was peft 0.9.",
        "RuntimeError: expected scalar type Half but found Float\n\nUpgrading to 0.12 fixed the "
        "issue for me.",
        "训练报错 RuntimeError: CUDA out of memory\n升级驱动之后就好了，问题已解决",
    ],
)
def test_an_error_that_is_over_is_told_as_one(text: str) -> None:
    found = explain(text)
    assert found.leading is not None and found.solved_at
    assert "says that this is solved" in headline(found)
    assert f'"solved_at": {found.solved_at}' in render_json(found)


@pytest.mark.parametrize(
    "text",
    [
        "RuntimeError: CUDA out of memory\nHow can this be solved?",
        "RuntimeError: CUDA out of memory\nIt was fixed by a smaller batch, but now it is back.",
        "RuntimeError: CUDA out of memory\nIs this fixed in a later release?",
        "RuntimeError: CUDA out of memory\nI hope it is solved by the next release.",
        "The NaN was fixed by bf16.\nNow I get RuntimeError: CUDA out of memory",
        "RuntimeError: CUDA out of memory\nThis is not solved by upgrading.",
    ],
)
def test_an_error_that_is_not_over_stands_as_it_is(text: str) -> None:
    found = explain(text)
    assert found.leading is not None and not found.solved_at


@pytest.mark.parametrize(
    "text",
    [
        "I merged the adapter; the saved file is small, as expected.",
        "My lm_head is trained too and is loaded correctly.",
        "My loss is 0 on masked rows, as it should be.",
    ],
)
def test_what_is_as_it_should_be_is_no_failure(text: str) -> None:
    assert explain(text).leading is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The saved model is too small, not as expected.", "saved-weights-too-small"),
        ("My adapter is not loaded correctly after saving, the loss does not fall",
         "loss-that-does-not-fall"),
    ],
)  # fmt: skip
def test_what_is_denied_to_be_so_is_one(text: str, name: str) -> None:
    assert name in {item.name for item in explain(text).generally}
