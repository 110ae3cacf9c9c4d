"""Which precision a log says that the run is in."""

from __future__ import annotations

import re

from ..base import Case

_BFLOAT16 = re.compile(
    r"(?i)\bbf16['\"]?\s*[=:]\s*(?:true|auto)|--bf16(?!\w)(?!\s+false)|"
    r"dtype['\"]?\s*[=:]\s*['\"]?(?:torch\.)?(?:bfloat16|bf16)\b|mixed_precision['\"]?\s*[=:]\s*['\"]?"
    r"bf16|\.to\((?:dtype=)?torch\.bfloat16|--dtype[ =]bfloat16"
)
_FLOAT16 = re.compile(
    r"(?i)\bfp16['\"]?\s*[=:]\s*true|--fp16(?!\w)|(?<!b)float16\b|\.half\(\)|"
    r"dtype['\"]?\s*[=:]\s*['\"]?half"
)


def is_in_bfloat16(case: Case) -> bool:
    """Return whether the log says bfloat16 of the run, and float16 nowhere near."""
    near = f"{case.near}\n{case.above}"
    if _FLOAT16.search(near):
        return False
    stated = case.facts.training.get("mixed_precision") == "bf16"
    return stated or _BFLOAT16.search(near) is not None
