"""Tracebacks in every form in which logs and issues show them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gemma_compat.atlas import Frame, read_frames, read_tracebacks
from gemma_compat.atlas.frames import package_path

PLAIN = """\
Traceback (most recent call last):
  File "/home/me/train.py", line 3, in <module>
    trainer.train()
  File "/usr/local/lib/python3.10/dist-packages/transformers/trainer.py", line 2171, in train
    return inner_training_loop(
           ^^^^^^^^^^^^^^^^^^^^
ValueError: a message
"""
TRAIN = Frame("transformers/trainer.py", 2171, "train", ("return inner_training_loop(",))


def only(text: str) -> Frame:
    frames = read_frames(text.splitlines())
    assert len(frames) == 1, frames
    return frames[0]


def test_pythons_own_form() -> None:
    (found,) = read_tracebacks(PLAIN.splitlines())
    assert found.frames == (TRAIN,)
    assert found.frames[0].at == 4
    assert found.error is not None
    assert (found.error.kind, found.error.message, found.error.at) == ("ValueError", "a message", 7)


@pytest.mark.parametrize(
    "before",
    [
        "[rank0]: ",
        "[rank12]:",
        "[default0]:[rank0]: ",
        "(RayTrainWorker pid=4711) ",
        "(TrainWorker pid=9, ip=10.0.0.1) ",
        "0: ",
        "> ",
        "2025-06-26 17:39:42,971 ",
        "2024-09-26T06:58:55,209 [INFO ] W-9000-model_1.0-stdout MODEL_LOG - ",
        "ERROR 04-03 06:51:54 [engine.py:448] ",
        "\x1b[31m",
    ],
)
def test_what_stands_before_a_line(before: str) -> None:
    text = "\n".join(before + line for line in PLAIN.splitlines())
    (found,) = read_tracebacks(text.splitlines())
    assert found.frames == (TRAIN,)
    assert found.error is not None and found.error.message == "a message"


def test_lines_that_a_terminal_wrapped() -> None:
    text = """\
  File "/home/someone/envs/a-long-name/lib/python3.11/site-packages/transfo
rmers/models/gemma3/modeling_gemma3.py", line 12, in
 forward
    x = self.project(hidden_states, position_ids,
 attention_mask)
RuntimeError: expected
 this
"""
    (found,) = read_tracebacks(text.splitlines())
    frame = found.frames[0]
    assert (frame.path, frame.line) == ("transformers/models/gemma3/modeling_gemma3.py", 12)
    assert frame.function == "forward"
    assert "x = self.project(hidden_states, position_ids, attention_mask)" in frame.code
    assert found.error is not None and found.error.message == "expected this"


def test_notebook_of_today() -> None:
    frame = only(
        "File ~/env/lib/python3.11/site-packages/transformers/trainer.py:2171, in Trainer.train("
        "self, resume_from_checkpoint,\n   trial, **kwargs)\n"
        "   2169     hf_hub_utils.enable_progress_bars()\n"
        "   2170 else:\n"
        "-> 2171     return inner_training_loop(\n"
        "   2172         args=args,\n"
        "\n"
        "ValueError: x\n"
    )
    assert (frame.line, frame.function) == (2171, "Trainer.train")
    assert frame.code == ("return inner_training_loop(",)
    assert dict(frame.context)[2172] == "args=args,"


def test_notebook_of_old_with_links() -> None:
    frame = only(
        "[/usr/local/lib/python3.10/dist-packages/transformers/trainer.py]"
        "(https://localhost:8080/#) in train(self, trial, **kwargs)\n"
        "   2170         else:\n"
        "-> 2171             return inner_training_loop(\n"
        "   2172                 args=args,\n"
    )
    assert (frame.path, frame.line, frame.function) == ("transformers/trainer.py", 2171, "train")
    assert frame.code == ("return inner_training_loop(",)


def test_notebook_frame_of_a_module_in_an_editor() -> None:
    frame = only(
        "File c:\\Users\\J Doe\\env\\Lib\\site-packages\\transformers\\utils\\__init__.py:33\n"
        "     [32](file:///c:/Users/J%20Doe/env/__init__.py:32) )\n"
        "---> [33](file:///c:/Users/J%20Doe/env/__init__.py:33) from .generic import (\n"
    )
    assert (frame.path, frame.line, frame.function) == (
        "transformers/utils/__init__.py",
        33,
        "<module>",
    )
    assert frame.code == ("from .generic import (",)


def test_rich_box_with_a_wrapped_path() -> None:
    frame = only(
        "╭──────────────── Traceback (most recent call last) ────────────────╮\n"
        "│ /opt/conda/lib/python3.10/site-packages/transformers/utils/import │\n"
        "│ _utils.py:1110 in _get_module                                     │\n"
        "│                                                                   │\n"
        "│   1109 │   │   │   return result                                  │\n"
        "│ ❱ 1110 │   │   raise RuntimeError(                                │\n"
        "╰───────────────────────────────────────────────────────────────────╯\n"
    )
    assert (frame.path, frame.line) == ("transformers/utils/import_utils.py", 1110)
    assert frame.code == ("raise RuntimeError(",)
    assert frame.context == ((1109, "return result"),)


def test_faulthandler_prints_no_text() -> None:
    frame = only('  File "/x/site-packages/trl/trainer/utils.py", line 3 in pad\n')
    assert (frame.path, frame.line, frame.function) == ("trl/trainer/utils.py", 3, "pad")
    assert frame.code == ()


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        (r"C:\Users\J Doe\venv\Lib\site-packages\peft\peft_model.py", "peft/peft_model.py"),
        ("/w/transformers/src/transformers/trainer.py", "transformers/trainer.py"),
        ("/w/trl/trl/trainer/utils.py", "trl/trainer/utils.py"),
        (
            "/x/site-packages/liger_kernel/transformers/model/gemma.py",
            "liger_kernel/transformers/model/gemma.py",
        ),
        ("/home/me/train.py", None),
        ("/x/site-packages/numpy/core/numeric.py", None),
        ("<string>", None),
        ("/content/unsloth_compiled_cache/unsloth_compiled_module_gemma3.py", None),
    ],
)
def test_which_file_of_which_package(path: str, inside: str | None) -> None:
    assert package_path(path) == inside


def test_one_error_on_many_ranks_is_one_traceback() -> None:
    text = "\n".join(f"[rank{rank}]: {line}" for rank in range(300) for line in PLAIN.splitlines())
    assert len(read_tracebacks(text.splitlines())) == 1


def test_a_log_of_any_length_is_read_within_bounds() -> None:
    def lines() -> Iterator[str]:
        for number in range(5000):
            yield f'  File "/x/site-packages/peft/a.py", line {number + 1}, in f'
            yield f"ValueError: {number}"

    found = read_tracebacks(lines())
    assert len(found) == 40
    assert found[-1].error is not None and found[-1].error.message == "4999"


def test_text_without_frames_gives_none() -> None:
    assert read_tracebacks(["{'loss': 2.1}", "", "Error in the cards", "done in 3 s"]) == ()
