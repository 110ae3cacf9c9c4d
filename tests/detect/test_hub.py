"""The local Hub cache, laid out as huggingface_hub does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gemma_compat.detect.hub import find_config
from gemma_compat.detect.model import assumed_of, read_model

NAME = "google/gemma-3-4b-it"


def cached(cache: Path, revision: str = "abc", ref: str | None = "abc", layers: int = 7) -> Path:
    folder = cache / "models--google--gemma-3-4b-it"
    snapshot = folder / "snapshots" / revision
    snapshot.mkdir(parents=True)
    config = {"model_type": "gemma3", "text_config": {"num_hidden_layers": layers}}
    (snapshot / "config.json").write_text(json.dumps(config))
    if ref is not None:
        (folder / "refs").mkdir(exist_ok=True)
        (folder / "refs" / "main").write_text(ref)
    return snapshot / "config.json"


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"])
def test_found_wherever_the_cache_is(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    below = {"HF_HUB_CACHE": "", "HF_HOME": "hub", "XDG_CACHE_HOME": "huggingface/hub"}
    monkeypatch.setenv(variable, str(tmp_path))
    config = cached(tmp_path / below[variable])
    assert find_config(NAME) == str(config)


def test_the_cached_config_wins_over_published_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert read_model(NAME)[0].num_hidden_layers == 34 and assumed_of(NAME)
    cached(tmp_path)
    assert read_model(NAME)[0].num_hidden_layers == 7 and not assumed_of(NAME)


def test_without_a_ref_any_snapshot_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    config = cached(tmp_path, ref=None)
    assert find_config(NAME) == str(config)


@pytest.mark.parametrize("name", ["gemma", "a/b/c", "../x", "google/../x", "google/"])
def test_other_texts_are_no_names(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert find_config(name) is None
