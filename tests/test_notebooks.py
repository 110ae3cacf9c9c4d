"""The example notebooks are their sources, executed, and hold nothing of the machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tools import notebooks


@pytest.mark.parametrize("name", notebooks.names())
def test_a_notebook_is_its_source_executed(name: str) -> None:
    assert notebooks.stale(name) == ""


@pytest.mark.parametrize("name", notebooks.names())
def test_a_notebook_holds_nothing_of_the_machine(name: str) -> None:
    text = (notebooks.EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8")
    assert not re.search(r"/(?:home|root|tmp)/|\.environments|\.venv|ipykernel_", text)
    assert str(notebooks.ROOT) not in text


@pytest.mark.parametrize("name", notebooks.names())
def test_only_a_cell_that_is_meant_to_fail_failed(name: str) -> None:
    text = (notebooks.EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8")
    for cell in json.loads(text)["cells"]:
        failed = any(out["output_type"] == "error" for out in cell.get("outputs", ()))
        assert failed == ("raises-exception" in cell["metadata"].get("tags", ()))


def test_each_notebook_shows_a_view() -> None:
    for name in notebooks.names():
        text = (notebooks.EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8")
        assert "gc-verdict" in text, name


def test_a_changed_cell_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = notebooks.names()[0]
    for suffix in (".py", ".ipynb"):
        text = (notebooks.EXAMPLES / f"{name}{suffix}").read_text(encoding="utf-8")
        (tmp_path / f"{name}{suffix}").write_text(text, encoding="utf-8")
    monkeypatch.setattr(notebooks, "EXAMPLES", tmp_path)
    assert notebooks.stale(name) == ""
    source = tmp_path / f"{name}.py"
    source.write_text(source.read_text().replace("gemma_compat.patch(", "gemma_compat.diagnose("))
    assert "not those of the source" in notebooks.stale(name)
