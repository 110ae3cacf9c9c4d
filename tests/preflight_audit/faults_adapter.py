"""Accidents with adapters, and with tokens and checkpoints beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .. import tiny
from ..preflight import runs
from . import small
from .faults_model import Change, on_taught, on_tiny
from .planted import Fault, run, trial


def lora(model: Any, **changes: Any) -> Any:
    """Return the model with a LoRA on queries and values."""
    from peft import LoraConfig, get_peft_model

    settings = {
        "r": 8,
        "lora_alpha": 16,
        "target_modules": ["q_proj", "v_proj"],
        "task_type": "CAUSAL_LM",
        **changes,
    }
    return get_peft_model(model, LoraConfig(**settings))


def _moved(model: Any, std: float = 0.1) -> Any:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=std, generator=torch.Generator().manual_seed(1))
    return model


def _merged(model: Any) -> Any:
    made = lora(model)
    made.merge_adapter()
    return made


def _merged_twice(model: Any) -> Any:
    made = _moved(lora(model, target_modules="all-linear"))
    made.merge_adapter()
    for module in made.modules():
        if hasattr(module, "merged_adapters"):
            module.merged_adapters = []
    return made


def _disabled(model: Any) -> Any:
    made = lora(model)
    made.base_model.disable_adapter_layers()
    return made


def _for_inference(model: Any) -> Any:
    made = _moved(lora(model))
    made.requires_grad_(False)
    made.peft_config["default"].inference_mode = True  # as PeftModel.from_pretrained leaves it
    return made


def _second_adapter(model: Any) -> Any:
    """Train the adapter that is not the active one."""
    from peft import LoraConfig

    made = lora(model)
    made.add_adapter("other", LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
    for name, parameter in made.named_parameters():
        parameter.requires_grad_(".other." in name)
    return made


def _half_active(model: Any) -> Any:
    """Leave the switched-off adapter trainable beside the active one."""
    made = _second_adapter(model)
    for name, parameter in made.named_parameters():
        parameter.requires_grad_("lora_" in name)
    return made


def _first_again(model: Any) -> Any:
    """Add an adapter to a trained one, and leave the trained one active."""
    from peft import LoraConfig

    made = _moved(lora(model), 0.01)
    made.add_adapter("second", LoraConfig(r=8, target_modules=["q_proj", "v_proj"]))
    return made


def _frozen_b(model: Any) -> Any:
    made = lora(model)
    for name, parameter in made.named_parameters():
        if "lora_B" in name:
            parameter.requires_grad_(False)
    return made


def _both_zero(model: Any) -> Any:
    made = lora(model)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "lora_" in name:
                parameter.zero_()
    return made


def _beside(model: Any) -> Any:
    made = lora(model)
    made.base_model.model.lm_head.weight.requires_grad_(True)
    return made


def _unfrozen(model: Any) -> Any:
    made = lora(model)
    made.requires_grad_(True)
    return made


def _half_adapter(model: Any) -> Any:
    made = lora(model)
    for name, parameter in made.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.half()
    return made


def _of_towers(name: str) -> Callable[[Any], Any]:
    def make(folder: Any) -> Any:
        from peft import LoraConfig, get_peft_model

        model = tiny.build(name)
        target = r".*vision_tower.*\.(q_proj|v_proj)"
        made = get_peft_model(model, LoraConfig(r=4, target_modules=target))
        rows = tiny.batch(name)
        rows["input_ids"][:, 0] = rows["labels"][:, 0] = runs.BOS
        return trial(made, rows)

    return make


def _one_layer(model: Any) -> Any:
    return lora(model, layers_to_transform=[0], target_modules=["q_proj"])


def _new_tokens(change: Change | None, *, grown: bool = True) -> Callable[[Any], Any]:
    def make(folder: Any) -> Any:
        model, made = small.model(), small.tokenizer()
        size = model.config.vocab_size
        made.add_tokens([*(f"<free_{at}>" for at in range(size - len(made))), "<tool>"])
        if grown:
            model.resize_token_embeddings(len(made))
        model = change(model) if change else model
        rows = small.encoded([f"{q} <tool> {a}<eos>" for q, a in small.QA], made=made)
        return run(model, folder, rows, tokenizer=made)

    return make


def _reentrant(folder: Any) -> Any:
    made = lora(tiny.build("gemma3_text"))
    options = {
        "gradient_checkpointing": True,
        "gradient_checkpointing_kwargs": {"use_reentrant": True},
    }
    made.gradient_checkpointing_enable({"use_reentrant": True})
    for module in made.modules():
        module._forward_hooks.clear()
    return trial(made, runs.text(2), args=options)


NAMES: tuple[tuple[str, Callable[[Any], Any], str, bool], ...] = (
    ("adapter merged, then trained", on_tiny(_merged), "adapter is merged", True),
    ("adapter disabled", on_tiny(_disabled), "adapter is disabled", True),
    ("adapter loaded for inference", on_tiny(_for_inference), "loaded for inference", True),
    ("adapter merged twice", on_tiny(_merged_twice), "a second time", True),
    ("another adapter active", on_tiny(_second_adapter), "not active", False),
    ("a second adapter left trainable", on_tiny(_half_active), "not active", False),
    ("first adapter trained again", on_tiny(_first_again), "new and not active", False),
    ("lora_B frozen", on_tiny(_frozen_b), "is 0 and frozen", False),
    ("lora A and B both zero", on_tiny(_both_zero), "both 0", False),
    ("lm_head trains beside LoRA", on_tiny(_beside), "beside the adapter", False),
    ("everything trains beside LoRA", on_tiny(_unfrozen), "beside the adapter", False),
    ("adapter in float16", on_tiny(_half_adapter), "trained in float16", False),
    ("alpha of 4096", on_tiny(lambda m: lora(m, lora_alpha=4096)), "scaled by", True),
    ("alpha of 0.001", on_tiny(lambda m: lora(m, lora_alpha=0.001)), "scaled by", False),
    ("lora_dropout of 0.95", on_tiny(lambda m: lora(m, lora_dropout=0.95)), "dropout", True),
    ("LoRA on one projection", on_tiny(_one_layer), "on 1 of 6 layers", False),
    ("LoRA on towers only, no images", _of_towers("gemma3"), "tower", True),
    (
        "adapter starts at random",
        on_taught(lambda m: _moved(lora(m, target_modules="all-linear"), 0.3)),
        "with the adapter and|random values",
        True,
    ),
    ("new tokens, not resized", _new_tokens(None, grown=False), "resize_token_embeddings", True),
    ("new tokens, LoRA, frozen embedding", _new_tokens(lora), "embedding is frozen", True),
    (
        "new tokens, head forgotten",
        _new_tokens(lambda m: lora(m, modules_to_save=["embed_tokens"])),
        "head",
        True,
    ),
    ("reentrant checkpoints, frozen inputs", _reentrant, "enable_input_require_grads", False),
)
FAULTS = tuple(Fault(name, make, cause, audited) for name, make, cause, audited in NAMES)
