"""``advise --tune``: what it proposes fits, and no rule objects to it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gemma_compat._cli import main
from gemma_compat.detect.foreign_yaml import read_yaml
from gemma_compat.memory import estimate, read_shape, usable
from gemma_compat.memory.tuning import Wish, tune
from gemma_compat.tables import checkpoints


def wish(name: str, memory: int, tokens: int = 1024, **changes: object) -> Wish:
    found = checkpoints.find(name)
    assert found is not None
    return replace(Wish(read_shape(found.config), memory, tokens), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("memory", [15360, 24564, 40960, 81559, 143771])
@pytest.mark.parametrize(
    "name", ["gemma-3-270m", "gemma-3-4b-it", "gemma-3-12b-it", "gemma-4-E2B-it", "gemma-2-9b"]
)
def test_what_is_proposed_fits(name: str, memory: int) -> None:
    found = tune(wish(name, memory))
    assert found.setup is not None
    assert estimate(found.wish.shape, found.setup).total <= usable(memory)
    assert found.setup.rows * found.setup.accumulation >= 16
    assert found.steps[-1].after == found.found.total
    for earlier, later in zip(found.steps, found.steps[1:], strict=False):
        assert earlier.after == later.before


def test_more_memory_means_less_recomputation_and_more_bits() -> None:
    small, large = (tune(wish("gemma-3-12b-it", memory)).setup for memory in (24564, 81559))
    assert small is not None and large is not None
    assert small.bits == 4 and large.bits is None
    assert small.checkpointing and not large.checkpointing


def test_a_small_model_is_trained_whole() -> None:
    found = tune(wish("gemma-3-270m", 24564)).setup
    assert found is not None and found.adapter is None


def test_what_cannot_fit_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert tune(wish("gemma-3-27b-it", 8188)).setup is None
    command = ["advise", "--tune", "--model", "google/gemma-3-27b-it", "--gpu", "RTX 4060"]
    assert main(command) == 1
    assert "Nothing fits" in capsys.readouterr().out


COMMAND = ["advise", "--tune", "--model", "google/gemma-3-12b-it", "--gpu", "RTX 4090"]


def test_the_lines_to_paste(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMAND, "--max-length", "2048", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["total_gib"] <= found["available_gib"]
    compile(found["snippets"]["Python"], "pasted", "exec")
    axolotl = read_yaml(found["snippets"]["axolotl"])
    assert axolotl["base_model"] == "google/gemma-3-12b-it" and axolotl["sequence_len"] == 2048
    factory = read_yaml(found["snippets"]["LLaMA-Factory"])
    assert factory["quantization_bit"] == 4 and factory["cutoff_len"] == 2048


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_every_format(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMAND, "--format", form]) == 0
    out = capsys.readouterr().out
    assert "LoraConfig" in out and "micro_batch_size" in out and "cutoff_len" in out


@pytest.mark.parametrize("gpu", ["T4", "V100-32GB", "L4", "A100-80GB"])
def test_no_rule_objects(gpu: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["advise", "--tune", "--model", "google/gemma-3-4b-it", "--gpu", gpu]
    assert main([*command, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert not [text for text in found["remarks"] if text.startswith(("GC4", "GC7"))]


@pytest.mark.parametrize("gpu", ["MI300X", "M4 Max 36GB", "TPU v5e"])
def test_cards_of_other_makers(gpu: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["advise", "--tune", "--model", "google/gemma-3-4b-it", "--gpu", gpu]
    assert main([*command, "--format", "json"]) in {0, 1}
    assert json.loads(capsys.readouterr().out)["available_gib"] > 10


def test_a_card_without_bitsandbytes_is_offered_none_of_it() -> None:
    small = wish("gemma-3-4b-it", 12288, bitsandbytes=False)
    assert tune(small).setup is None and tune(replace(small, bitsandbytes=True)).setup is not None
    large = tune(wish("gemma-3-270m", 6144, bitsandbytes=False)).setup
    assert large is not None and "8bit" not in large.optimizer


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--gpu", "none"], "for which card"),
        (["--gpu", "M4 Max 36GB", "--load-in-4bit"], "bitsandbytes does not support"),
        (["--gpu", "T4", "--max-length", "99999999"], "not estimated"),
        (["--gpu", "T4", "--full", "--load-in-4bit"], "cannot be trained"),
    ],
)
def test_what_cannot_be(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["advise", "--tune", "--model", "google/gemma-3-4b-it", *options]) == 2
    assert message in capsys.readouterr().err
