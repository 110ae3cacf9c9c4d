"""How a log says the run was set up: arguments as Python, JSON or YAML print them, and frames."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from .readings import MENTIONED, STATED, Reader, Reading, Row

_WORDS = {"true": True, "false": False, "none": None, "null": None, "yes": True, "no": False}
# As Python, JSON and YAML write "name is value".
_IS = r"[\"']?\s?[=:]\s?[\"']?"

_SWITCHES = {
    "gradient_checkpointing": "training.gradient_checkpointing",
    "activation_checkpointing": "training.gradient_checkpointing",
    "use_reentrant": "training.use_reentrant",
    "packing": "training.packing",
    "padding_free": "training.packing",
    "assistant_only_loss": "training.assistant_only_loss",
    "use_liger_kernel": "training.use_liger_kernel",
    "torch_compile": "training.torch_compile",
    "predict_with_generate": "training.generates",
    "do_eval": "training.evaluates",
    "ddp_find_unused_parameters": "training.ddp_find_unused_parameters",
}
_ONLY_IF_ON = {"padding_free", "predict_with_generate", "do_eval"}
_NUMBERS = {
    "gradient_accumulation_steps": "training.gradient_accumulation_steps",
    "per_device_train_batch_size": "training.per_device_train_batch_size",
    "max_seq_length": "training.max_length",
    "zero_stage": "training.deepspeed_stage",
}
_ATTENTION = "eager|sdpa|flash_attention_2|flash_attention_3|flex_attention"


# A line that gives advice says how a run could be, and not how it is.
_ADVICE = re.compile(
    r"recommend|should|[Pp]lease|[Cc]onsider|instead|explicit|\b[Tt]ry\b|deprecated|incompatible|"
    r"require|not support|meanwhile"
)


def _not_advice(reader: Reader) -> Reader:
    def checked(match: re.Match[str]) -> Iterator[Reading]:
        if not _ADVICE.search(match.string):
            yield from reader(match)

    return checked


def _switch(match: re.Match[str]) -> Iterator[Reading]:
    name, value = match["name"], _WORDS.get(match["value"].lower())
    if value is not None and (value or name not in _ONLY_IF_ON):
        yield Reading(_SWITCHES[name], value, STATED)


def _number(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading(_NUMBERS[match["name"]], int(match["value"]), STATED)


def _precision(match: re.Match[str]) -> Iterator[Reading]:
    """``bf16=False`` alone says nothing: ``fp16`` may be on."""
    if _WORDS.get(match["value"].lower()):
        yield Reading("training.mixed_precision", match["name"], STATED)


def _precision_by_name(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("training.mixed_precision", match["value"], STATED)


def _bits(match: re.Match[str]) -> Iterator[Reading]:
    if _WORDS.get(match["value"].lower()):
        yield Reading("model.quantization_bits", int(match["bits"]), STATED)
        yield Reading("model.quantization", "bitsandbytes", STATED)


def _attention(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("model.attn_implementation", match["value"], STATED)


def _dtype(match: re.Match[str]) -> Iterator[Reading]:
    topic = "model.compute_dtype" if match["compute"] else "model.dtype"
    yield Reading(topic, match["value"], STATED)


def _strategy(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("training.evaluates", True, STATED)


def _always(*readings: tuple[str, Any]) -> Callable[[re.Match[str]], Iterator[Reading]]:
    """Readings that the mere presence of a text means."""

    def reader(match: re.Match[str]) -> Iterator[Reading]:
        for topic, value in readings:
            yield Reading(topic, value, MENTIONED)

    return reader


_SEP = r"[/\\]"
_ARGUMENTS: tuple[Row, ...] = (
    (rf"\b(?P<name>{'|'.join(_SWITCHES)}){_IS}(?P<value>\w+)", b"", _switch),
    (rf"\b(?P<name>{'|'.join(_NUMBERS)}){_IS}(?P<value>\d{{1,7}})\b", b"", _number),
    (rf"\b(?P<name>fp16){_IS}(?P<value>[Tt]rue)", b"fp16", _precision),
    (rf"\b(?P<name>bf16){_IS}(?P<value>[Tt]rue)", b"bf16", _precision),
    (rf"\bmixed_precision{_IS}(?P<value>bf16|fp16|no)\b", b"mixed_precision", _precision_by_name),
    (rf"\bload_in_(?P<bits>4|8)bit{_IS}(?P<value>\w+)", b"load_in_", _bits),
    (rf"\b(?:_?attn_implementation){_IS}(?P<value>{_ATTENTION})\b", b"attn_impl", _attention),
    (
        rf"\b(?P<compute>bnb_4bit_compute_)?(?:torch_)?dtype{_IS}(?:torch\.)?"
        r"(?P<value>bfloat16|float16|float32)\b",
        b"dtype",
        _dtype,
    ),
    (
        rf"\beval(?:uation)?_strategy{_IS}(?:IntervalStrategy\.)?(?P<value>steps|epoch|STEPS|EPOCH)\b",
        b"_strategy",
        _strategy,
    ),
)
_FRAMES: tuple[Row, ...] = (
    (rf"transformers{_SEP}trainer\.py", b"trainer.py", _always(("training.trainer", True))),
    (rf"trl{_SEP}trainer{_SEP}\w+\.py", b"trl", _always(("training.trainer", True))),
    (
        r"(?:line \d+, in|\.py in) (?:evaluation_loop|prediction_step|evaluate|predict)\b",
        b"in ",
        _always(("training.evaluates", True)),
    ),
    (
        rf"peft{_SEP}peft_model\.py\W+(?:line \d+, )?in (?!<module>)|"
        r"Trainable parameters =|trainable params: ",
        b"",
        _always(("training.peft", True)),
    ),
    (r"Switching to float32 training", b"Switching", _always(("training.mixed_precision", "no"))),
    (
        rf"trl{_SEP}trainer{_SEP}(?:grpo|rloo|online_dpo|ppo)_trainer\.py",
        b"_trainer.py",
        _always(("training.generates", True)),
    ),
)
SETTINGS: tuple[Row, ...] = (
    *((text, needs, _not_advice(reader)) for text, needs, reader in _ARGUMENTS),
    *_FRAMES,
)
