"""Adapter facts: from a directory, a mapping, a configuration, and what a live model carries."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gemma_compat.detect import detect_facts
from gemma_compat.detect.adapter import read_adapter
from gemma_compat.errors import UsageError
from gemma_compat.live.snapshot import Snapshot

LORA = {"peft_type": "LORA", "target_modules": ["v_proj", "q_proj"], "modules_to_save": None}


def saved(folder: Path, config: dict[str, Any], *names: str) -> Path:
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    text = json.dumps({"__metadata__": {}, **dict.fromkeys(names, entry)}).encode()
    data = len(text).to_bytes(8, "little") + text
    (folder / "adapter_model.safetensors").write_bytes(data)
    return folder


def test_a_directory(tmp_path: Path) -> None:
    name = "base_model.model.model.layers.{}.self_attn.q_proj.lora_A.weight"
    folder = saved(tmp_path, {**LORA, "peft_version": "0.21.2"}, name.format(0), name.format(11))
    facts, reasons = read_adapter(folder)
    assert facts.peft_type == "LORA" and facts.target_modules == ("q_proj", "v_proj")
    assert facts.names == (name.format("*"),) and facts.peft_version == "0.21.2"
    assert not facts.trains_embeddings and facts.modules_to_save == () and not reasons
    assert read_adapter(folder / "adapter_config.json")[0] == facts
    assert read_adapter(None, folder)[0] == facts


def test_weights_that_are_missing_or_broken_leave_the_rest(tmp_path: Path) -> None:
    folder = saved(tmp_path, LORA)
    (folder / "adapter_model.safetensors").write_bytes(b"PK")
    facts, reasons = read_adapter(folder)
    assert not facts.known("names") and "not a safetensors file" in reasons["adapter.names"]
    assert facts.peft_version is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"target_modules": ["q_proj", "model.embed_tokens"]}, True),
        ({"modules_to_save": ["lm_head"]}, True),
        ({"trainable_token_indices": [5]}, True),
        ({"target_modules": "all-linear"}, False),
        ({"target_modules": None}, False),
        ({"target_modules": r".*q_proj"}, None),
        ({"exclude_modules": "vision"}, None),
    ],
)
def test_embeddings(changes: dict[str, Any], expected: bool | None) -> None:
    assert read_adapter(LORA | changes)[0].get("trains_embeddings") is expected


def test_a_configuration_object_and_a_live_model() -> None:
    config = SimpleNamespace(peft_type=SimpleNamespace(value="LORA"), target_modules={"b", "a"})
    facts, _ = read_adapter(config)
    assert facts.peft_type == "LORA" and facts.target_modules == ("a", "b")
    assert facts.names == ()
    model = SimpleNamespace(named_modules=list, peft_config={"default": config})
    carried, reasons = read_adapter(None, Snapshot(model))
    assert carried.target_modules == ("a", "b") and not carried.known("names")
    assert "loaded from" in reasons["adapter.names"]
    bare = SimpleNamespace(named_modules=list)
    assert "carries none" in read_adapter(None, Snapshot(bare))[1]["adapter"]


def test_what_is_given_is_meant_to_be_trained() -> None:
    facts = detect_facts({"model_type": "gemma3"}, adapter=LORA)
    assert facts.training.peft and facts.adapter.target_modules == ("q_proj", "v_proj")
    assert not detect_facts({"model_type": "gemma3"}).training.known("peft")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("no/such/folder", "has no adapter_config.json"),
        (7, "not int"),
        ({"peft_type": "LORA", "target_modules": 7}, "target_modules is a int"),
        ({"peft_type": "LORA", "target_modules": [7]}, "not a name"),
    ],
)
def test_bad_input_is_one_line(given: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_adapter(given)
