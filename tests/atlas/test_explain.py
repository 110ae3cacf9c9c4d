"""What ``explain`` makes of the atlas, end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemma_compat import _cli, atlas

WORDED_OTHERWISE = """\
Traceback (most recent call last):
  File "/x/site-packages/trl/chat_template_utils.py", line 636, in get_training_chat_template
    raise ValueError(
ValueError: The tokenizer's chat template is not training-compatible (missing prefix-preservation or
"""
OF_ANOTHER = """\
transformers==4.51.3
Traceback (most recent call last):
  File "/x/site-packages/transformers/generation/utils.py", line 2047, in generate
    result = self._sample(
TypeError: _sample() missing 1 required positional argument: 'logits_warper'
"""
# Raised by Python where the code calls `.group` of a pattern that is not found; Unsloth itself
# raises an error in these words elsewhere.
BY_PYTHON = """\
unsloth_zoo==2025.3.17
Traceback (most recent call last):
  File "/x/site-packages/unsloth/__init__.py", line 212, in <module>
    from .models import *
  File "/x/site-packages/unsloth_zoo/patching_utils.py", line 390, in patch_compiled_autograd
    n = len(re.search(r"\\n([ ]{1,})return compiled_fn", source).group(1))
AttributeError: 'NoneType' object has no attribute 'group'
"""

# The inner frame fits no release, so the outer one of the same package is not the last.
CHANGED_INSIDE = """\
Traceback (most recent call last):
  File "/x/site-packages/transformers/trainer.py", line 2245, in train
    return inner_training_loop(
  File "/x/site-packages/transformers/models/gemma3/modeling_gemma3.py", line 1122, in of_mine
    raise ValueError
ValueError: a text of a file that was changed
"""


def explained(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    log = folder / "train.log"
    log.write_text(text, encoding="utf-8")
    _cli.main(["explain", str(log)])
    return " ".join(capsys.readouterr().out.split())


def test_a_rule_is_found_by_its_raise_site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained(WORDED_OTHERWISE, tmp_path, capsys)
    assert "if the model is a Gemma: GC806" in said
    assert "trl 1.3.0 (read off the traceback: 1 frame)" in said


def test_a_contradiction_is_said_and_is_no_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained(OF_ANOTHER, tmp_path, capsys)
    assert "states transformers 4.51.3, but the traceback fits 4.45.2 only" in said
    assert "fixed" not in said


def test_pythons_own_error_is_no_other_functions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained(BY_PYTHON, tmp_path, capsys)
    assert "Raised by" not in said
    assert "The last unsloth-zoo function in the traceback is patch_compiled_autograd" in said


def test_a_function_before_the_last_is_not_called_the_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained(CHANGED_INSIDE, tmp_path, capsys)
    assert "transformers: no release fits exactly" in said
    assert "The last" not in said and "pip install" not in said


def test_without_the_index_it_says_so_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = atlas.read_off
    monkeypatch.setattr(
        atlas, "read_off", lambda found, **more: look_up(found, folder=tmp_path, **more)
    )
    said = explained(OF_ANOTHER, tmp_path, capsys)
    assert "Not looked up: the release atlas is not installed" in said
    assert "TypeError: _sample() missing" in said


def test_report_does_not_open_the_index(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def opened(*_: object) -> None:
        raise AssertionError("the index was opened")

    monkeypatch.setattr("gemma_compat.atlas._container.Container.__init__", opened)
    _cli.main(["report", "--model", "google/gemma-3-4b-it", "--gpu", "none"])
    assert "gemma3" in capsys.readouterr().out


def test_of_several_places_with_a_text_none_is_named_that_no_frame_passes() -> None:
    text = (
        "ValueError: The dataset appears to be vision-related (contains 'image' or 'images' keys), "
        "but the provided model does not seem to be a vision-language model. Please check your "
        "model and dataset."
    )
    assert atlas.read_off(atlas.read_tracebacks([text]), {}).origins == ()
