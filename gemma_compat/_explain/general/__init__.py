"""Answer what every trainer can meet, from the facts of the log, where no rule applies.

There is one file for each kind of trouble. An answer says whether it is certain, and is marked as
general unless it follows from a fact of this Gemma. To add a kind, add a :class:`General` to the
tuple of its file, with examples, and run ``make index``.
"""

from __future__ import annotations

from functools import lru_cache, partial
from importlib import import_module

from ..answer import Answer
from ..index import index
from .base import Case, General

__all__ = ["FILES", "Answer", "Case", "General", "generals", "kinds_of"]

# The files, the more particular before the less particular: of one line, the first answers.
FILES = (
    "litert",
    "mobile",
    "tensorrt",
    "mergekit",
    "onnx_code",
    "onnx_exports",
    "mlx",
    "exports",
    "gguf",
    "gguf_files",
    "llama_cpp",
    "ollama",
    "desktop",
    "gemma_widths",
    "vllm_tensors",
    "gemma_parts",
    "warned_weights",
    "warned_training",
    "warned_inputs",
    "warned_unsloth",
    "warned_frameworks",
    "warned_serving",
    "vllm",
    "engines",
    "uploads",
    "merging_refusals",
    "vllm_releases",
    "adapters",
    "fsdp",
    "saved_states",
    "merging_shards",
    "prompts",
    "load_report",
    "states",
    "data",
    "keras",
    "data_sets",
    "unsloth_batches",
    "rows",
    "processors",
    "images",
    "repositories",
    "versions",
    "notebooks",
    "torch_pairs",
    "bitsandbytes",
    "unsloth_parts",
    "unsloth_pairs",
    "unsloth",
    "unsloth_refusals",
    "unsloth_running",
    "half_installed",
    "compiled_code",
    "quantized",
    "quantizers",
    "serving",
    "deepspeed_refusals",
    "deepspeed",
    "distributed",
    "rollouts",
    "megatron",
    "cluster",
    "swift",
    "recipes",
    "ended",
    "sharding",
    "extensions",
    "launching",
    "placing",
    "missing_parts",
    "fields",
    "other_objects",
    "memory",
    "machine",
    "tensors",
    "platforms",
    "wheels",
    "drivers",
    "windows",
    "kernels",
    "dtypes",
    "loading",
    "training",
    "autograd",
    "trl_refusals",
    "preferences",
    "settings",
    "running",
    "processes",
    "inputs",
    "numbers",
    "evaluating",
    "values",
    "checkpoints",
    "building",
    "attention",
    "frameworks",
    "options",
    "generating",
    "tokenizing",
    "loading_options",
    "peft_options",
    "row_counts",
    "batches",
    "said_by_parts",
    "tensor_values",
    "paths",
    "python",
    "attributes",
    "arguments",
    "trl_arguments",
    "modules",
    "names",
    "undefined",
    "shapes",
    "plain_python",
    "by_message",
    "unsloth_import",
)


@lru_cache(maxsize=1)  # the index does not change under a process
def generals() -> tuple[General, ...]:
    """Return all kinds, in this order, as the index has them: without their examples.

    A kind's file is imported when the kind is to answer.
    """
    return tuple(
        General(name, text, partial(_answer, file, name), alone=alone)
        for file, name, text, alone in index().general
    )


def kinds_of(file: str) -> tuple[General, ...]:
    """Return the kinds of one file: its tuple that has the file's name in capitals."""
    kinds: tuple[General, ...] = getattr(import_module(f".{file}", __name__), file.upper())
    return kinds


def _answer(file: str, name: str, case: Case) -> Answer | None:
    """Answer for a kind of that file, which is imported by the first call."""
    return next(kind for kind in kinds_of(file) if kind.name == name).answer(case)
