"""What-if: what is given is put over what was found, and the header says which is which."""

from __future__ import annotations

import argparse
import socket
from typing import Any

import pytest

from gemma_compat._cli import assumptions, main
from gemma_compat.engine.diagnosis import judge
from gemma_compat.engine.rule import Finding
from gemma_compat.engine.what_if import Assumptions, assume
from gemma_compat.errors import UnknownFact, UsageError
from gemma_compat.facts import UNKNOWN, Facts
from gemma_compat.report.header import header_rows
from gemma_compat.rules import find
from gemma_compat.tables import gpus

from .conftest import H100, facts_for

HERE = facts_for("gemma3n", "4.57.6", packages={"trl": None, "peft": "0.15.2"}, gpus=(H100,))


def given(*arguments: str, facts: Facts = HERE) -> Facts:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    assumptions.add_options(parser)
    return assumptions.apply(parser.parse_args(arguments), facts)


def test_nothing_assumed_changes_nothing() -> None:
    assert given() == HERE
    assert assume(HERE, Assumptions()) is HERE


def test_versions_replace_the_installed_ones() -> None:
    facts = given("--with", "transformers==5.23.0", "--with", "unsloth==2026.10.9,trl==1.16.0")
    assert facts.version("transformers") == "5.23.0"
    assert facts.version("trl") == "1.16.0"
    assert facts.version("peft") == "0.15.2"  # as installed here
    assert HERE.version("transformers") == "4.57.6"


def test_what_is_missing_here_may_be_there() -> None:
    with pytest.raises(UnknownFact):
        given("--with", "transformers==5.23.0").version("trl")
    assert given("--without", "trl").version("trl") is None


def test_name_alone_is_the_installed_one() -> None:
    assert given("--with", "peft", "--with", "trl==1.16.0").version("peft") == "0.15.2"


@pytest.mark.parametrize(
    ("version", "cuda"), [("2.6.0+cu124", "12.4"), ("2.6.0+cpu", None), ("2.6.0", UNKNOWN)]
)
def test_torch_says_what_it_was_built_for_in_its_label(version: str, cuda: Any) -> None:
    torch = given("--with", f"torch=={version}").torch
    assert torch.version == version
    assert torch.known("cuda") == (cuda is not UNKNOWN)
    assert torch.get("cuda") == (None if cuda is UNKNOWN else cuda)


def test_other_gpus_are_those_of_another_machine() -> None:
    facts = given("--gpu", "2xT4")
    assert facts.gpus == gpus.parse("2xT4")
    for record, name in ((facts, "driver"), (facts, "environment"), (facts.torch, "cuda")):
        assert not record.known(name)
    assert given("--gpu", "none").gpus == ()


def test_facts_of_a_log_stay_where_nothing_is_given() -> None:
    given_both = Assumptions(versions={"peft": "0.21.2"}, gpus=gpus.parse("T4"))
    facts = assume(HERE, given_both, of_this_machine=False)
    assert facts.version("trl") is None and facts.version("peft") == "0.21.2"
    assert facts.torch == HERE.torch and facts.driver == HERE.driver
    assert facts.gpus == gpus.parse("T4")


@pytest.mark.parametrize(
    ("arguments", "area", "expected"),
    [
        (["--load-in-4bit"], "model", {"quantization": "bitsandbytes", "quantization_bits": 4}),
        (["--load-in-8bit"], "model", {"quantization_bits": 8, "compute_dtype": None}),
        (["--compute-dtype", "float16"], "model", {"compute_dtype": "float16"}),
        (["--dtype", "float32"], "model", {"dtype": "float32"}),
        (["--attn-implementation", "sdpa"], "model", {"attn_implementation": "sdpa"}),
        (["--full"], "model", {"peft": None}),
        (["--full"], "training", {"peft": False}),
        (["--lora"], "training", {"peft": True}),
        (["--bf16"], "training", {"mixed_precision": "bf16"}),
        (["--fp16"], "training", {"mixed_precision": "fp16"}),
        (["--fp32"], "training", {"mixed_precision": "no"}),
        (["--gradient-checkpointing"], "training", {"gradient_checkpointing": True}),
        (["--gradient-checkpointing"], "training", {"use_reentrant": None}),
        (["--gradient-checkpointing", "--use-reentrant"], "training", {"use_reentrant": True}),
        (["--no-gradient-checkpointing"], "training", {"gradient_checkpointing": False}),
        (["--evaluates"], "training", {"evaluates": True}),
        (["--no-evaluates"], "training", {"evaluates": False}),
        (["--packing"], "training", {"packing": True}),
        (["--images"], "training", {"images": True}),
        (["--generates"], "training", {"generates": True}),
        (["--accumulate", "4"], "training", {"gradient_accumulation_steps": 4}),
        (["--batch-size", "2"], "training", {"per_device_train_batch_size": 2}),
        (["--max-length", "2048"], "training", {"max_length": 2048}),
        (["--trainer", "loop"], "training", {"trainer": False}),
        (["--trainer", "trl"], "training", {"trainer": True, "use_cache": None}),
        (["--zero-stage", "3"], "training", {"deepspeed_stage": 3, "distributed": "deepspeed"}),
        (["--distributed", "fsdp"], "training", {"distributed": "fsdp"}),
        (["--adds-tokens"], "training", {"adds_tokens": True}),
        (["--external-checkpointing"], "training", {"external_checkpointing": True}),
        (
            ["--target-modules", "q_proj,v_proj"],
            "adapter",
            {"target_modules": ("q_proj", "v_proj"), "peft_type": "LORA"},
        ),
        (["--target-modules", "all-linear"], "adapter", {"target_modules": "all-linear"}),
        (["--target-modules", r".*\.q_proj"], "adapter", {"target_modules": r".*\.q_proj"}),
        (["--target-modules", "all-linear"], "adapter", {"target_parameters": ()}),
        (
            ["--target-modules", "q_proj", "--target-parameters", "experts.down_proj"],
            "adapter",
            {"target_parameters": ("experts.down_proj",)},
        ),
        (["--modules-to-save", ""], "adapter", {"modules_to_save": ()}),
        (
            ["--target-modules", "q_proj", "--modules-to-save", "lm_head"],
            "adapter",
            {"modules_to_save": ("lm_head",), "trains_embeddings": True},
        ),
        (["--liger", "--torch-compile"], "training", {"use_liger_kernel": True}),
    ],
)
def test_options_set_facts(arguments: list[str], area: str, expected: dict[str, Any]) -> None:
    blank = HERE.replace(model=HERE.model.replace(peft=UNKNOWN), training=type(HERE.training)())
    record = getattr(given(*arguments, facts=blank), area)
    assert {name: getattr(record, name) for name in expected} == expected


def test_the_trainer_of_transformers_5_turns_the_cache_off() -> None:
    assert given("--trainer", "hf", "--with", "transformers==5.23.0").training.use_cache is False
    assert given("--trainer", "hf", "--with", "transformers==4.57.6").training.use_cache is None
    moved = given("--with", "transformers==5.23.0")  # a Trainer drives it already
    assert moved.training.use_cache is False


def test_an_option_that_is_not_given_is_not_assumed() -> None:
    facts = given("--bf16", facts=Facts())
    assert facts.training.to_dict() == {"mixed_precision": "bf16"}
    assert not facts.model.to_dict()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--with", "transformer==5.0"], "nearest: transformers"),
        (["--with", "transformers>=5.0"], "give one version"),
        (["--with", "transformers==five"], "not a version"),
        (["--with", "transformers=="], "not a version"),
        (["--with", "trl"], "not installed here; write trl==VERSION"),
        (["--gpu", "sm_999"], "no architecture is known"),
        (["--gpu", ""], "names no GPUs"),
    ],
)
def test_what_cannot_be_is_one_clear_error(arguments: list[str], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        given(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [["--accumulate", "0"], ["--bf16", "--fp16"], ["--lora", "--full"], ["--model", "gema-3-4b"]],
)
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", *arguments]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_header_says_what_is_assumed_and_what_is_detected() -> None:
    facts = given("--with", "transformers==5.23.0", "--gpu", "T4", "--bf16", "--load-in-4bit")
    rows = dict(header_rows(facts))
    assert rows["Assumed"] == (
        "transformers (--with); the GPU (--gpu); the model (--load-in-4bit); the run (--bf16)"
    )
    assert rows["Detected"] == "Python, the other packages"
    assert "Problem" not in rows
    assert not {"Assumed", "Detected"} & dict(header_rows(HERE)).keys()


def test_a_stack_can_be_judged_where_nothing_of_it_is() -> None:
    nothing = Facts(packages={"transformers": None, "torch": None})
    model = facts_for("gemma3", model={"dtype": "bfloat16"}).model
    facts = given(
        "--with",
        "transformers==4.50.3",
        "--bf16",
        "--evaluates",
        facts=nothing.replace(model=model),
    )
    assert isinstance(judge(find("GC101"), facts), Finding)


def test_facts_with_assumptions_make_the_round_trip() -> None:
    facts = given("--with", "transformers==5.23.0", "--gpu", "T4")
    assert Facts.from_dict(facts.to_dict()) == facts


def test_end_to_end(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def network(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", network)
    monkeypatch.setattr(socket, "getaddrinfo", network)
    command = "report --model google/gemma-3n-E4B-it --gpu T4 --bf16 --gradient-checkpointing"
    command += " --with transformers==5.23.0 --use-reentrant --lora"
    assert main(command.split()) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "error GC201" in printed and "what is published of google/gemma-3n-E4B-it" in printed


def test_the_reasons_come_in_one_order_in_every_process() -> None:
    """The order is printed; that of a set changes with the process."""
    absent = ("trl", "peft", "datasets", "numpy", "triton", "tokenizers", "xformers", "torchao")
    facts = Facts(packages=dict.fromkeys(absent))
    changed = assume(facts, Assumptions(versions={"transformers": "5.23.0"}))
    assert list(changed.reasons) == [f"packages.{name}" for name in absent]


# Each part that is given, alone.

PARTS: dict[str, Any] = {
    "versions": {"peft": "0.18.0"},
    "gpus": (),
    "model": {"dtype": "float16"},
    "training": {"evaluates": True},
    "adapter": {"rank": 8},
}


@pytest.mark.parametrize("part", PARTS)
def test_any_part_is_an_assumption(part: str) -> None:
    assert Assumptions(**{part: PARTS[part]})
    assert assume(HERE, Assumptions(**{part: PARTS[part]})) is not HERE


def test_every_assumed_topic_has_the_option_that_gave_it() -> None:
    made = Assumptions(**PARTS, how={"model.dtype": "--dtype", "not.given": "--never"})
    assert made.topics() == {
        "packages.peft": "--with",
        "gpus": "--gpu",
        "model.dtype": "--dtype",
        "training.evaluates": "an option",
        "adapter.rank": "an option",
    }
    earlier = HERE.replace(assumed={"python": "--python"})
    assert assume(earlier, made).assumed == {"python": "--python", **made.topics()}
    assert "gpus" not in Assumptions(model={"dtype": "float16"}).topics()


def test_reasons_are_those_of_what_is_still_unknown() -> None:
    reasons = {"packages.peft": "unreadable", "packages.torch": "unreadable", "gpus": "no driver"}
    named = assume(HERE.replace(reasons=reasons), Assumptions(versions={"peft": "0.18.0"}))
    assert named.reasons == {
        "packages.torch": "unreadable",
        "gpus": "no driver",
        "packages.trl": "not installed here and not named in --with",
    }
    torch = assume(HERE, Assumptions(versions={"torch": "2.6.0"}))
    assert torch.reasons["torch"] == "--with torch says nothing about its build"
    assert "torch" not in assume(HERE, Assumptions(versions={"torch": None})).reasons


def test_versions_of_a_log_do_not_make_what_it_lacks_unknown() -> None:
    made = assume(HERE, Assumptions(versions={"peft": "0.18.0"}), of_this_machine=False)
    assert made.packages["trl"] is None and "packages.trl" not in made.reasons


def test_imports_that_were_tried_here_say_nothing_of_other_releases() -> None:
    tried = HERE.replace(imports={"peft": "ok"})
    assert assume(tried, Assumptions(versions={"peft": "0.18.0"})).imports == {}
    assert assume(tried, Assumptions(gpus=(H100,))).imports == {}
    assert assume(tried, Assumptions(model={"dtype": "float16"})).imports == {"peft": "ok"}


@pytest.mark.parametrize(
    ("versions", "used"),
    [({"unsloth": "2026.10.9"}, True), ({"unsloth": None}, False), ({"peft": "0.18.0"}, False)],
)
def test_who_names_unsloth_means_to_use_it(versions: dict[str, Any], used: bool) -> None:
    assert assume(HERE, Assumptions(versions=versions)).unsloth.used is used


@pytest.mark.parametrize("label", ["custom", "rocm6.2", "xpu", "cu", "12124"])
def test_another_label_of_torch_says_nothing_of_cuda(label: str) -> None:
    made = assume(HERE, Assumptions(versions={"torch": f"2.6.0+{label}"}))
    assert not made.torch.known("cuda") and made.torch.version == f"2.6.0+{label}"


def test_a_label_of_torch_rules_out_the_other_builds() -> None:
    for label, cuda in (("cu124", "12.4"), ("cpu", None)):
        torch = assume(HERE, Assumptions(versions={"torch": f"2.6.0+{label}"})).torch
        assert (torch.cuda, torch.hip) == (cuda, None)


# GPUs.


def test_assumed_gpus_make_what_hangs_on_the_machine_unknown() -> None:
    before = HERE.replace(
        reasons={"driver": "old", "gpus": "old", "torch.hip": "old", "packages.trl": "kept"},
        other_gpus=("an AMD card",),
    )
    made = assume(before, Assumptions(gpus=(H100,), other_gpus=("another",)))
    elsewhere = "the GPUs are assumed, so this machine says nothing about it"
    assert made.gpus == (H100,) and made.other_gpus == ("another",)
    assert not any(made.known(name) for name in ("driver", "cuda_driver", "environment"))
    assert made.reasons == {
        "packages.trl": "kept",
        **dict.fromkeys(("driver", "cuda_driver", "environment", "torch"), elsewhere),
    }
    assert made.torch.version == HERE.torch.version and not made.torch.known("cuda")


def test_a_torch_that_is_given_too_keeps_its_build() -> None:
    made = assume(HERE, Assumptions(gpus=(H100,), versions={"torch": "2.6.0+cu124"}))
    assert made.torch.cuda == "12.4"
    assert made.reasons["torch"] == "--with torch says nothing about its build"
    without = HERE.replace(packages={**HERE.packages, "torch": None})
    assert "torch" not in assume(without, Assumptions(gpus=(H100,))).reasons


def test_gpus_of_a_log_leave_its_other_facts() -> None:
    made = assume(HERE, Assumptions(gpus=()), of_this_machine=False)
    assert made == HERE.replace(gpus=(), assumed={"gpus": "--gpu"})


def test_a_gpu_that_no_table_has_is_named_in_the_reason() -> None:
    made = assume(HERE, Assumptions(gpus=(H100,), unknown_gpus=("no X1", "no X2")))
    assert made.reasons["gpus"] == "no X1; no X2"


# The run.


def test_a_run_of_which_only_options_speak_says_so() -> None:
    run = Assumptions(training={"evaluates": True})
    assert assume(Facts(), run).reasons["training"] == "no option says so"
    assert "training" not in assume(HERE, run).reasons
    assert "training" not in assume(Facts(), Assumptions(model={"dtype": "float16"})).reasons


@pytest.mark.parametrize(
    ("release", "made", "use_cache"),
    [
        ("4.57.6", Assumptions(versions={"transformers": "5.23.0"}), False),
        ("5.23.0", Assumptions(versions={"transformers": "4.57.6"}), None),
        ("5.0.0", Assumptions(training={"trainer": True}), False),
        ("4.57.6", Assumptions(training={"trainer": True}), None),
        ("5.23.0", Assumptions(model={"dtype": "float16"}), "as it was"),
        ("5.23.0", Assumptions(training={"trainer": False}), "as it was"),
        ("5.23.0", Assumptions(versions={"transformers": "main"}), "as it was"),
        ("5.23.0", Assumptions(versions={"transformers": None}), "as it was"),
    ],
)
def test_the_trainers_cache_follows_the_release_where_either_is_given(
    release: str, made: Assumptions, use_cache: Any
) -> None:
    facts = facts_for("gemma3", release, training={"use_cache": "as it was"})
    assert assume(facts, made).training.use_cache == use_cache


def test_a_loop_of_your_own_has_no_trainers_cache() -> None:
    facts = given("--with", "transformers==5.23.0", "--trainer", "loop")
    assert facts.training.use_cache == HERE.training.use_cache is not False
    assert given("--with", "transformers==5.23.0", "--trainer", "hf").training.use_cache is False


def test_a_label_that_only_ends_in_digits_names_no_cuda() -> None:
    assert not given("--with", "torch==2.6.0+cux26").torch.known("cuda")
