"""The published checkpoints: every figure under its source, and none made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gemma_compat.detect.model import read_model
from gemma_compat.errors import UnknownFact, UsageError
from gemma_compat.tables import checkpoints, families

DATA = Path(checkpoints.__file__).parents[1] / "data"
PUBLIC = (
    "https://github.com/huggingface/transformers/",
    "https://github.com/google-deepmind/",
    "https://huggingface.co/google/",
)


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
        ("unsloth/gemma-3-4b-it-GGUF", "quantization", "gguf"),
        ("google/medgemma-27b-text-it", "model_type", "gemma3_text"),
        ("google/shieldgemma-2-4b-it", "model_type", "shieldgemma2"),
        ("google/shieldgemma-9b", "num_hidden_layers", 42),
        ("google/diffusiongemma-26B-A4B-it", "text_model_type", "diffusion_gemma_text"),
        ("unsloth/gemma-3-4b-it-qat-bnb-4bit", "quantization_bits", 4),
        ("google/gemma-4-12B-it", "num_kv_shared_layers", 0),
        ("google/gemma-4-12B-it", "towers", ("vision", "audio")),
        ("google/recurrentgemma-9b-it", "num_hidden_layers", 38),
        ("google/embeddinggemma-2", "num_hidden_layers", 24),
        ("gemma3", "model_type", "gemma3"),
        ("gemma4_unified", "model_type", "gemma4_unified"),
    ],
)
def test_figures(name: str, field: str, value: Any) -> None:
    assert getattr(read_model(name)[0], field) == value


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("google/vaultgemma-1b", "num_hidden_layers"),
        ("google/t5gemma-2-1b-1b", "num_hidden_layers"),
        ("google/gemma-2-9b", "dtype"),
        ("google/embeddinggemma-300m", "max_position_embeddings"),
        ("unsloth/gemma-3-4b-it-bnb-4bit", "compute_dtype"),
        ("google/gemma-3-4b-it", "transformers_version"),
    ],
)
def test_a_figure_without_a_source_is_unknown(name: str, field: str) -> None:
    with pytest.raises(UnknownFact):
        getattr(read_model(name)[0], field)


@pytest.mark.parametrize(
    ("name", "encoder", "decoder"),
    [
        ("t5gemma-9b-2b-ul2", 42, 26),
        ("t5gemma-s-s-prefixlm-it", 8, 8),
        ("t5gemma-ml-ml-ul2", 26, 26),
    ],
)
def test_both_halves_of_a_t5gemma_are_stated(name: str, encoder: int, decoder: int) -> None:
    found = checkpoints.find(name)
    assert found is not None
    layers = [found.config[half]["num_hidden_layers"] for half in ("encoder", "decoder")]
    assert layers == [encoder, decoder]


@pytest.mark.parametrize("name", ["google/gema-3-4b", "someone/gemma-tune", "llama", "a/b/c"])
def test_an_unknown_name_is_one_clear_error(name: str) -> None:
    with pytest.raises(UsageError, match="no checkpoint known here"):
        read_model(name)


def test_the_error_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"nearest: .*google/gemma-3-4b-it"):
        read_model("google/gema-3-4b-it")


@pytest.mark.parametrize("name", ["gemma-3-4b", "google/Gemma 3 4B", "gemma-3-4b-instruct"])
def test_a_name_without_its_ending_is_near_those_that_have_one(name: str) -> None:
    assert checkpoints.nearest(name)[0] in {"google/gemma-3-4b-pt", "google/gemma-3-4b-it"}


@pytest.mark.parametrize("name", ["meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-7B", "mistral", ""])
def test_another_family_is_no_slip_of_the_keyboard(name: str) -> None:
    assert checkpoints.nearest(name) == []


def test_a_slash_at_the_end_is_no_part_of_the_name() -> None:
    assert checkpoints.find("google/gemma-3-4b-it/") is not None


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_is_said_to_be_empty(name: str) -> None:
    with pytest.raises(UsageError, match="is empty"):
        read_model(name)


# One of each family that Google published, and copies of others.
_EVERY_FAMILY = """
gemma-2b gemma-7b-it gemma-1.1-7b-it gemma-2-2b gemma-2-9b-it gemma-2-27b gemma-2-2b-jpn-it
gemma-3-270m gemma-3-270m-it gemma-3-1b-it gemma-3-4b-pt gemma-3-12b-it gemma-3-27b-it
gemma-3-1b-it-qat-q4_0-unquantized gemma-3-4b-it-qat-q4_0-unquantized
gemma-3-12b-it-qat-q4_0-gguf gemma-3-27b-it-qat-int4-unquantized
gemma-3n-E2B-it gemma-3n-E4B gemma-4-E2B-it gemma-4-E4B gemma-4-12B-it gemma-4-26B-A4B-it
gemma-4-31B-it codegemma-2b codegemma-1.1-7b-it codegemma-7b recurrentgemma-2b recurrentgemma-9b-it
paligemma-3b-pt-224 paligemma-3b-mix-448 paligemma-3b-ft-docvqa-448 paligemma2-3b-pt-448
paligemma2-28b-mix-224 shieldgemma-2b shieldgemma-27b shieldgemma-2-4b-it t5gemma-2b-2b-ul2
t5gemma-9b-9b-prefixlm-it t5gemma-ml-ml-prefixlm t5gemma-2-270m-270m t5gemma-2-4b-4b medgemma-4b-it
medgemma-27b-it medgemma-27b-text-it medgemma-1.5-4b-it txgemma-2b-predict txgemma-27b-chat
datagemma-rag-27b-it datagemma-rig-27b-it translategemma-4b-it translategemma-27b-it
functiongemma-270m-it vaultgemma-1b embeddinggemma-300m embeddinggemma-2
diffusiongemma-26B-A4B-it
"""


@pytest.mark.parametrize("name", _EVERY_FAMILY.split())
def test_every_family_is_known_by_name(name: str) -> None:
    for form in (name, f"google/{name}", f"GOOGLE/{name.upper()}"):
        found = checkpoints.find(form)
        assert found is not None and found.published_as == f"google/{name}"


@pytest.mark.parametrize(
    ("copy", "published", "quantization"),
    [
        ("unsloth/gemma-3-27b-it-unsloth-bnb-4bit", "google/gemma-3-27b-it", "bitsandbytes"),
        ("unsloth/medgemma-4b-it-bnb-4bit", "google/medgemma-4b-it", "bitsandbytes"),
        ("unsloth/functiongemma-270m-it", "google/functiongemma-270m-it", None),
        ("unsloth/embeddinggemma-2-GGUF", "google/embeddinggemma-2", "gguf"),
        ("bartowski/gemma-2-9b-it-GGUF", "google/gemma-2-9b-it", "gguf"),
        ("mlx-community/gemma-3-12b-it-4bit", "google/gemma-3-12b-it", "mlx"),
        ("RedHatAI/gemma-3-4b-it-FP8-dynamic", "google/gemma-3-4b-it", "compressed-tensors"),
    ],
)
def test_copies_are_known_by_their_original(
    copy: str, published: str, quantization: str | None
) -> None:
    found = checkpoints.find(copy)
    assert found is not None and found.published_as == published
    assert found.quantization == quantization


@pytest.mark.parametrize(
    ("name", "judged_as", "bits"),
    [
        ("someone/my-gemma-3-4b-it-lora", "google/gemma-3-4b-it", None),
        ("someone/Gemma-2-9B-it-SimPO-bnb-4bit", "google/gemma-2-9b-it", 4),
        ("someone/medgemma-4b-it-xray", "google/medgemma-4b-it", None),
        ("someone/gemma-2b", "google/gemma-2b", None),
    ],
)
def test_an_unpublished_gemma_is_judged_by_its_name_and_said_so(
    name: str, judged_as: str, bits: int | None
) -> None:
    from gemma_compat.detect.model import assumed_of

    assert checkpoints.find(name) is None
    found = checkpoints.resembled(name)
    assert found is not None and found.published_as == judged_as
    facts, _ = read_model(name)
    assert facts.model_type == found.config["model_type"]
    assert facts.get("quantization_bits") == bits
    assert assumed_of(name) == {
        "model": f"not published by Google; judged as {judged_as}, by its name"
    }


@pytest.mark.parametrize("name", ["someone/xgemma-2bx", "someone/gemma-2bb", "someone/notgemma-2b"])
def test_a_name_that_only_contains_gemma_is_not_judged(name: str) -> None:
    assert checkpoints.resembled(name) is None
    with pytest.raises(UsageError, match="if it is a Gemma of your own"):
        read_model(name)


def test_a_bare_type_names_no_size() -> None:
    from gemma_compat.detect.model import config_of

    with pytest.raises(UsageError, match="is a model type, of several sizes"):
        config_of("gemma3")


def test_every_source_is_used() -> None:
    listed = json.loads((DATA / "checkpoints.json").read_text("utf-8"))["sources"].values()
    used = {url for name in checkpoints.names() for url in found_sources(name)}
    assert set(listed) == used


def found_sources(name: str) -> set[str]:
    found = checkpoints.find(name)
    assert found is not None
    return set(found.sources)
