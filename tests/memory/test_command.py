"""``gemma_compat memory``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gemma_compat._cli import main

RUN = ["--lora", "--bf16", "--batch-size", "1", "--max-length", "2048"]
ASKED = ["memory", "--model", "google/gemma-3-27b-it", "--gpu", "A100-40GB", *RUN]


def test_the_question_of_the_documentation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(ASKED) == 1
    out = capsys.readouterr().out
    assert "does not fit A100-40GB" in out and "#####" in out
    sums = re.search(r"([\d.]+) of ([\d.]+) GiB, ([\d.]+) GiB too much", out)
    assert sums is not None
    assert float(sums[1]) - float(sums[2]) == pytest.approx(float(sums[3]), abs=0.11)
    assert "-> fits" in out and "Assumed" in out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ASKED, "--load-in-4bit", "--gradient-checkpointing", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["fits"] is True
    assert {"total_gib", "available_gib", "parts", "assumed"} <= found.keys()
    assert sum(found["parts"].values()) == pytest.approx(found["total_gib"], abs=0.05)


def test_all_cards(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory", "--model", "gemma-3-4b-it", "--gpu", "all", *RUN]) == 0
    out = capsys.readouterr().out
    assert (
        "RTX 4060," in out and "RTX 4060 Ti-8GB" in out and "does not fit" in out and "H200" in out
    )


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_all_cards_in_every_format(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory", "--model", "gemma-3-4b-it", "--gpu", "all", "--format", form]) == 0
    assert "H200" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--gpu", "T4", "--full", "--load-in-4bit"], "cannot be trained"),
        (["--gpu", "T4", "--attn-implementation", "flash_attention_2"], "GC304"),
        (["--gpu", "T4", "--max-length", "99999999"], "max_length of 99999999"),
        (["--gpu", "T4", "--max-length", "9" * 31], "not 31 characters"),
        (["--gpu", "T4", "--batch-size", "99999999"], "a batch of 99999999"),
        (["--gpu", "T4", "--lora", "--rank", "99999999"], "a LoRA rank of 99999999"),
    ],
)
def test_what_cannot_be_is_one_line(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["memory", "--model", "google/gemma-3-4b-it", *options]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_it_needs_no_torch() -> None:
    code = (
        "import sys; from gemma_compat._cli import main; status = main(sys.argv[1:]);"
        "assert not {'torch', 'transformers', 'packaging'} & sys.modules.keys(); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code, *ASKED], capture_output=True, check=False)
    assert done.returncode == 1, done.stderr


class TestReport:
    RUN = ("--batch-size", "4", "--max-length", "4096", "--lora", "--bf16")

    def test_a_run_that_certainly_does_not_fit_is_a_finding(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        command = ["report", "--model", "google/gemma-3-27b-it", "--gpu", "RTX 4090", *self.RUN]
        assert main(command) == 1
        assert "does not fit this GPU" in capsys.readouterr().out
        assert main([*command, "--format", "json"]) == 1
        assert json.loads(capsys.readouterr().out)["memory"]["fits"] is False

    @pytest.mark.parametrize("gpu", ["H200", "sm_90"])
    def test_nothing_is_said_where_it_fits_or_is_not_known(
        self, gpu: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        main(["report", "--model", "google/gemma-3-1b-it", "--gpu", gpu, *self.RUN])
        assert "fit this GPU" not in capsys.readouterr().out

    def test_an_assumed_batch_proves_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        main(["report", "--model", "google/gemma-3-27b-it", "--gpu", "T4", "--lora"])
        assert "fit this GPU" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("run.json", '{"optimiser": "adamw_8bit"}', "'optimiser'; nearest: optim"),
        ("run.json", '{"per_device_train_batchsize": 4}', "nearest: per_device_train_batch_size"),
        ("axolotl.yml", "base_model: a\nmicro_batchsize: 2\n", "nearest: micro_batch_size"),
        ("axolotl.yml", "base_model: a\nsequence_length: 2\n", "nearest: sequence_len"),
        ("factory.yaml", "cutoff_len: 9\nfinetuningtype: full\n", "nearest: finetuning_type"),
    ],
)
def test_a_misspelt_argument_is_named(
    name: str, text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    main(["memory", "--model", "google/gemma-3-1b-it", "--args", str(tmp_path / name)])
    assert said in capsys.readouterr().err


def test_the_names_of_axolotls_own_file_are_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names that axolotl has and we do not read are no misspelt ones of those that we read."""
    text = "base_model: google/gemma-3-1b-it\n" + "".join(
        f"{name}: 1\n"
        for name in ("lora_alpha", "lora_dropout", "eval_sequence_len", "warmup_steps", "tf32",
                     "eval_batch_size", "num_epochs", "load_in_8bit", "flash_attn_cross_entropy",
                     "lora_target_parameters", "embedding_lr", "sequence_parallel_degree")
    )  # fmt: skip
    (tmp_path / "axolotl.yml").write_text(text, "utf-8")
    main(["memory", "--args", str(tmp_path / "axolotl.yml"), "--lora"])
    assert "nearest" not in capsys.readouterr().err


@pytest.mark.parametrize(("name", "said"), [("sdap", True), ("sdpa", False), ("a/kernel", False)])
def test_an_attention_that_does_not_exist_is_noted(
    name: str, said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["memory", "--model", "google/gemma-3-1b-it", "--attn-implementation", name, "--lora"])
    assert ("nearest: sdpa" in capsys.readouterr().err) == said


@pytest.mark.parametrize(
    ("card", "ends"), [("H100", 1), ("2xA100", 1), ("Orin NX", 1), ("none", 0), ("H100-80GB", 0)]
)
def test_a_card_that_leaves_its_memory_open_gets_no_silent_yes(
    card: str, ends: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["memory", "--model", "gemma-3-4b-it", "--gpu", card, *RUN]) == ends
    assert ("name the size too" in " ".join(capsys.readouterr().out.split())) is bool(ends)
