"""Attributes that an error misses: what is said rests on what the index's classes show."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat.atlas import missing, read_tracebacks
from gemma_compat.report.explanation import render_text
from tests.atlas.made import make_index
from tools.atlas import pack

OLD, NEW = "1.0.0", "1.1.0"


def found(folder: Path, owner: str, name: str = "x") -> list[str]:
    error = f"AttributeError: '{owner}' object has no attribute '{name}'"
    (traceback,) = read_tracebacks([error])
    return [str(item) for answer in missing(traceback, folder) for item in answer.releases]


def index(folder: Path, old: str, new: str) -> Path:
    """Return an index of one package whose one file differs between two releases."""
    return make_index(folder, "trl", {OLD: {"trl/a.py": old}, NEW: {"trl/a.py": new}})


@pytest.fixture
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the index as the extraction did that counted assignments alone."""
    monkeypatch.setattr(pack, "VERSION", 1)


BODY = "    def f(self):\n        self.x = 1\n"
OTHER = "    def f(self): ...\n"


@pytest.mark.usefixtures("uncounted")
@pytest.mark.parametrize("bases", ["nn.Module", "Above", "dict", "Generic[T], elsewhere.Mixin"])
def test_of_an_uncounted_index_nothing_is_said_of_modules_and_unread_bases(
    bases: str, tmp_path: Path
) -> None:
    above = "class Above(torch.nn.Module): ...\n"
    folder = index(
        tmp_path, f"{above}class A({bases}):\n{BODY}", f"{above}class A({bases}):\n{OTHER}"
    )
    assert found(folder, "A") == []


@pytest.mark.usefixtures("uncounted")
def test_of_an_uncounted_index_a_class_that_was_read_whole_is_told(tmp_path: Path) -> None:
    above = "class Above(Generic[T]): ...\n"
    folder = index(tmp_path, f"{above}class A(Above):\n{BODY}", f"{above}class A(Above):\n{OTHER}")
    assert found(folder, "A") == ["1.0.0 and older"]
    assert found(folder, "A", "f") == []  # every release has it, and the error disproves that


def test_two_classes_of_a_name_are_not_told_apart(tmp_path: Path) -> None:
    both = {"trl/a.py": f"class A:\n{BODY}", "trl/b.py": f"class A:\n{OTHER}"}
    gone = {"trl/b.py": f"class A:\n{OTHER}"}
    assert found(make_index(tmp_path, "trl", {OLD: both, NEW: gone}), "A") == []


def test_an_attribute_of_the_atlas_alone_is_never_certain() -> None:
    error = "AttributeError: 'LoraModel' object has no attribute '_unloading_checks'\n"
    said = " ".join(render_text(explain_log(io.BytesIO(error.encode()))).split())
    assert "certain;" not in said.replace("not certain;", "")


def test_registered_tables_of_a_rotary_embedding_are_not_called_absent() -> None:
    for owner in ("GemmaFixedRotaryEmbedding", "LlamaRotaryEmbedding"):
        error = f"AttributeError: '{owner}' object has no attribute 'cos_cached'\n"
        said = " ".join(render_text(explain_log(io.BytesIO(error.encode()))).split())
        assert " only" not in said and "certain; " not in said.replace("not certain; ", "")
