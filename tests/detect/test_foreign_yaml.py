"""YAML of axolotl and LLaMA-Factory, and misspelt names, where arguments are asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gemma_compat._cli import main

AXOLOTL = """
base_model: google/gemma-3-4b-it   # the model
load_in_4bit: true
adapter: qlora
lora_r: 32
lora_target_linear: true
sequence_len: 2048
sample_packing: true
micro_batch_size: 2
gradient_accumulation_steps: 4
optimizer: adamw_bnb_8bit
bf16: auto
flash_attention: true
gradient_checkpointing: true
gradient_checkpointing_kwargs:
  use_reentrant: false
datasets:
  - path: x/y
    type: alpaca
"""
LLAMA_FACTORY = """
model_name_or_path: google/gemma-3-12b-it
stage: sft
finetuning_type: lora
lora_rank: 8
lora_target: all
quantization_bit: 4
cutoff_len: 4096
per_device_train_batch_size: 1
gradient_accumulation_steps: 8
bf16: true
flash_attn: sdpa
"""


class TestYaml:
    def test_axolotl(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "run.yaml").write_text(AXOLOTL)
        options = ["memory", "--args", str(tmp_path / "run.yaml"), "--gpu", "A100-80GB"]
        assert main(options) == 0
        out = capsys.readouterr()
        assert "google/gemma-3-4b-it, LoRA of rank 32, weights in 4 bits, 2 x 2048" in out.out
        assert "adamw_bnb_8bit" in out.out and "file of axolotl" in out.err

    def test_llama_factory(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "run.yml").write_text(LLAMA_FACTORY)
        options = ["report", "--args", str(tmp_path / "run.yml"), "--gpu", "A100-80GB"]
        options += ["--with", "transformers==5.23.0,torch==2.13.0"]
        assert main([*options, "--format", "json"]) in {0, 1}
        out = capsys.readouterr()
        facts = json.loads(out.out)["facts"]
        assert facts["training"]["max_length"] == 4096
        assert facts["training"]["gradient_checkpointing"] is True  # its default
        assert facts["model"]["quantization_bits"] == 4
        assert facts["adapter"]["rank"] == 8 and "LLaMA-Factory" in out.err

    def test_an_option_wins_over_the_file(self, tmp_path: Path) -> None:
        from argparse import Namespace

        from gemma_compat._cli.inputs import read_arguments

        (tmp_path / "run.yml").write_text(LLAMA_FACTORY)
        options = Namespace(args=str(tmp_path / "run.yml"), model="mine", adapter=None, bits=8)
        read_arguments(options)
        assert (options.model, options.bits) == ("mine", 8)

    @pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n"])
    def test_what_is_no_mapping(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "run.yaml").write_text(text)
        assert main(["report", "--args", str(tmp_path / "run.yaml")]) == 2


def test_a_misspelt_argument_is_named_with_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "args.json"
    file.write_text('{"gradient_checkpoint": true, "bf16": true, "my_own_thing": 1}')
    assert main(["report", "--args", str(file)]) in {0, 1, 3}
    error = capsys.readouterr().err
    assert "'gradient_checkpoint'; nearest: gradient_checkpointing" in error
    assert "bf16" not in error and "my_own_thing" not in error
