"""Reading the headers of safetensors files: whole, sharded, broken and hostile ones."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gemma_compat.detect.checkpoint import read_checkpoint, starred
from gemma_compat.live.snapshot import Snapshot

NORM = {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}
HEAD = {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]}


def safetensors(header: Any) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(12)


def live(name: str, commit: str | None = None) -> Any:
    config = SimpleNamespace(model_type="gemma3", _name_or_path=name, _commit_hash=commit)
    return Snapshot(SimpleNamespace(named_modules=list, config=config))


def test_one_file(tmp_path: Path) -> None:
    header = {
        "__metadata__": {"format": "pt"},
        "model.layers.0.norm.weight": NORM,
        "model.layers.11.norm.weight": NORM,
        "lm_head.weight": HEAD,
    }
    (tmp_path / "model.safetensors").write_bytes(safetensors(header))
    facts, reasons = read_checkpoint(tmp_path)
    assert facts.names == ("lm_head.weight", "model.layers.*.norm.weight")
    assert facts.dtypes == ("BF16", "F32")
    assert reasons == {}
    (tmp_path / "config.json").write_text("{}")
    assert read_checkpoint(str(tmp_path / "config.json")) == (facts, {})
    assert read_checkpoint(live(str(tmp_path))) == (facts, {})


def test_shards(tmp_path: Path) -> None:
    index = {"weight_map": {"a.0.b": "one.safetensors", "c": "two.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path / "one.safetensors").write_bytes(safetensors({"a.0.b": NORM}))
    assert "two.safetensors: No such file" in read_checkpoint(tmp_path)[1]["checkpoint"]
    (tmp_path / "two.safetensors").write_bytes(safetensors({"c": HEAD}))
    facts, _ = read_checkpoint(tmp_path)
    assert (facts.names, facts.dtypes) == (("a.*.b", "c"), ("BF16", "F32"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a safetensors file"),
        (b"\xff" * 64, "not a safetensors file"),
        ((2**31).to_bytes(8, "little") + b"{}", "not a safetensors file"),
        ((100).to_bytes(8, "little") + b"{}", "cut off in its header"),
        (safetensors(b"[1]"), "not a JSON object"),
        (safetensors(b"{,}"), "not JSON"),
        (safetensors(b"\xff\xff\xff"), "not JSON"),
        (safetensors(b"[" * 100_000), "not JSON"),
        (safetensors({"a": 1}), "without a dtype"),
        (safetensors({"a": {"dtype": 3}}), "without a dtype"),
    ],
)
def test_a_broken_file_is_one_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    facts, reasons = read_checkpoint(tmp_path)
    assert not facts.known("names") and not facts.known("dtypes")
    assert reason in reasons["checkpoint"] and "\n" not in reasons["checkpoint"]


@pytest.mark.parametrize(
    "index",
    [
        {},
        {"weight_map": []},
        {"weight_map": {}},
        {"weight_map": {"a": 1}},
        {"weight_map": {"a": "../secret.safetensors"}},
        {"weight_map": {f"a{n}": f"{n}.safetensors" for n in range(600)}},
    ],
)
def test_an_index_leads_nowhere_else(tmp_path: Path, index: Any) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    (tmp_path.parent / "secret.safetensors").write_bytes(safetensors({"a": NORM}))
    facts, reasons = read_checkpoint(tmp_path)
    assert not facts.known("names")
    assert "model.safetensors.index.json" in reasons["checkpoint"]


def test_a_name_is_looked_up_in_the_cache_at_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    for commit, name in (("aaa", "old"), ("bbb", "new")):
        folder = tmp_path / "models--me--gemma" / "snapshots" / commit
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(safetensors({name: NORM}))
    assert read_checkpoint(live("me/gemma", "aaa"))[0].names == ("old",)
    assert read_checkpoint(live("me/gemma", "bbb"))[0].names == ("new",)
    assert (
        "not in the Hugging Face cache" in read_checkpoint(live("me/gemma", "c"))[1]["checkpoint"]
    )
    assert "not in the Hugging Face cache" in read_checkpoint("me/other")[1]["checkpoint"]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (None, "no model directory"),
        ({"model_type": "gemma3"}, "no model directory"),
        (live(""), "made from a config"),
    ],
)
def test_without_a_directory(model: Any, reason: str) -> None:
    assert reason in read_checkpoint(model)[1]["checkpoint"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("model.layers.0.mlp.up_proj.weight", "model.layers.*.mlp.up_proj.weight"),
        ("model.layers.12.experts.3", "model.layers.*.experts.*"),
        ("conv1.weight2", "conv1.weight2"),
    ],
)
def test_numbers_become_stars(name: str, expected: str) -> None:
    assert starred(name) == expected
