"""Training facts from mappings, files and the launcher's environment."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from gemma_compat.detect.training import read_training
from gemma_compat.errors import UsageError
from gemma_compat.facts import Package

TF4 = Package(name="transformers", version="4.57.6")
TF5 = Package(name="transformers", version="5.23.0")
UNKNOWN = "unknown"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in (
        "ACCELERATE_MIXED_PRECISION",
        "ACCELERATE_USE_DEEPSPEED",
        "ACCELERATE_USE_FSDP",
        "ACCELERATE_DEEPSPEED_ZERO_STAGE",
        "FSDP_ACTIVATION_CHECKPOINTING",
        "WORLD_SIZE",
    ):
        monkeypatch.delenv(name, raising=False)


def fact(name, args, transformers=TF5):
    return read_training(args, transformers)[0].get(name, UNKNOWN)


CASES = [
    ("trainer", {}, UNKNOWN),
    ("trainer", {"packing": True, "bf16": True}, UNKNOWN),
    ("trainer", {"packing": True, "output_dir": "out"}, True),
    ("trainer", {"gradient_accumulation_steps": 4}, True),
    ("mixed_precision", {"bf16": True}, "bf16"),
    ("mixed_precision", {"bf16": "true", "fp16": None}, "bf16"),
    ("mixed_precision", {"bf16": False, "fp16": True}, "fp16"),
    ("mixed_precision", {"bf16": False}, "no"),
    ("mixed_precision", {"fp16": False}, UNKNOWN),
    ("mixed_precision", {}, UNKNOWN),
    ("gradient_checkpointing", {"gradient_checkpointing": True}, True),
    ("gradient_checkpointing", {"activation_checkpointing": True}, True),
    (
        "gradient_checkpointing",
        {"activation_checkpointing": None, "gradient_checkpointing": False},
        False,
    ),
    ("gradient_checkpointing", {}, UNKNOWN),
    ("use_reentrant", {"gradient_checkpointing_kwargs": {"use_reentrant": False}}, False),
    ("use_reentrant", {"activation_checkpointing_kwargs": {"use_reentrant": True}}, True),
    ("use_reentrant", {"gradient_checkpointing_kwargs": '{"use_reentrant": "false"}'}, False),
    ("use_reentrant", {"gradient_checkpointing_kwargs": {}}, None),
    ("use_reentrant", {}, None),
    ("gradient_accumulation_steps", {"gradient_accumulation_steps": 8}, 8),
    ("gradient_accumulation_steps", {}, 1),
    ("evaluates", {"eval_strategy": "steps"}, True),
    ("evaluates", {"evaluation_strategy": "epoch"}, True),
    ("evaluates", {"eval_strategy": "no"}, UNKNOWN),
    ("evaluates", {"eval_strategy": False}, UNKNOWN),
    ("evaluates", {"eval_strategy": "no", "do_eval": True}, True),
    ("evaluates", {"do_predict": True}, True),
    ("gathers_outputs", {"prediction_loss_only": True, "do_predict": True}, False),
    ("gathers_outputs", {"do_predict": True}, True),
    ("gathers_outputs", {"prediction_loss_only": False}, UNKNOWN),
    ("use_cache", {"use_cache": True}, True),
    ("use_cache", {}, False),
    ("passes_cache", {}, UNKNOWN),
    ("distributed", {}, UNKNOWN),
    ("distributed", {"deepspeed": {}}, UNKNOWN),
    ("distributed", {"deepspeed": {"zero_optimization": {"stage": 2}}}, "deepspeed"),
    ("distributed", {"deepspeed": "no/such/file.json"}, "deepspeed"),
    ("distributed", {"fsdp": "full_shard auto_wrap"}, "fsdp"),
    ("distributed", {"fsdp": ["full_shard"]}, "fsdp"),
    ("distributed", {"fsdp": "", "fsdp_config": {"activation_checkpointing": True}}, UNKNOWN),
    ("deepspeed_stage", {}, None),
    ("deepspeed_stage", {"deepspeed": {"zero_optimization": {"stage": 3}}}, 3),
    ("deepspeed_stage", {"deepspeed": {"train_batch_size": "auto"}}, 0),
    ("deepspeed_stage", {"deepspeed": "no/such/file.json"}, UNKNOWN),
    ("external_checkpointing", {}, False),
    (
        "external_checkpointing",
        {"fsdp": "", "fsdp_config": {"activation_checkpointing": True}},
        False,
    ),
    ("external_checkpointing", {"fsdp": "full_shard"}, False),
    (
        "external_checkpointing",
        {"fsdp": True, "fsdp_config": {"activation_checkpointing": "true"}},
        True,
    ),
]


@pytest.mark.parametrize(("name", "args", "expected"), CASES)
def test_facts_of_a_mapping(name, args, expected):
    assert fact(name, args) == expected


def test_an_argument_that_nobody_knows_is_fine():
    assert fact("mixed_precision", {"bf16": True, "some_new_argument": object()}) == "bf16"


def test_every_unknown_has_a_reason():
    facts, reasons = read_training({}, None)
    unknown = {f"training.{name}" for name in facts.field_names() if not facts.known(name)}
    assert unknown == set(reasons)
    assert reasons["training.evaluates"] == "evaluate() may still be called"


def test_use_cache_came_with_transformers_5():
    assert fact("use_cache", {}, TF4) is None
    assert fact("use_cache", {}, None) == UNKNOWN
    assert fact("use_cache", {}, Package(name="transformers", version="5.0.0rc1")) is False


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"bf16": "maybe"}, "bf16 must be true or false, not 'maybe'"),
        ({"bf16": 1}, "bf16 must be true or false, not 1"),
        ({"fp16": []}, "fp16 must be true or false, not a list"),
        ({"gradient_checkpointing": "unsloth"}, "gradient_checkpointing must be true or false"),
        ({"gradient_checkpointing_kwargs": [1]}, "gradient_checkpointing_kwargs must be an object"),
        (
            {"gradient_checkpointing_kwargs": "{"},
            "gradient_checkpointing_kwargs must be a JSON object",
        ),
        (
            {"gradient_accumulation_steps": "4"},
            "gradient_accumulation_steps must be a whole number",
        ),
        ({"gradient_accumulation_steps": 0}, "one or more, not 0"),
        ({"eval_strategy": "often"}, "eval_strategy must be no, steps or epoch, not 'often'"),
        ({"eval_strategy": ["steps"]}, "eval_strategy must be"),
        ({"deepspeed": 3}, "deepspeed must be an object"),
        ({"deepspeed": {"zero_optimization": {"stage": "3"}}}, "zero_optimization.stage must be"),
        ({"deepspeed": {"zero_optimization": 3}}, "zero_optimization must be an object"),
        ({"fsdp": 1.5}, "fsdp must be text"),
        (
            {"fsdp": True, "fsdp_config": {"fsdp_activation_checkpointing": 1}},
            "fsdp_activation_checkpointing must be true or false",
        ),
        ({"use_cache": "off"}, "use_cache must be true or false"),
    ],
)
def test_values_that_no_run_can_have(args, message):
    with pytest.raises(UsageError) as caught:
        read_training(args, TF5)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_odd_value_in_a_live_object_is_an_unknown():
    args = SimpleNamespace(bf16=True, gradient_checkpointing="unsloth")
    facts, reasons = read_training(args)
    assert facts.mixed_precision == "bf16"
    assert not facts.known("gradient_checkpointing")
    assert "unsloth" in reasons["training.gradient_checkpointing"]


def test_a_file_of_arguments(tmp_path):
    file = tmp_path / "training_args.json"
    file.write_text(json.dumps({"bf16": True, "learning_rate": 2e-4}))
    assert fact("mixed_precision", file) == "bf16"
    assert fact("mixed_precision", str(file)) == "bf16"
    file.write_text('{"bf16": "maybe"}')
    with pytest.raises(UsageError, match=r"training_args\.json: bf16"):
        read_training(file)
    file.write_text("nonsense")
    with pytest.raises(UsageError, match=r"training_args\.json: not a JSON file"):
        read_training(file)
    with pytest.raises(UsageError, match="No such file"):
        read_training(tmp_path / "none.json")
    with pytest.raises(UsageError, match="irectory"):
        read_training(tmp_path)


def test_a_deepspeed_file(tmp_path):
    file = tmp_path / "zero3.json"
    file.write_text(json.dumps({"zero_optimization": {"stage": 3}}))
    assert fact("deepspeed_stage", {"deepspeed": str(file)}) == 3


def test_something_that_is_no_arguments():
    for thing in (3, object(), [1]):
        with pytest.raises(UsageError, match="args are TrainingArguments"):
            read_training(thing)


def test_the_launcher_decides_where_the_arguments_do_not(monkeypatch):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    assert fact("mixed_precision", {}) == "bf16"
    assert fact("mixed_precision", {"bf16": False, "fp16": True}) == "fp16"
    assert fact("mixed_precision", None) == "bf16"
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "fp8")
    assert fact("mixed_precision", {"bf16": False}) == UNKNOWN
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")
    assert fact("mixed_precision", {"bf16": False}) == "no"
    assert fact("mixed_precision", None) == UNKNOWN


def test_the_launcher_of_fsdp_and_deepspeed(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert fact("distributed", {}) == "ddp"
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    assert fact("distributed", {}) == "fsdp"
    assert fact("external_checkpointing", {}) is False
    monkeypatch.setenv("FSDP_ACTIVATION_CHECKPOINTING", "true")
    assert fact("external_checkpointing", {}) is True
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
    assert fact("distributed", {}) == "deepspeed"
    assert fact("deepspeed_stage", {}) == UNKNOWN
    monkeypatch.setenv("ACCELERATE_DEEPSPEED_ZERO_STAGE", "3")
    assert fact("deepspeed_stage", {}) == 3


def test_no_arguments():
    facts, reasons = read_training(None)
    assert facts.to_dict() == {}
    assert reasons == {"training": "no training arguments were given"}
