"""``make real`` without its 250 MB: what stops it is one line; its page is that of its results."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from benchmarks.real import render, weights
from benchmarks.real.weights import NotPossible

RESULTS = weights.ROOT / "docs" / "measurements" / "real.json"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty ``.real`` with the four parts of a file of eight letters."""
    for name, path in (("HOME", ""), ("PACKAGES", "packages"), ("MODEL", "model")):
        monkeypatch.setattr(weights, name, tmp_path / path)
    monkeypatch.setattr(weights, "_memory", lambda: None)
    for index, folder in enumerate(weights._PARTS):
        part = tmp_path / "packages" / folder / f"weights.gguf.part0{index}"
        part.parent.mkdir(parents=True)
        part.write_bytes(b"ab")
    return tmp_path


def test_the_parts_are_joined_in_order_if_the_checksum_is_right(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "SHA256", hashlib.sha256(b"abababab").hexdigest())
    assert weights._assembled().read_bytes() == b"abababab"


def test_another_checksum_stops_it_and_leaves_no_file(home: Path) -> None:
    with pytest.raises(NotPossible, match="have the checksum") as stopped:
        weights._assembled()
    assert "\n" not in str(stopped.value)
    assert [path.name for path in home.iterdir()] == ["packages"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("_DISK", 1e9, "GiB are free"), ("_memory", lambda: 1.0, "1.0 GiB of memory are free")],
)
def test_too_little_room_stops_it_before_anything_is_written(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object, said: str
) -> None:
    monkeypatch.setattr(weights, name, value)
    before = sorted(home.rglob("*"))
    with pytest.raises(NotPossible, match=said):
        weights.ensure()
    assert sorted(home.rglob("*")) == before


def test_no_network_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, path in (("HOME", ""), ("PACKAGES", "packages"), ("MODEL", "model")):
        monkeypatch.setattr(weights, name, tmp_path / path)
    monkeypatch.setattr(weights, "_memory", lambda: None)
    failed = subprocess.CompletedProcess([], 1, "", "WARNING: x\nERROR: no matching distribution\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(NotPossible, match="could not be installed: ERROR: no matching") as stopped:
        weights.ensure()
    assert "\n" not in str(stopped.value) and not list(tmp_path.iterdir())


def test_the_page_is_that_of_the_results() -> None:
    assert RESULTS.with_suffix(".md").read_text(encoding="utf-8") == render.page(RESULTS)
