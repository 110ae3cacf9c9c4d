"""A YAML file of axolotl or LLaMA-Factory, read as training arguments, adapter and model.

Only what decides about a run is read: scalars at the top, lists of scalars, and one level of
nesting. Everything else of YAML (anchors, flow mappings, block texts) is passed over.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .. import _files
from ..errors import UsageError

_LIMIT = 1 << 20
_DIGITS = 40  # no run states a longer number
_LINE = re.compile(r"(?P<indent>\s*)(?P<dash>-\s+)?(?:(?P<key>[\w.-]+)\s*:(?:\s+|$))?(?P<value>.*)")
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NULLS = {"", "null", "~", "none"}


@dataclass
class Run:
    """What such a file says.

    Attributes:
        kind: ``axolotl``, ``LLaMA-Factory`` or ``transformers``.
        arguments: fields of ``TrainingArguments`` and TRL's ``SFTConfig``.
        adapter: fields of a ``LoraConfig``; empty for full training.
        model: name or path of the model, if stated.
        bits: 4 or 8 if quantized.
        attention: ``attn_implementation`` if stated.
        full: whether all weights are trained.
        stated: every name at the top of the file.
    """

    kind: str
    arguments: dict[str, Any] = field(default_factory=dict)
    adapter: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    bits: int | None = None
    attention: str | None = None
    full: bool = False
    stated: tuple[str, ...] = ()


def read_run(path: str) -> Run:
    """Return the run of a YAML file.

    Raises:
        UsageError: a file that cannot be read or holds no mapping.
    """
    try:
        text = _files.read_bytes(path, _LIMIT).decode("utf-8-sig", "replace")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    values = read_yaml(text)
    if not values:
        raise UsageError(f"{path}: holds no mapping of names to values")
    if "base_model" in values or "micro_batch_size" in values:
        run = _axolotl(values)
    elif "finetuning_type" in values or "cutoff_len" in values:
        run = _llama_factory(values)
    else:
        run = Run("transformers", dict(values))
    return replace(run, stated=tuple(values))


def read_yaml(text: str) -> dict[str, Any]:
    """Parse scalars, lists of scalars and one level of nesting."""
    found: dict[str, Any] = {}
    key: str | None = None
    for raw in text.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).rstrip()
        match = _LINE.fullmatch(line)
        if not line or line.startswith(("---", "...")) or match is None:
            continue
        if not match["indent"] and not match["dash"]:
            key = match["key"]
            if key is not None:
                found[key] = _scalar(match["value"])
        elif key is not None:
            found[key] = _nested(found[key], match)
    return found


def _nested(value: Any, match: re.Match[str]) -> Any:
    """Return the value of a key with one more line below it."""
    if match["dash"]:
        items = value if isinstance(value, list) else []
        if match["key"] is None:
            items.append(_scalar(match["value"]))
        return items
    inner = value if isinstance(value, dict) else {} if value is None else value
    if isinstance(inner, dict) and match["key"] is not None:
        inner[match["key"]] = _scalar(match["value"])
    return inner


def _scalar(text: str) -> Any:
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        return [_plain(item.strip()) for item in text[1:-1].split(",") if item.strip()]
    return _plain(text)


def _plain(text: str) -> Any:
    """Return the value of a scalar; a list inside a list stays text."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if text.lower() in _NULLS:
        return None
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    return _number(text)


def _number(text: str) -> Any:
    """Return the number that the text states, else the text. YAML writes ``.nan`` and ``.inf``."""
    for kind in (int, float):
        try:
            value = kind(text) if len(text) <= _DIGITS else text
        except ValueError:
            continue
        return text if isinstance(value, float) and not math.isfinite(value) else value
    return text


_SHARED = (
    "gradient_accumulation_steps",
    "gradient_checkpointing",
    "gradient_checkpointing_kwargs",
    "learning_rate",
    "lr_scheduler_type",
    "max_grad_norm",
    "warmup_ratio",
    "weight_decay",
    "torch_compile",
    "deepspeed",
    "fsdp",
    "fsdp_config",
    "output_dir",
    "seed",
    "tf32",
)

# What is read of a file of each tool, and the tool's names that resemble one of these.
_OF_AXOLOTL = """
adapter attn_implementation base_model bf16 eager_attention eval_sequence_len flash_attention
flex_attention fp16 liger_fused_linear_cross_entropy load_in_4bit load_in_8bit lora_alpha
lora_modules_to_save lora_r lora_target_linear lora_target_modules micro_batch_size optimizer
sample_packing sdp_attention sequence_len xformers_attention
"""
_OF_LLAMA_FACTORY = """
adapter_name_or_path additional_target bf16 cutoff_len disable_gradient_checkpointing
enable_liger_kernel finetuning_type flash_attn fp16 lora_alpha lora_rank lora_target
model_name_or_path optim packing per_device_eval_batch_size per_device_train_batch_size pure_bf16
quantization_bit
"""
NAMES_READ = {
    "axolotl": frozenset({*_SHARED, *_OF_AXOLOTL.split()}),
    "LLaMA-Factory": frozenset({*_SHARED, *_OF_LLAMA_FACTORY.split()}),
}


def _axolotl(values: Mapping[str, Any]) -> Run:
    run = Run("axolotl", _taken(values, _SHARED), model=_text(values.get("base_model")))
    _put(run.arguments, "per_device_train_batch_size", values.get("micro_batch_size"))
    _put(run.arguments, "max_length", values.get("sequence_len"))
    _put(run.arguments, "packing", values.get("sample_packing"))
    _put(run.arguments, "optim", values.get("optimizer"))
    for name in ("bf16", "fp16"):
        value = values.get(name)
        if value is not None:
            run.arguments[name] = value is not False
    if isinstance(run.arguments.get("gradient_checkpointing"), str):  # "offload", "unsloth"
        run.arguments["gradient_checkpointing"] = True
    if values.get("liger_fused_linear_cross_entropy"):
        run.arguments["use_liger_kernel"] = True
    run.bits = 4 if values.get("load_in_4bit") else 8 if values.get("load_in_8bit") else None
    run.attention = _text(values.get("attn_implementation"))
    for name, attention in (
        ("flash_attention", "flash_attention_2"),
        ("sdp_attention", "sdpa"),
        ("flex_attention", "flex_attention"),
        ("eager_attention", "eager"),
    ):
        if values.get(name):
            run.attention = attention
    kind = values.get("adapter")
    run.full = not kind
    if kind:
        targets = values.get("lora_target_modules")
        every = values.get("lora_target_linear")
        run.adapter = _lora(values.get("lora_r"), "all-linear" if every else targets)
        _put(run.adapter, "modules_to_save", values.get("lora_modules_to_save"))
    return run


_FLASH = {"fa2": "flash_attention_2", "fa3": "flash_attention_3", "sdpa": "sdpa"}


def _llama_factory(values: Mapping[str, Any]) -> Run:
    names = (*_SHARED, "per_device_train_batch_size", "optim", "packing")
    run = Run("LLaMA-Factory", _taken(values, names), model=_text(values.get("model_name_or_path")))
    _put(run.arguments, "max_length", values.get("cutoff_len"))
    for name in ("bf16", "fp16"):
        _put(run.arguments, name, values.get(name))
    if values.get("pure_bf16"):
        run.arguments["bf16"] = False
    run.arguments["gradient_checkpointing"] = not values.get("disable_gradient_checkpointing")
    if values.get("enable_liger_kernel"):
        run.arguments["use_liger_kernel"] = True
    bits = values.get("quantization_bit")
    run.bits = bits if bits in (4, 8) else None
    run.attention = _FLASH.get(str(values.get("flash_attn")))
    kind = values.get("finetuning_type", "lora")
    run.full = kind == "full"
    if kind == "lora":
        targets = values.get("lora_target", "all")
        if isinstance(targets, str):
            parts = [item.strip() for item in targets.split(",")]
            targets = "all-linear" if targets == "all" else parts
        run.adapter = _lora(values.get("lora_rank", 8), targets)
        _put(run.adapter, "modules_to_save", values.get("additional_target"))
    return run


def _taken(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names if values.get(name) is not None}


def _put(where: dict[str, Any], name: str, value: Any) -> None:
    if value is not None:
        where[name] = value


def _lora(rank: Any, targets: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"peft_type": "LORA"}
    _put(found, "r", rank)
    _put(found, "target_modules", targets)
    return found


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
