"""Answer what every trainer can meet, from the facts of the log, where no rule applies.

There is one file for each kind of trouble. An answer says whether it is certain, and is marked as
general unless it follows from a fact of this Gemma.
"""

from __future__ import annotations

from importlib import import_module

from ..answer import Answer
from .base import Case, General

__all__ = ["Answer", "Case", "General", "generals"]

# The files, the more particular before the less particular: of one line, the first answers.
_FILES = (
    "exports", "gguf", "ollama", "vllm", "vllm_releases", "adapters", "prompts", "states", "data",
    "keras", "data_sets", "rows", "images", "repositories", "versions", "unsloth",
    "unsloth_refusals", "quantized", "quantizers", "serving", "launching", "placing", "memory",
    "machine", "tensors", "platforms", "drivers", "windows", "kernels", "dtypes", "loading",
    "training", "autograd", "preferences", "settings", "running", "processes", "inputs", "numbers",
    "values", "checkpoints", "building", "attention", "frameworks", "python", "attributes",
    "arguments", "modules", "names", "undefined", "shapes", "by_message", "unsloth_import",
)  # fmt: skip


def generals() -> tuple[General, ...]:
    """Return all kinds, in this order. A file's are in a tuple of its name in capitals."""
    files = ((name, import_module(f".{name}", __name__)) for name in _FILES)
    return tuple(kind for name, file in files for kind in getattr(file, name.upper()))
