"""README shows what is true today: its picture, its links and its lines to paste."""

from __future__ import annotations

import importlib.util
import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")


def readmes() -> list[Path]:
    return sorted(ROOT.glob("README*.md"))


def test_the_picture_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich")
    from tools import picture

    assert picture.main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_picture_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    from tools import picture

    for name in ("explain.svg", "explain.zh.svg"):
        text = (picture.FOLDER / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(picture, "FOLDER", tmp_path)
    assert picture.main(["--check"]) == 0
    (tmp_path / "explain.svg").write_text(text.replace("GC101", "GC102"), encoding="utf-8")
    assert picture.main(["--check"]) == 1


def test_the_picture_asks_no_other_host() -> None:
    for picture in (ROOT / "docs" / "images").glob("*.svg"):
        text = picture.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|@import|@font-face|<script|<image", text), picture


@pytest.mark.parametrize("readme", readmes(), ids=lambda file: file.name)
def test_every_link_leads_to_a_file(readme: Path) -> None:
    links = LINK.findall(readme.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (readme.parent / link).exists()] == []


def lines_to_paste(readme: Path) -> list[str]:
    """Return every line of the code blocks, without comments and options of the language."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", readme.read_text(encoding="utf-8"), re.M | re.S)
    lines = [re.sub(r"\s*(#.*| --lang zh)$", "", line) for line in "".join(blocks).splitlines()]
    return [line for line in lines if line]


def test_every_readme_has_the_same_lines_to_paste() -> None:
    first, *others = map(lines_to_paste, readmes())
    assert first and others
    assert all(other == first for other in others)


def hook(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return ``hatch_build.py``, with a stand-in for hatchling, which only a build has."""
    stand_in = types.ModuleType("hatchling.metadata.plugin.interface")
    stand_in.MetadataHookInterface = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_index_shows_whole_links(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = hook(monkeypatch).whole(text, "https://example.org/gemma_compat/")
    assert not LINK.search(shown)
    assert "(https://example.org/gemma_compat/blob/main/docs/explain.md)" in shown
    assert "![Terminal" in shown and "/raw/main/docs/images/explain.svg)" in shown


def test_without_an_address_an_index_shows_no_broken_link(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = hook(monkeypatch).whole(text, "")
    assert not LINK.search(shown) and "![" not in shown and "| tutorial |" in shown
