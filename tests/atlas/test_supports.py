"""``supports``: what the shipped index says of each Gemma, and bad input."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gemma_compat import _cli, versions
from gemma_compat.atlas.supporting import Evidence, supports
from gemma_compat.tables import families
from tools import supports_docs

CHECKPOINT = "google/gemma-3-4b-it"


def evidence(model: str, package: str, what: str, key: str) -> Evidence:
    (found,) = (item for item in supports(model).packages if item.package == package)
    return next(item for item in found.evidence if (item.what, item.key) == (what, key))


@pytest.mark.parametrize("model_type", sorted(families.FIRST_RELEASES))
def test_the_first_release_is_the_one_that_the_tables_of_this_library_name(model_type: str) -> None:
    config = evidence(model_type, "transformers", "AutoConfig", model_type)
    (interval,) = config.releases
    first = versions.parse(interval.first).base_version  # a release candidate may have it first
    assert first == families.FIRST_RELEASES[model_type] and interval.to_end


@pytest.mark.parametrize(
    ("model", "package", "what", "key", "first"),
    [
        ("gemma3", "peft", "default targets of LoRA", "gemma3_text", "0.16.0"),
        ("gemma4", "peft", "default targets of LoRA", "gemma4", "0.19.0"),
        ("gemma3", "liger-kernel", "Liger's kernels by model type", "gemma3", "0.5.7"),
        ("gemma3", "trl", "chat template for training", "gemma3_training", "1.4.0"),
        (
            "gemma3",
            "transformers",
            "AutoModelForSequenceClassification",
            "gemma3_text",
            "4.57.0",
        ),
        ("gemma3", "llamafactory", "LLaMA-Factory's templates", "gemma3", "0.9.3"),
        ("gemma4", "llamafactory", "LLaMA-Factory's templates", "gemma4", "0.9.5"),
        (
            "google/gemma-3-4b-it",
            "ms-swift",
            "ms-swift's registry",
            "google/gemma-3-4b-it",
            "3.2.2",
        ),
        ("gemma4", "ms-swift", "ms-swift's model types", "gemma4", "4.1.0"),
        ("gemma3", "ms-swift", "ms-swift's model types", "gemma3_vision", "3.2.2"),
        ("gemma3", "axolotl", "axolotl: sample packing", "gemma3", "0.8.0"),
        ("gemma2", "torchtune", "torchtune's model types", "gemma2", "0.5.0"),
        (CHECKPOINT, "litgpt", "LitGPT's configs", "gemma-3-4b-it", "0.5.8"),
        ("gemma3n", "mlx-lm", "mlx-lm's models", "gemma3n", "0.25.3"),
        ("gemma4", "mlx-vlm", "mlx-vlm's models", "gemma4", "0.4.3"),
        ("gemma3", "keras-hub", "KerasHub's backbones", "gemma3", "0.19.3"),
        ("gemma3", "keras-hub", "KerasHub's converters", "gemma3", "0.25.0"),
        ("gemma3", "sglang", "SGLang's registry", "Gemma3ForCausalLM", "0.4.4.post2"),
        ("gemma3", "gptqmodel", "GPTQModel's models", "gemma3", "4.0.0"),
        ("gemma2", "autoawq", "AutoAWQ's models", "gemma2", "0.2.7"),
        ("gemma3", "gguf", "architectures of GGUF", "gemma3", "0.16.2"),
    ],
)
def test_what_was_read_in_the_wheels(
    model: str, package: str, what: str, key: str, first: str
) -> None:
    found = evidence(model, package, what, key)
    assert found.releases[0].first == first and found.releases[-1].to_end


def test_a_table_that_copies_another_has_its_entries() -> None:
    """PEFT made its tables copies of LoRA's in 0.18: VeRA did not lose Gemma 3 there."""
    (interval,) = evidence("gemma3", "peft", "default targets of VeRA", "gemma3_text").releases
    assert interval.first == "0.16.0" and interval.to_end


def test_a_checkpoint_has_the_types_of_its_config() -> None:
    assert supports("google/gemma-3-1b-it").model_types == ("gemma3_text",)
    assert supports("google/gemma-3-4b-it").model_types == ("gemma3", "gemma3_text")
    assert supports("gemma-3n").model_types[0] == "gemma3n"


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_every_form_is_printed(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _cli.main(["supports", "--model", "gemma2", "--format", form]) == 0
    printed = capsys.readouterr().out
    assert "gemma2" in printed and "AutoModelForCausalLM" in printed
    if form == "json":
        document: dict[str, Any] = json.loads(printed)
        assert document["model_types"] == ["gemma2"]
        names = [package["package"] for package in document["packages"]]
        assert names[0] == "transformers" and "accelerate" in names


def test_a_package_that_names_no_gemma_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert _cli.main(["supports", "--model", "gemma2", "--package", "accelerate"]) == 0
    assert "accelerate: nothing in it names this model" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("model", "package", "says"),
    [
        ("gemma3", "transformers", "4.52.0 to 5.24.0: AutoModel has an entry for gemma3 ("),
        ("gemma3", "peft", "target_modules may be left out with LoRA,"),
        ("gemma3n", "unsloth", "Unsloth has the Ollama template gemma3n"),
        ("gemma4", "llamafactory", "0.9.5: LLaMA-Factory has the template gemma4"),
        ("gemma3n", "mlx-vlm", "mlx-vlm loads gemma3n"),
        ("gemma3", "trl", "1.4.0 to 1.16.0: chat template: trl/chat_templates/gemma3.jinja"),
    ],
)
def test_entries_are_told_as_sentences_and_not_as_rows_of_tables(
    model: str, package: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _cli.main(["supports", "--model", model, "--package", package]) == 0
    printed = capsys.readouterr().out
    assert says in printed and "->" not in printed and "mapper" not in printed.lower()


def test_the_page_of_the_site_is_what_the_index_says() -> None:
    assert supports_docs.TARGET.read_text(encoding="utf-8") == supports_docs.page()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--model", "gemm3"], "nearest: gemma3"),
        (["--model", "meta-llama/Llama-3.1-8B"], "no Gemma is called"),
        (["--model", "llama"], "no Gemma is called"),
        (["--model", ""], "no Gemma is called"),
        (["--model", "gemma2", "--package", "numpy"], "does not have 'numpy'"),
        ([], "--model"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _cli.main(["supports", *arguments]) == 2
    printed = capsys.readouterr()
    assert says in printed.err and printed.err.count("\n") == 1 and not printed.out
