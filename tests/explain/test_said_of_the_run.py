"""What sentences say of the run is read; what they compare with, wish for or quote is not."""

from __future__ import annotations

from typing import Any

import pytest

from gemma_compat._explain.figures import figure_answers
from gemma_compat._explain.log_facts import LogFacts

from .test_readings import log


def cards(found: LogFacts) -> list[str]:
    return [gpu.name for gpu in found.facts.get("gpus", ())]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("For both cases, I'm using 4-bit QLoRA.\nI'm using an A100 instance", ["A100"]),
        ("when using 4096 max_length\nTesla T4", ["T4"]),
        ("# Float16 for Tesla T4, V100\n- GPU type: NVIDIA A10G", ["A10G"]),
        ("dtype = None # None for auto detection. Float16 for Tesla T4, V100", []),
        ("I suffered from it on RTX4090 and A100, running in Runpod.", []),
        ("- GPU type: Tesla T4\n- GPU type: NVIDIA A100-SXM4-80GB", []),
        ("- GPU type: NVIDIA A100-SXM4-80GB\nGPU: A100", ["A100-80GB"]),
        ("It works on an A100 but not on a T4", ["T4"]),
        ("On 4 A100 it is ok. On my RTX 3090 it crashes.", ["RTX 3090"]),
        ("I have 2 RTX 4090 and 64 GB of RAM", ["RTX 4090", "RTX 4090"]),
        ("a node of 8GPUs  A100 NVIDIA", ["A100"] * 8),
        ("2 nodes, each with 8 H100", ["H100"]),
        ("RTX 6000 Pro 96GB", ["RTX PRO 6000"]),
        ("- CUDA device(s): A100-SXM-80GB, A100-SXM-80GB", ["A100-80GB"] * 2),
    ],
)
def test_cards(text: str, names: list[str]) -> None:
    assert cards(log(text)) == names


def test_why_a_named_card_is_not_the_runs() -> None:
    assert log("Float16 for Tesla T4").facts.reason("gpus").startswith("the log names a GPU")
    assert log("GPU: Tesla T4\nGPU: H100").facts.reason("gpus") == "the log names several kinds"
    assert log("no card").facts.reason("gpus") == "the log does not say"


def test_a_rank_states_no_number_of_cards() -> None:
    alone = log("Tesla T4\n[rank0]: x")
    assert len(cards(alone)) == 1 and not alone.counts_gpus and alone.cards is None
    several = log("Tesla T4\n[rank5]: x")
    assert several.counts_gpus and several.cards is None
    assert several.facts.reason("gpus").startswith("at least")
    stated = log("Tesla T4\n[rank5]: x\n- GPU number: 8")
    assert len(cards(stated)) == 8 and stated.facts.reason("gpus") == ""


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("transformers 4.49.0 was fine, transformers 4.50.0 fails", {}),
        ("Tested with transformers 4.50.3\nand with transformers 4.51.0", {}),
        ("with transformers 4.50.3\nagain: with transformers 4.50.3", {"transformers": "4.50.3"}),
        ("with transformers 4.50.3 and\ntransformers==4.51.0", {"transformers": "4.51.0"}),
        ("on transformers 4.50.3, 4.51.0 and 4.52.1", {}),
        ("trl 0.15.2 -> trl 0.16.0", {"trl": "0.16.0"}),
        ("> transformers==4.49.0 solved it for me", {}),
        ("pip install transformers==4.49.0 fixed it", {}),
        ("pip install transformers==4.49.0", {"transformers": "4.49.0"}),
        ("open-clip-torch 2.10.1 requires protobuf==3.20.*", {}),
        ("ERROR: Cannot install accelerate and peft==0.7.2 because", {}),
    ],
)
def test_releases(text: str, versions: dict[str, str]) -> None:
    packages = log(text).facts.packages
    assert {name: item and item.version for name, item in packages.items()} == versions


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("google/gemma-3-1b-it does not have this issue, google/gemma-3-4b-it has it", "3-4b"),
        ("Unlike google/gemma-2-2b, google/gemma-3-1b-it gives NaN", "3-1b"),
        ("I am working with google/gemma-3-4b-it", "3-4b"),
        ("google/gemma-3-4b-it works", None),
        ("**Gemma-4-E2B GRPO but with Qwen3-4B**", None),
    ],
)
def test_models(text: str, model: str | None) -> None:
    name = log(text).model_name
    assert (name is None) == (model is None) and (model or "") in (name or "")


def test_another_family_that_works_is_not_the_runs() -> None:
    failing = "google/gemma-3-4b-it gives NaN"
    assert not log(f"Qwen/Qwen2.5-7B trains without problems; {failing}").is_other
    assert log("Qwen/Qwen2.5-7B gives NaN").is_other


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I train model with fp16 on V100", {"mixed_precision": "fp16"}),
        ("bf16=True gives NaN, fp16=True works", {"mixed_precision": "bf16"}),
        ("I trained in bf16 and in fp16", {}),
        ("Can I train in bf16?", {}),
        ("    # bf16=True,", {}),
        ("packing=True, # padding_free works, fp16=True too", {"packing": True}),
        ("gradient_checkpointing=False makes it work", {}),
        ("max_length=2048 works, max_length=4096 does not", {"max_length": 4096}),
        ("Please rerun with `--num_processes=1`", {}),
    ],
)
def test_settings(text: str, expected: dict[str, Any]) -> None:
    assert log(text).facts.training.to_dict() == expected


@pytest.mark.parametrize(
    ("said", "states"),
    [("", True), ("all of it in half precision", False), ("Bfloat16 = TRUE.", False)],
)
def test_no_precision_is_claimed_to_be_missing_where_a_line_names_one(
    said: str, states: bool
) -> None:
    found = log(f"{said}\ngoogle/gemma-3-4b-it\n{{'loss': nan, 'grad_norm': nan}}")
    ((_, _, answer),) = figure_answers(found, found.facts)
    assert ("the log does not state the precision" in answer.why) == states
    assert "by what the log states" not in answer.why  # a published dtype is none of the run
