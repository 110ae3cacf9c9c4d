"""The lines that ``advise --tune`` proposes make real arguments of this release, as they stand."""

from __future__ import annotations

import importlib.metadata
import json
from typing import Any

import pytest

from gemma_compat._cli import main

pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
peft = pytest.importorskip("peft")

NAMES = ("gemma-2-9b", "gemma-3-1b-it", "gemma-3-4b-it", "gemma-4-12B-it", "embeddinggemma-300m")


class Loaded:
    """Stands for the classes that would load weights; notes how they were called."""

    called: dict[str, Any] = {}

    @classmethod
    def from_pretrained(cls, name: str, **options: Any) -> str:
        cls.called = options
        return name


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the lines name, on a machine with bitsandbytes and a GPU that computes in bfloat16."""
    real = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "0.50.2" if "bits" in name else real(name)
    )
    for where in ("is_torch_bf16_gpu_available", "is_torch_bf16_available_on_device"):
        if hasattr(transformers.training_args, where):
            monkeypatch.setattr(transformers.training_args, where, lambda *_: True)
    found = {name: getattr(transformers, name) for name in ("TrainingArguments",)}
    found |= {"BitsAndBytesConfig": transformers.BitsAndBytesConfig, "LoraConfig": peft.LoraConfig}
    return found | {"AutoModelForCausalLM": Loaded, "AutoModel": Loaded}


@pytest.mark.parametrize("card", ["T4", "RTX 4090", "MI300X"])
@pytest.mark.parametrize("name", NAMES)
def test_pasted_lines_make_the_objects(
    name: str, card: str, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    release = f"transformers=={transformers.__version__}"
    command = ["advise", "--tune", "--model", f"google/{name}", "--gpu", card, "--with", release]
    assert main([*command, "--format", "json"]) in {0, 1}
    found = json.loads(capsys.readouterr().out)
    if not found["fits"]:
        return
    made = dict(names)
    made["gemma_compat"] = type("Patching", (), {"patch": staticmethod(lambda *_, **__: None)})
    exec(found["snippets"]["Python"], made)  # noqa: S102
    steps = made["args"].gradient_accumulation_steps * made["args"].per_device_train_batch_size
    assert steps >= 16
    assert ("quantization_config" in Loaded.called) == ("quantization" in made)
