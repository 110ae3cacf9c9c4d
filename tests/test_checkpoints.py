"""The published checkpoints: every figure under its source, and none made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gemma_compat.detect.model import read_model
from gemma_compat.errors import UnknownFact, UsageError
from gemma_compat.tables import checkpoints, families

PUBLIC = ("https://github.com/huggingface/transformers/", "https://github.com/google-deepmind/")


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "empty"))


@pytest.mark.parametrize("name", checkpoints.names())
def test_each_can_be_judged_and_says_where_its_figures_come_from(name: str) -> None:
    found = checkpoints.find(name)
    assert found is not None and all(url.startswith(PUBLIC) for url in found.sources)
    model, _ = read_model(name)
    assert families.is_gemma(model.model_type) and model.class_name
    assert not model.known("attn_implementation") and not model.live


@pytest.mark.parametrize("name", checkpoints.names())
def test_no_figure_is_stated_twice(name: str) -> None:
    found = checkpoints.find(name)
    assert found is not None
    flat = [key for part in found.sources.values() for key in paths(part)]
    assert len(flat) == len(set(flat))


def paths(part: Any, above: str = "") -> list[str]:
    if not isinstance(part, dict):
        return [above]
    return [path for key, value in part.items() for path in paths(value, f"{above}.{key}")]


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("google/gemma-2b", "num_hidden_layers", 18),
        ("google/gemma-2-27b-it", "head_dim", 128),
        ("google/gemma-2-9b", "attn_logit_softcapping", 50.0),
        ("google/paligemma2-10b-pt-448", "text_model_type", "gemma2"),
        ("google/gemma-3-1b-it", "model_type", "gemma3_text"),
        ("google/gemma-3-4b-it", "vocab_size", 262208),
        ("google/gemma-3n-E2B-it", "num_kv_shared_layers", 10),
        ("google/gemma-3n-E4B", "num_kv_shared_layers", 15),
        ("google/gemma-4-E2B-it", "num_kv_shared_layers", 20),
        ("google/gemma-4-31B", "num_kv_shared_layers", 0),
        ("google/gemma-4-26B-A4B-it", "enable_moe_block", True),
        ("google/gemma-4-E4B-it", "towers", ("vision", "audio")),
        ("google/embeddinggemma-300m", "use_bidirectional_attention", True),
        ("GEMMA-3-4B-IT", "model_type", "gemma3"),
        ("unsloth/gemma-3-4b-it-unsloth-bnb-4bit", "quantization_bits", 4),
    ],
)
def test_figures(name: str, field: str, value: Any) -> None:
    assert getattr(read_model(name)[0], field) == value


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("google/gemma-4-12B-it", "num_kv_shared_layers"),
        ("google/gemma-4-12B-it", "towers"),
        ("google/gemma-2-9b", "dtype"),
        ("google/embeddinggemma-300m", "max_position_embeddings"),
        ("unsloth/gemma-3-4b-it-bnb-4bit", "compute_dtype"),
        ("google/gemma-3-4b-it", "transformers_version"),
    ],
)
def test_a_figure_without_a_source_is_unknown(name: str, field: str) -> None:
    with pytest.raises(UnknownFact):
        getattr(read_model(name)[0], field)


@pytest.mark.parametrize("name", ["google/gema-3-4b", "someone/gemma-3-4b-it", "llama", "a/b/c"])
def test_an_unknown_name_is_one_clear_error(name: str) -> None:
    with pytest.raises(UsageError, match="no checkpoint known here"):
        read_model(name)


def test_the_error_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"nearest: .*google/gemma-3-4b-it"):
        read_model("google/gema-3-4b-it")
