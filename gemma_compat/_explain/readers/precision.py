"""Read the precision of a run: of training, of the weights, of what is quantized."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import MENTIONED, STATED, Reader, Reading, always
from .saying import IS, SWITCH, of_the_run


def _precision(match: re.Match[str]) -> Iterator[Reading]:
    """Read ``bf16`` or ``fp16`` if it is true. ``bf16=False`` alone says nothing: ``fp16`` may be
    on.
    """
    if SWITCH.get((match["value"] or "true").lower()):
        yield Reading("training.mixed_precision", match["name"].lower(), STATED)


def _precision_by_name(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("training.mixed_precision", match["value"], STATED)


_DTYPES = {"fp16": "float16", "bf16": "bfloat16"}
_LIGHTNING = {"16": "fp16", "bf16": "bf16"}


def _told(match: re.Match[str]) -> Iterator[Reading]:
    """Read what a person says of the precision: "I train with fp16"; no question and no denial."""
    line = match.string
    named = {name.lower() for name in re.findall(r"(?i)\b[fb][fp]16\b|\bfp32\b", line)}
    if len(named) > 1 or re.search(r"[?？]|n't\b|\b(?:not|never|no|cannot|want)\b", line):
        return
    if match["lora"] and re.search(r"(?i)\bsav|\bmerg|\bexport|\bconvert|\badapter", line):
        return  # the dtype of a file
    name = (match["value"] or match["stated"] or match["chinese"]).lower()
    if match["loads"]:
        yield Reading("model.dtype", _DTYPES[name], MENTIONED)
    else:
        yield Reading("training.mixed_precision", name, MENTIONED)


def _bits(match: re.Match[str]) -> Iterator[Reading]:
    if SWITCH.get((match["value"] or "true").lower()):
        yield Reading("model.quantization_bits", int(match["bits"] or match["of_factory"]), STATED)
        yield Reading("model.quantization", "bitsandbytes", STATED)


# In front of ``dtype=``: a tensor, or a call that makes one, has it and not the model.
_TENSOR = re.compile(
    r"(?:[Tt]ensor|[Aa]rray|zeros\w*|ones\w*|empty\w*|full\w*|rand\w*|arange|linspace|eye|Parameter|"
    r"finfo|\.to|softmax|autocast|\.sum|\.mean|astype)\(|^\W*device=\S+ $|^\s*$"
)


def _dtype(match: re.Match[str]) -> Iterator[Reading]:
    is_bare = match[0].startswith("dtype=") and not match["compute"]
    if is_bare and _TENSOR.search(match.string[: match.start()]) and ")" in match.string:
        return
    topic = "model.compute_dtype" if match["compute"] else "model.dtype"
    yield Reading(topic, "float16" if match["value"] == "half" else match["value"], STATED)


_STATED: tuple[Reader, ...] = (
    Reader(
        rf"(?P<name>(?i:fp16|bf16))(?<!\w....)"
        rf"(?:{IS}(?P<value>(?i:true|false|(?<=[=:].)(?:yes|on))\b)|(?<=--fp16|--bf16)(?=\s|$))",
        _precision,
        {
            "bf16=False, fp16=True": {"training.mixed_precision": "fp16"},
            '"bf16": true': {"training.mixed_precision": "bf16"},
            "FP16: TRUE": {"training.mixed_precision": "fp16"},
            "bf16: on": {"training.mixed_precision": "bf16"},
            "fp16 on a T4": {"training.mixed_precision": ...},
            "bf16: auto": {"training.mixed_precision": ...},
            "python x.py --no-bf16": {"training.mixed_precision": ...},
            "bf16=False": {"training.mixed_precision": ...},
            "python x.py --bf16 --lora": {"training.mixed_precision": "bf16"},
            "mybf16=True": {"training.mixed_precision": ...},
        },
        words=("fp|fp00", "bf|bf00"),
    ),
    Reader(  # DeepSpeed's JSON
        r"[\"'](?P<name>fp16|bf16)[\"']: ?\{\s*[\"']enabled[\"']: ?(?P<value>[Tt]rue)",
        _precision,
        {
            '"fp16": {\n    "enabled": true,': {"training.mixed_precision": "fp16"},
            "{'bf16': {'enabled': True}}": {"training.mixed_precision": "bf16"},
            '"fp16": {"enabled": "auto"': {"training.mixed_precision": ...},
        },
        lines=2,
        words=("enabled",),
    ),
    Reader(
        rf"\bprecision{IS}(?P<value>bf16|16)-mixed\b",
        lambda match: iter(
            [Reading("training.mixed_precision", _LIGHTNING[match["value"]], STATED)]
        ),
        {
            "L.Trainer(precision='bf16-mixed')": {"training.mixed_precision": "bf16"},
            'precision="16-mixed"': {"training.mixed_precision": "fp16"},
        },
    ),
    Reader(
        rf"\bmixed_precision{IS}(?P<value>bf16|fp16|no)\b",
        _precision_by_name,
        {"mixed_precision: 'no'": {"training.mixed_precision": "no"}},
    ),
    Reader(
        r"(?i:\b(?:(?P<loads>load(?:ed|ing)?)|(?:fine-?)?tun(?:e|ed|ing)|train(?:ed|ing)?|"
        r"(?P<lora>q?lora))\b"
        r"(?:(?!\bthen\b|\bsav|\bmerg|\bexport|\bconvert|\bquanti)[^.;\n]){0,60}?"
        r"\b(?:with|in|using) (?P<value>fp16|bf16)\b(?! ?[=:])|"
        r"(?:训练|微调)时?(?:使?用|采用)(?:的是)? ?(?P<chinese>fp16|bf16)\b|"
        r"^\W*(?:training )?precision\W{1,5}(?P<stated>fp16|bf16)\b)",
        _told,
        {
            "I train model with fp16 on V100": {"training.mixed_precision": "fp16"},
            "I load model with fp16": {"model.dtype": "float16"},
            "- **Precision**: bf16, FSDP2": {"training.mixed_precision": "bf16"},
            "训练用 fp16，V100 单卡": {"training.mixed_precision": "fp16"},
            "Can I train it with fp16?": {"training.mixed_precision": ...},
            "Gemma 4 LoRA in fp16 with Unsloth": {"training.mixed_precision": "fp16"},
            "the LoRA is saved in fp16": {"training.mixed_precision": ...},
            "I can't train with fp16": {"training.mixed_precision": ...},
            "training with bf16 works": {"training.mixed_precision": ...},
            "I trained with fp16 and then with bf16": {"training.mixed_precision": ...},
            "I fine tune it, then save it in fp16": {"training.mixed_precision": ...},
            "train it, export in bf16": {"training.mixed_precision": ...},
        },
        words=("fp|fp00", "bf|bf00"),
    ),
    Reader(
        r"(?i)\b(?:fp16|bf16|float16|bfloat16|fp32|float32|half[- ]precision|"
        r"mixed[-_ ]precision)\b",
        always(("precision_told", True)),
        {"it is fp16 throughout": {"precision_told": True}, "fp160": {"precision_told": ...}},
        words=(
            *(f"{name}|{name}00" for name in ("fp", "bf", "float", "bfloat")),
            *("precision|half precision", "precision|mixed precision"),
        ),
        limit=3,
    ),
    Reader(
        rf"\b(?:load_in_(?P<bits>4|8)bit(?:{IS}(?P<value>\w+)|(?=\s|$))|"
        rf"quantization_bit{IS}(?P<of_factory>4|8)\b)",
        _bits,
        {
            "quantization_bit: 4": {"model.quantization_bits": 4},
            "load_in_4bit = True": {"model.quantization_bits": 4},
            "load_in_8bit=False": {"model.quantization_bits": ...},
            "    # load_in_4bit=True,": {"model.quantization_bits": ...},
            "max_seq_length=2048, # or load_in_4bit=True": {"model.quantization_bits": ...},
            "with load_in_4bit=True it works": {"model.quantization_bits": ...},
            "--load_in_4bit": {"model.quantization_bits": 4},
        },
    ),
    Reader(
        rf"\b(?P<compute>bnb_4bit_compute_)?(?:torch_)?dtype{IS}"
        r"(?:torch\.|getattr\(torch, ?[\"'])?(?P<value>bfloat16|float16|float32|half)\b",
        _dtype,
        {
            "torch_dtype=torch.bfloat16": {"model.dtype": "bfloat16"},
            "bnb_4bit_compute_dtype=torch.float16": {"model.compute_dtype": "float16"},
            "torch_dtype=torch.half": {"model.dtype": "float16"},
            'dtype = getattr(torch, "bfloat16")': {"model.dtype": "bfloat16"},
            "--torch_dtype bfloat16": {"model.dtype": "bfloat16"},
            "model = load(name, dtype=torch.float16)": {"model.dtype": "float16"},
            "    dtype=torch.float16,": {"model.dtype": "float16"},
            "FakeTensor(..., size=(1152, 262144), dtype=torch.float16)": {"model.dtype": ...},
            "       device='cuda:0', dtype=torch.float16)": {"model.dtype": ...},
            "got (2, Array(768., dtype=float32), 3)": {"model.dtype": ...},
            "x = torch.zeros(2, dtype=torch.float32)": {"model.dtype": ...},
        },
    ),
)
PRECISION: tuple[Reader, ...] = tuple(item.replace(read=of_the_run(item.read)) for item in _STATED)
