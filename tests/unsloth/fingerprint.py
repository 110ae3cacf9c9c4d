"""What the methods of a model's classes really are, by their bytecode: the truth to compare with.

python -m tests.unsloth.fingerprint FOLDER gemma3_text ...    of transformers' own, as JSON
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any


def of_model(model: Any) -> dict[str, str]:
    """``Class.method`` to a digest of its instructions, through wrappers that are transparent."""
    found: dict[str, str] = {}
    for cls in _classes(model):
        for name, value in vars(cls).items():
            function = getattr(value, "__func__", value)
            code = getattr(function, "__code__", None)
            if code is not None and not name.startswith("_original_"):
                found[f"{cls.__name__}.{name}"] = _digest(code)
    return found


def _classes(model: Any) -> Iterator[type]:
    seen = set()
    for module in model.modules():
        for cls in type(module).__mro__:
            if cls not in seen and cls.__module__.partition(".")[0] not in {"torch", "peft"}:
                seen.add(cls)
                yield cls


def _digest(code: CodeType) -> str:
    """Of instructions and names; not of line numbers, nor of where the source lies."""
    inner = [_digest(item) for item in code.co_consts if isinstance(item, CodeType)]
    plain = [repr(c) for c in code.co_consts if isinstance(c, (int, float, bool, str, type(None)))]
    parts = [code.co_code.hex(), *code.co_names, *code.co_varnames, *plain, *inner]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


if __name__ == "__main__":
    from transformers import AutoModelForCausalLM

    home, *names = sys.argv[1:]
    print(
        json.dumps(
            {
                name: of_model(AutoModelForCausalLM.from_pretrained(Path(home) / name))
                for name in names
            }
        )
    )
