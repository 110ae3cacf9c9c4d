"""What the weights of a model take, by the size that its name states, of a Gemma or another."""

from __future__ import annotations

import re

from ..base import Case

_GIB = 1 << 30
_BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}
_IN_4_BITS = re.compile(
    r"(?i)\bq-?lora\b|4[-_ ]?bit|gptq|\bawq|-awq|int4|nf4|quantization_bit[\"']?\s*[:=]\s*4|bnb|"
    r"load_in_4bit[\"']?\s*[:=]\s*true"
)
_IN_8_BITS = re.compile(r"(?i)8[-_ ]?bit|int8|fp8|quantization_bit[\"']?\s*[:=]\s*8")


def weights(case: Case) -> tuple[float, float] | None:
    """Return the billions of parameters in the model's name, and the GiB that they take."""
    name = (_other_model(case) if case.log.is_other else case.model).lower()
    size = re.search(r"(?<![\d.])(\d{1,3}(?:\.\d)?)([bm])(?![a-z0-9])", name)
    if size is None or re.search(r"e\d+b|\dx\d", name):
        return None
    billions = float(size[1]) / (1 if size[2] == "b" else 1000)
    bits = bits_of(case)
    each = bits / 8 if bits else _BYTES.get(str(case.facts.model.get("dtype", "bfloat16")), 2.0)
    return billions, billions * 1e9 * each / _GIB


def bits_of(case: Case) -> int | None:
    """Return in how many bits the weights are loaded, if they are quantized.

    Of another model whatever the log says of it counts: too few bits claim too little.
    """
    stated: int | None = case.facts.model.get("quantization_bits")
    if stated or not case.log.is_other:
        return stated
    text = _text(case)
    if _IN_4_BITS.search(text):
        return 4
    return 8 if _IN_8_BITS.search(text) else None


def _other_model(case: Case) -> str:
    """Return the name of the one other model that the log loads; empty if it names several."""
    found = re.findall(
        r"(?:model_name_or_path|base_model|model_id|model_name|--model|from_pretrained\()"
        r"[\"'\s:=]{1,4}([\w.-]{1,60}/[\w.-]{1,80})",
        _text(case),
    )
    return str(found[0]) if len(set(found)) == 1 else ""


def _text(case: Case) -> str:
    above = case.error.hit.before if case.error else ""
    return f"{above}\n{case.hit.before}\n{case.hit.text}\n{case.hit.after}"
