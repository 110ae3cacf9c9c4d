"""The names that one setting has in different programs, and its values in one form."""

from __future__ import annotations

import re
from functools import lru_cache

SET, TRIED = "set", "tried"  # how a text states a value
# Names of one setting: those of programs, in which a blank may stand for each line, and people's.
_NAMES = (
    (
        *("per_device_train_batch_size", "per_device_batch_size", "micro_batch_size"),
        *("micro_batch_size_per_gpu", "train_micro_batch_size_per_gpu"),
        *("batch_size", "batch_size_per_device", "per_gpu_train_batch_size"),
    ),
    (
        *("gradient_checkpointing", "activation_checkpointing", "enable_gradient_checkpointing"),
        *("use_gradient_checkpointing", "enable_activation_checkpointing"),
    ),
    (
        *("max_length", "max_seq_length", "cutoff_len", "sequence_len", "max_seq_len"),
        *("sequence_length", "seq_length", "seq_len", "context_length", "max_model_len"),
    ),
    ("use_liger_kernel", "enable_liger_kernel", "use_liger", "liger_kernel"),
    ("load_in_4bit", "load_in_4_bit"),
    ("dtype", "torch_dtype"),
    ("attn_implementation", "attn_impl", "_attn_implementation"),
    ("eval_strategy", "evaluation_strategy"),
    ("num_proc", "dataset_num_proc", "preprocessing_num_workers"),
    ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"),
)
# A script's own option, or the rows of a whole step, where it is beside another of these names.
LOOSE = {"batch_size"}
# Unsloth's own recomputing is named where others say yes.
_WORDS = {
    "yes": "true", "on": "true", "unsloth": "true", "off": "false",
    "no": "false", "null": "none",
}  # fmt: skip


def normal(value: str) -> str:
    """Return a value in the one form in which two are compared.

    >>> normal("'True'"), normal("torch.bfloat16"), normal("1.0")
    ('true', 'bfloat16', '1')
    """
    text = value.strip("\"'`").lower().removeprefix("torch.")
    text = _WORDS.get(text, text)
    return text.removesuffix(".0") if re.fullmatch(r"\d+\.0", text) else text


def names_of(name: str) -> tuple[str, ...]:
    """Return all names of a setting, that one first."""
    plain = name.replace("-", "_")
    group = next((names for names in _NAMES if plain in names), (plain,))
    return (plain, *(other for other in group if other != plain))


@lru_cache(maxsize=64)
def expression(name: str) -> str:
    """Return an expression for a setting's names; in one of several words, a blank may stand."""
    names = [re.escape(item).replace("_", "[-_ ]") for item in names_of(name)]
    plural = "" if name.isupper() else "s?"
    return rf"(?<!\w)(?i:{'|'.join(sorted(names, key=len, reverse=True))}){plural}(?!\w)"
