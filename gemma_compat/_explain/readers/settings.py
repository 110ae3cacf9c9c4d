"""Read how the run was set up, from arguments in Python, JSON, YAML or a command line.

Frames of the traceback state something too: an evaluation, a trainer, an adapter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .base import MENTIONED, STATED, Reader, Reading, always
from .precision import PRECISION
from .saying import IS, SWITCH, of_the_run

_SWITCHES = {
    "gradient_checkpointing": "training.gradient_checkpointing",
    "activation_checkpointing": "training.gradient_checkpointing",
    "enable_activation_checkpointing": "training.gradient_checkpointing",
    "use_reentrant": "training.use_reentrant",
    "packing": "training.packing",
    "sample_packing": "training.packing",
    "padding_free": "training.packing",
    "assistant_only_loss": "training.assistant_only_loss",
    "use_liger_kernel": "training.use_liger_kernel",
    "enable_liger_kernel": "training.use_liger_kernel",
    "torch_compile": "training.torch_compile",
    "predict_with_generate": "training.generates",
    "do_predict": "training.evaluates",
    "do_eval": "training.evaluates",
    "ddp_find_unused_parameters": "training.ddp_find_unused_parameters",
}
_ONLY_IF_ON = {"padding_free", "sample_packing", "predict_with_generate", "do_eval", "do_predict"}
_NUMBERS = {
    "gradient_accumulation_steps": "training.gradient_accumulation_steps",
    "per_device_train_batch_size": "training.per_device_train_batch_size",
    "micro_batch_size": "training.per_device_train_batch_size",
    "max_seq_length": "training.max_length",
    "max_length": "training.max_length",
    "cutoff_len": "training.max_length",
    "sequence_len": "training.max_length",
}
_ATTENTIONS = {
    "flash_attn": "flash_attention_2",
    "fa2": "flash_attention_2",
    "fa3": "flash_attention_3",
}
_ATTENTION = "eager|sdpa|flash_attention_2|flash_attention_3|flex_attention|flash_attn|fa2|fa3"
_SWITCHED = {
    "flash": "flash_attention_2",
    "sdp": "sdpa",
    "eager": "eager",
    "flex": "flex_attention",
}
_METHODS = {"full": False, "lora": True, "qlora": True, "dora": True, "freeze": False}


def _either(names: Iterable[str]) -> str:
    """Return an expression for these options; a command line may have hyphens in them."""
    return "|".join(name.replace("_", "[-_]") for name in names)


def _named(match: re.Match[str]) -> str:
    return match["name"].lower().replace("-", "_")


def _flag(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading(_SWITCHES[_named(match)], not match["no"], STATED)


def _switch(match: re.Match[str]) -> Iterator[Reading]:
    name, value = _named(match), SWITCH.get(match["value"].lower())
    if match["value"] in {"on", "off"} and not re.search(r"[=:]", match[0]):
        return  # "packing on Windows"
    if value is not None and (value or name not in _ONLY_IF_ON):
        yield Reading(_SWITCHES[name], value, STATED)


def _number(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading(_NUMBERS[_named(match)], int(match["value"]), STATED)


def _batch(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("training.per_device_train_batch_size", int(match["batch"]), STATED)
    yield Reading("training.gradient_accumulation_steps", int(match["steps"]), STATED)


def _attention(match: re.Match[str]) -> Iterator[Reading]:
    name = match["value"]
    yield Reading("model.attn_implementation", _ATTENTIONS.get(name, name), STATED)


def _strategy(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("training.evaluates", True, STATED)


def _method(match: re.Match[str]) -> Iterator[Reading]:
    """Read LLaMA-Factory's ``finetuning_type``, axolotl's ``adapter``, ms-swift's
    ``train_type``.
    """
    name = match["value"].lower()
    if name in _METHODS:
        yield Reading("training.peft", _METHODS[name], STATED)
    if name == "qlora":
        yield Reading("model.quantization_bits", 4, MENTIONED)
        yield Reading("model.quantization", "bitsandbytes", MENTIONED)


_PEFT_CONFIGS = {
    "PrefixTuning": "PREFIX_TUNING",
    "PromptTuning": "PROMPT_TUNING",
    "PromptEncoder": "P_TUNING",
    "IA3": "IA3",
    "Lora": "LORA",
}
_PEFT_TYPES = {*_PEFT_CONFIGS.values(), "ADALORA", "LOHA", "LOKR", "OFT", "VERA"}


def _peft_type(match: re.Match[str]) -> Iterator[Reading]:
    name = _PEFT_CONFIGS.get(match["name"] or "", match["type"])
    if name in _PEFT_TYPES:
        yield Reading("model.peft", name, STATED)
        yield Reading("training.peft", True, STATED)


def _targets(match: re.Match[str]) -> Iterator[Reading]:
    text = match["value"].strip("\"'")
    if text in {"all-linear", "all_linear", "all"}:
        yield Reading("adapter.target_modules", "all-linear", STATED)


_ARGUMENTS: tuple[Reader, ...] = (
    Reader(
        rf"\b(?P<name>{_either(_SWITCHES)}){IS}(?P<value>\w+)",
        _switch,
        {
            "gradient_checkpointing: true": {"training.gradient_checkpointing": True},
            "{'use_reentrant': False}": {"training.use_reentrant": False},
            "packing=True": {"training.packing": True},
            "--packing True": {"training.packing": True},
            "padding_free=False": {"training.packing": ...},
            "sample_packing on Windows": {"training.packing": ...},
            "gradient_checkpointing: on": {"training.gradient_checkpointing": True},
            "packing=False makes it work": {"training.packing": ...},
            "packing=False solved it": {"training.packing": ...},
            "The docs say packing=True": {"training.packing": ...},
        },
    ),
    Reader(
        rf"--(?P<no>no[-_])?(?P<name>{_either(_SWITCHES)})(?= *(?:\\?$|\\ ?\s|--))",
        _flag,
        {
            "x.py --gradient-checkpointing --packing": {
                "training.gradient_checkpointing": True,
                "training.packing": True,
            },
            "--no-gradient-checkpointing": {"training.gradient_checkpointing": False},
            "--gradient_checkpointing \\": {"training.gradient_checkpointing": True},
            "--gradient_checkpointing --bf16": {"training.gradient_checkpointing": True},
            "--gradient_checkpointing false": {"training.gradient_checkpointing": ...},
        },
    ),
    Reader(
        rf"\b(?P<name>{_either(_NUMBERS)}){IS}(?P<value>\d{{1,7}})\b",
        _number,
        {
            "gradient_accumulation_steps=8": {"training.gradient_accumulation_steps": 8},
            "--per_device_train_batch_size 1 --gradient_accumulation_steps 16": {
                "training.per_device_train_batch_size": 1,
                "training.gradient_accumulation_steps": 16,
            },
            "cutoff_len: 2048": {"training.max_length": 2048},
        },
    ),
    Reader(
        r"Batch size per device = (?P<batch>\d+) \| "
        r"Gradient [Aa]ccumulation steps = (?P<steps>\d+)",
        _batch,
        {
            "O^O/    Batch size per device = 1 | Gradient accumulation steps = 8": {
                "training.per_device_train_batch_size": 1,
                "training.gradient_accumulation_steps": 8,
            }
        },
    ),
    Reader(
        r"\.gradient_checkpointing_enable\(",
        always(("training.gradient_checkpointing", True)),
        {"model.gradient_checkpointing_enable()": {"training.gradient_checkpointing": True}},
    ),
    Reader(
        r"[(,]\s*past_key_values ?= ?(?:Dynamic|Static|Hybrid)Cache\(",
        always(("training.passes_cache", True)),
        {
            "out = model(**batch, past_key_values=DynamicCache())": {"training.passes_cache": True},
            "past_key_values = DynamicCache()": {"training.passes_cache": ...},
        },
    ),
    Reader(  # axolotl
        r"^\s*(?P<which>flash|sdp|eager|flex)_attention: +[Tt]rue\b",
        lambda match: iter(
            [Reading("model.attn_implementation", _SWITCHED[match["which"]], STATED)]
        ),
        {
            "flash_attention: true": {"model.attn_implementation": "flash_attention_2"},
            "sdp_attention: true": {"model.attn_implementation": "sdpa"},
            "eager_attention:": {"model.attn_implementation": ...},
        },
    ),
    Reader(
        rf"\b(?:_?attn_impl(?:ementation)?|flash_attn){IS}(?P<value>{_ATTENTION})\b",
        _attention,
        {
            "attn_implementation='sdpa'": {"model.attn_implementation": "sdpa"},
            "--attn_impl flash_attn": {"model.attn_implementation": "flash_attention_2"},
            "attn_implementation='/home/ada/kernel'": {"model.attn_implementation": ...},
        },
    ),
    Reader(
        rf"\beval(?:uation)?_strategy{IS}(?:IntervalStrategy\.)?"
        r"(?P<value>steps|epoch|STEPS|EPOCH)\b",
        _strategy,
        {
            "eval_strategy='steps'": {"training.evaluates": True},
            "eval_strategy='no'": {"training.evaluates": ...},
        },
    ),
    Reader(
        rf"(?:\b(?:finetuning_type|train_type|tuner_type)|(?<![\w.])adapter){IS}"
        r"(?P<value>full|q?lora|dora|freeze)\b",
        _method,
        {
            "finetuning_type: full": {"training.peft": False},
            '"adapter": "qlora",': {"training.peft": True, "model.quantization_bits": 4},
            "--tuner_type lora": {"training.peft": True},
        },
    ),
    Reader(
        r"\bLoraConfig\(|\bget_peft_model\(|--use_peft\b|\bpeft_config ?=|"
        r"\buse_lora[\"']?\s?[:= ]\s?(?i:true)\b|\blora_r(?:ank)?[\"']?\s?[:= ]\s?[1-9]",
        always(("training.peft", True)),
        {"peft_config=LoraConfig(r=8)": {"training.peft": True}},
    ),
    Reader(
        r"\b(?P<name>PrefixTuning|PromptTuning|PromptEncoder|IA3|Lora)Config\(|"
        r"\bpeft_type[\"']?\s?[:=]\s?[\"']?(?:PeftType\.)?(?P<type>[A-Z][A-Z0-9_]{2,30})",
        _peft_type,
        {
            "PromptEncoderConfig(num_virtual_tokens=20)": {"model.peft": "P_TUNING"},
            '"peft_type": "PREFIX_TUNING",': {"model.peft": "PREFIX_TUNING"},
        },
    ),
    Reader(
        r"\bfull_finetuning ?= ?True",
        always(("training.peft", False), strength=STATED),
        {"full_finetuning = True": {"training.peft": False}},
    ),
    Reader(
        rf"\b(?:target_modules|lora_target){IS}(?P<value>[\w-]{{2,40}})",
        _targets,
        {
            "--target_modules all-linear": {"adapter.target_modules": "all-linear"},
            "lora_target: all": {"adapter.target_modules": "all-linear"},
        },
    ),
)
SETTINGS: tuple[Reader, ...] = (
    *(item.replace(read=of_the_run(item.read)) for item in _ARGUMENTS),
    *PRECISION,
)
