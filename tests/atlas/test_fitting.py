"""Which releases fit, on an index of made-up releases that is written by the real builder."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemma_compat.atlas import (
    Frame,
    IndexUnusable,
    contradictions,
    fit_releases,
    read_off,
    read_tracebacks,
)
from gemma_compat.atlas.describe import of_fit

from .made import make_index

FIRST = """\
def train(model):
    prepare(model)
    return loop(model)


def loop(model):
    if model is None:
        raise ValueError(f"there is no model, got {model} instead")
    return step(model)
"""
# One line more before both functions: their bodies are the same, their lines are not.
MOVED = "import os\n" + FIRST
CHANGED = MOVED.replace("return step(model)", "return step(model, scale=1)")
GONE = MOVED[: MOVED.index("def loop")] + "from .other import loop\n"
RELEASES = {
    "1.0.0": {"trl/trainer.py": FIRST},
    "1.0.1": {"trl/trainer.py": FIRST},
    "1.1.0": {"trl/trainer.py": MOVED},
    "1.2.0": {"trl/trainer.py": CHANGED},
    "2.0.0": {"trl/trainer.py": GONE, "trl/other.py": CHANGED},
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_index(tmp_path_factory.mktemp("atlas"), "trl", RELEASES)


def frame(line: int, function: str, code: str = "", path: str = "trl/trainer.py") -> Frame:
    return Frame(path, line, function, (code,) if code else ())


def test_a_line_leaves_the_releases_that_have_it_there(index: Path) -> None:
    (fit,) = fit_releases([frame(3, "train", "return loop(model)")], index)
    assert (fit.package, fit.releases, fit.exact) == ("trl", ("1.0.0", "1.0.1"), True)
    (fit,) = fit_releases([frame(4, "train", "return loop(model)")], index)
    assert fit.releases == ("1.1.0", "1.2.0", "2.0.0")


def test_releases_between_that_do_not_fit_are_not_named(index: Path, tmp_path: Path) -> None:
    again = {**RELEASES, "3.0.0": {"trl/trainer.py": FIRST}}
    folder = make_index(tmp_path, "trl", again)
    (fit,) = fit_releases([frame(3, "train", "return loop(model)")], folder)
    assert fit.releases == ("1.0.0", "1.0.1", "3.0.0")
    ends = "trl 1.0.0 (the oldest read) to 1.0.1 or 3.0.0 (the newest read)"
    assert of_fit(fit).text == f"{ends} (read off the traceback: 1 frame)"
    (fit,) = fit_releases([frame(4, "train", "return loop(model)")], folder)
    assert of_fit(fit).text.startswith("trl 1.1.0 to 2.0.0 (")


def test_frames_together_leave_fewer(index: Path) -> None:
    frames = [frame(4, "train", "return loop(model)"), frame(10, "loop", "return step(model)")]
    (fit,) = fit_releases(frames, index)
    assert fit.single == "1.1.0"


def test_white_space_does_not_count(index: Path) -> None:
    (fit,) = fit_releases([frame(10, "loop", "return  step( model )")], index)
    assert fit.single == "1.1.0"


def test_the_function_counts_beside_the_line(index: Path) -> None:
    assert fit_releases([frame(3, "loop", "return loop(model)")], index) == ()


def test_without_a_text_the_line_has_to_be_in_the_function(index: Path) -> None:
    (fit,) = fit_releases([frame(10, "loop")], index)
    assert fit.releases == ("1.1.0", "1.2.0")


def test_no_release_fits_exactly_and_the_nearest_are_named(index: Path) -> None:
    frames = [
        frame(4, "train", "return loop(model)"),
        frame(10, "loop", "return step(model, scale=1)"),
        frame(9, "loop", "breakpoint()"),
    ]
    (fit,) = fit_releases(frames, index)
    assert (fit.releases, fit.exact, fit.fitted, fit.frames) == (("1.2.0",), False, 2, 3)
    assert fit.single is None


def test_frames_that_fit_nothing_are_silent(index: Path) -> None:
    assert fit_releases([frame(4, "train", "other()")], index) == ()
    assert fit_releases([frame(4, "train", "x", path="trl/unknown.py")], index) == ()
    assert fit_releases([frame(4, "f", "x", path="numpy/core.py")], index) == ()


def test_a_contradiction_is_said_and_only_where_it_is_one(index: Path) -> None:
    fits = fit_releases([frame(3, "train", "return loop(model)")], index)
    (found,) = contradictions(fits, {"trl": "1.2.0"}, index)
    assert found.stated == "1.2.0"
    # The right one, one that was not read, a development build: none is contradicted.
    for stated in ("1.0.1", "1.0.1+cu121", "0.7.0", "1.2.0.dev0", "not a version"):
        assert contradictions(fits, {"trl": stated}, index) == ()


def log(line: int, code: str, error: str) -> list[str]:
    return [
        f'  File "/x/site-packages/trl/trainer.py", line {line}, in loop',
        f"    {code}",
        error,
    ]


def test_who_raised_and_when_that_changed(index: Path) -> None:
    text = log(9, "raise ValueError(", "ValueError: there is no model, got None instead")
    # The line's text is cut as a terminal may cut it, so that no release fits by it.
    answer = read_off(read_tracebacks(text), {"trl": "1.0.1"}, index)
    (origin,) = answer.origins
    assert (origin.site.path, origin.site.function) == ("trl/trainer.py", "loop")
    assert [str(item) for item in origin.releases] == ["1.0.0 (the oldest read) to 1.2.0"]
    assert origin.key == "ValueError trl/trainer.py:loop"
    assert (origin.judged_in, origin.changed_in, origin.gone) == ("1.0.1", "1.2.0", False)
    texts = [item.text for item in answer.statements]
    assert any("The code that raised this was changed in trl 1.2.0" in text for text in texts)
    assert not any("fixed" in text for text in texts)


def test_a_function_that_is_gone_is_said_to_be_gone(index: Path) -> None:
    text = log(9, "raise ValueError(", "ValueError: there is no model, got 3 instead")
    (origin,) = read_off(read_tracebacks(text), {"trl": "1.2.0"}, index).origins
    assert (origin.changed_in, origin.gone) == ("2.0.0", True)


def test_another_class_of_error_is_not_raised_there(index: Path) -> None:
    text = log(10, "x", "KeyError: there is no model, got 3 instead")
    assert read_off(read_tracebacks(text), {"trl": "1.2.0"}, index).origins == ()


# Bad input


def test_without_an_index_it_says_so_in_one_line(tmp_path: Path) -> None:
    frames = [frame(3, "train", "return loop(model)")]
    with pytest.raises(IndexUnusable, match="not installed"):
        fit_releases(frames, tmp_path)
    answer = read_off(read_tracebacks(log(3, "x", "ValueError: y")), {}, tmp_path)
    assert answer.note == "Not looked up: the release atlas is not installed"
    assert answer.statements == ()


@pytest.mark.parametrize("part", ["header", "format", "newer", "directory", "block", "short"])
def test_a_damaged_or_other_index_says_so_in_one_line(
    index: Path, tmp_path: Path, part: str
) -> None:
    data = bytearray((index / "trl.atlas").read_bytes())
    if part == "header":
        data[:6] = b"broken"
    elif part in ("format", "newer"):
        at = data.index(b" ") + 1
        data[at : at + 1] = b"0" if part == "format" else b"9"
    elif part == "directory":
        data[data.index(b"\n") + 5] ^= 0xFF
    elif part == "block":
        line = data[: data.index(b"\n") + 1]
        for place in range(len(line) + int(line.split()[2]), len(data)):
            data[place] ^= 0xFF
    else:
        del data[200:]
    (tmp_path / "trl.atlas").write_bytes(data)
    text = log(10, "return step(model)", "ValueError: there is no model, got 3 instead")
    answer = read_off(read_tracebacks(text), {}, tmp_path)
    assert answer.note.startswith("Not looked up: ") and "\n" not in answer.note
    assert answer.fits == () and answer.statements == ()
