"""Texts in which nothing happened: source, settings, manuals, changes, the logs of other services.

Beside each stands a near miss: a report that holds the same and must be answered.
"""

from __future__ import annotations

import io
import json

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation, Generally
from gemma_compat._explain.framing import Framing
from gemma_compat.report.explanation import headline, render_json, render_markdown

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
QUESTIONS = """\
1. Does it fail with a single GPU?
2. Does the loss diverge from the first step?
3. And the trainer?
"""
ANSWERS = """\
Q: Why is my loss 0?
A: Mostly because all labels are -100.

Q: Training is slow, what can I do?
A: Use packing.
"""
ABSTRACT = """\
Our paper shows that adapters forget less, but that their accuracy on hard tasks is worse.
Full fine-tuning of the model leads to catastrophic forgetting after three epochs.
"""
NEWS = """\
Release 2.3 is out! The trainer no longer hangs with an uneven last batch. The loss is right.
"""
CHAPTER = """\
## Fault tolerance of replicas

This approach involves no checkpoint saving, and deals with crashes of accelerators.
Without a second replica the training will fail silently, and the model returns empty answers.
"""
DOCTEST = """\
It can be raised with :meth:`Response.raise_for_status() <requests.Response>`::

    >>> bad.raise_for_status()
    Traceback (most recent call last):
      File "requests/models.py", line 832, in raise_for_status
        raise http_error
    requests.exceptions.HTTPError: 404 Client Error

All is well.
"""
GO = """\
func Fetch(client *http.Client) ([]Model, error) {
\tif client == nil {
\t\treturn nil, errors.New("the model client is required")
\t}
\tresp, err := client.Do(req)
\tif err != nil {
\t\treturn nil, fmt.Errorf("Failed to fetch the model: %w", err)
\t}
"""
NOTHING = {
    "source": SOURCE, "settings": SETTINGS, "manual": MANUAL, "troubles": TROUBLES,
    "changes": CHANGES, "docstring": DOCSTRING, "services": SERVICES, "story": STORY,
    "questions": QUESTIONS, "answers": ANSWERS, "abstract": ABSTRACT, "news": NEWS,
    "chapter": CHAPTER, "Go": GO,
}  # fmt: skip


def explain(text: str) -> Explanation:
    return explain_log(io.BytesIO(text.encode()))


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_nothing_is_claimed(text: str) -> None:
    found = explain(text)
    assert found.leading is None and not found.codes, headline(found)
    assert found.unknown is None or text is SERVICES


@pytest.mark.parametrize(
    "text",
    [
        "Which GPU is the best where the training is slow?",
        "How do I know whether my adapter is overfitting? What loss should I expect?",
        "Is it possible to resume with fewer GPUs? I want to plan for failures of the model.",
        "We have never seen the training hang on these nodes.",
        "If CUDA runs out of memory the caller should see it.",
        'The message "failed to load the adapter" is misleading.',
        "Using processors without these fields is deprecated and will throw an error in v4.47.",
        "Unsloth: Will smartly offload gradients to save VRAM!",
        "Nobody hit an out-of-memory error on cards of 24 GB.",
        "Will the merged model be worse than the adapter?",
        "It's expected that the first step is slow.",
        "如果显存不够，可以把 batch size 调小。",
        "+ if isnan(loss):\n+     raise RuntimeError('loss is NaN')\n- # loss may be NaN here",
        "# Use\n\nWe quantize the model. The loss is 0 for padding.\nSo it is.\nEnd.",
        "Idea: print a warning where the loss is 0 from the start.",
        "How much slower is QLoRA compared to LoRA for Gemma 2?",
        "The previous release crashed without a template; the current one says what to do.",
        "My colleague said that Gemma 3 always gives NaN losses. Is that true?",
        "Rows with an empty answer can no longer produce a loss of zero.",
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
        "E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?",
        "[ 1234.567890] Out of memory: Killed process 2741 (mysqld) total-vm:1863456kB",
    ],
)
def test_what_is_asked_or_supposed_did_not_happen(text: str) -> None:
    assert explain(text).leading is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Why is my loss always 0 with Gemma 3?", "loss-of-zero-is-told"),
        ("How can I fix a training that hangs?", "run-that-hangs"),
        ("If I use two GPUs, the training hangs.", "run-that-hangs"),
        ("Does anyone know why the loss does not fall?", "loss-that-does-not-fall"),
        ("My notebook crashes after the second cell", "fails"),
        (
            "# Training\n\nWe get a loss of 0 with our Gemma.\nSo it is.\nEnd.",
            "loss-of-zero-is-told",
        ),
        ("The previous release worked; the current training hangs.", "run-that-hangs"),
    ],
)
def test_a_question_about_what_happened_is_answered(text: str, name: str) -> None:
    assert name in {item.name for item in explain(text).generally}


TRACEBACK = """\
Traceback (most recent call last):
  File "train.py", line 3, in <module>
    model(x)
RuntimeError: Expected all tensors to be on the same device, but found at least two devices!
"""


@pytest.mark.parametrize(
    ("above", "kind"),
    [
        ("fix(trainer): move the batch (#12)\n\nIt ended in\n\n", "change"),
        ("### What does this PR do?\n\nThis PR fixes the placing. Before:\n\n", "change"),
        ("In this lesson we will provoke it on purpose.\n\nRunning this gives\n\n", "lesson"),
        ("I get this error when I train:\n\n", ""),
        ("# Bug: it fails\n\nI followed it, in this section you will see:\n\n", ""),
        ("### Describe the bug\n\nThis commit fixes nothing for me (#12)\n\n", ""),
    ],
)
def test_an_error_in_a_change_or_a_lesson_is_told_as_such(above: str, kind: str) -> None:
    found = explain(above + TRACEBACK)
    assert (found.framing.kind if found.framing else "") == kind
    assert isinstance(found.leading, Generally) and found.leading.name == "two-devices"
    framed = {"change": "This describes a change", "lesson": "This explains"}.get(kind, "Line ")
    assert headline(found).startswith(framed)
    assert json.loads(render_json(found))["framing"] == (kind and {"kind": kind, "line": 0} or None)
    assert (headline(found) in render_markdown(found)) == bool(kind)


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
        "之前训练的时候loss会变成nan，后来换成bf16就正常了，分享给大家。",
        'I used to get "CUDA out of memory" with Gemma 2, but since I set max_length to 1024 it '
        "has been running for two days without a problem.",
        "It was my own mistake. The data had an empty column, so the loss was 0 from the start. "
        "Now everything trains fine.",
    ],
)
def test_an_error_that_is_over_is_told_as_one(text: str) -> None:
    found = explain(text)
    assert found.leading is not None and found.framing and found.framing.kind == "solved"
    assert "says that this is solved" in headline(found)
    framing = {"kind": "solved", "line": found.framing.line}
    assert json.loads(render_json(found))["framing"] == framing


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
    assert found.leading is not None and not found.framing


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


TROUBLES_AND_CURES = """\
- `ModuleNotFoundError: google.adk`: install the requirements again
- **`RuntimeError: CUDA out of memory`** → a smaller batch

| message | what to do |
| --- | --- |
| `RuntimeError: No CUDA GPUs are available` | start the container with the GPUs |
"""
IGNORED = """\
INFO:     Application startup complete.
Exception ignored in: <function Loop.__del__ at 0x7f00>
Traceback (most recent call last):
  File "/usr/lib/python3.11/asyncio/base_events.py", line 760, in __del__
    self.close()
AttributeError: 'Loop' object has no attribute '_ssock'
INFO:     Waiting for connections.
"""
OF_LOGGING = """\
--- Logging error ---
Traceback (most recent call last):
  File "/usr/lib/python3.11/logging/__init__.py", line 377, in getMessage
    msg = msg % self.args
TypeError: not all arguments converted during string formatting
Call stack:
  File "test.py", line 110, in <module>
    main()
Message: 'a warning'
"""


@pytest.mark.parametrize("text", [TROUBLES_AND_CURES, IGNORED, OF_LOGGING])
def test_what_ends_nothing_is_no_error(text: str) -> None:
    found = explain(text)
    assert found.leading is None and found.unknown is None and not found.cut_at
    ended = f"{text}RuntimeError: No CUDA GPUs are available\n"
    assert isinstance(explain(ended).leading, Generally)


def test_an_error_of_opencv_has_a_small_class() -> None:
    text = f"{TRACEBACK.rpartition('Runtime')[0]}cv2.error: OpenCV(4.1.0) failed to initialise\n"
    found = explain(text)
    assert found.unknown is not None and found.unknown.kind == "error" and not found.cut_at


def test_code_of_the_script_that_a_package_calls_is_the_scripts() -> None:
    text = (
        'Traceback (most recent call last):\n  File "train.py", line 3, in <module>\n    fit()\n'
        '  File "/usr/lib/python3.8/site-packages/lightgbm/sklearn.py", line 75, in __call__\n'
        "    self.func(labels, preds)\n"
        '  File "/home/me/metrics.py", line 74, in loss\n    y.get_label()\n'
        "AttributeError: 'numpy.ndarray' object has no attribute 'get_label'\n"
    )
    assert headline(explain(text)).startswith("Line 8: the script reads get_label")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("requests.exceptions.ConnectionError: HTTPSConnectionPool(host='example.com', port=443): "
         "Max retries exceeded with url: /", "example.com could not be reached"),
        ("discord.errors.Forbidden: 403 Forbidden (error code: 50013)", "Forbidden: 403 Forbidden"),
        ("error[E0502]: cannot borrow `v` as mutable\n\nFor more information about this error, "
         "try `rustc --explain E0502`.", "cannot borrow `v`"),
        (f"{TRACEBACK.rpartition('Runtime')[0]}SystemExit: 1\n", "Line 4: SystemExit: 1"),
        ("requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='huggingface.co', port=443): "
         "Read timed out.", "the Hub did not answer in time"),
        ("Before: RuntimeError: CUDA out of memory.\nAfter: peak memory 11.2 GB.", "is solved"),
    ],
)  # fmt: skip
def test_what_is_of_another_program_is_told_as_that(text: str, words: str) -> None:
    assert words in headline(explain(text), is_private=True)


def test_a_traceback_in_a_doctest_is_not_cut() -> None:
    found = explain(DOCTEST)
    assert not found.cut_at and found.framing == Framing("lesson")
    assert explain(DOCTEST[: DOCTEST.index("    requests.ex")]).cut_at == 4


def test_of_a_change_its_title_tells_and_not_how_it_was_made() -> None:
    below = "\n\nThe quality of the quantized model is worse before that, and the loss is 0.\n"
    assert explain(f"fix(moe): remap the names{below}").leading is None
    leading = explain(f"fix(moe): NaN loss at the first step{below}").leading
    assert isinstance(leading, Generally) and leading.name == "values-that-are-no-numbers"
