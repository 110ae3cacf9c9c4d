"""A tiny random Gemma on disk with a tokenizer beside it, as Unsloth's loaders want one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from .. import tiny

SENTENCE = "the quick brown fox jumps over the lazy dog "
_SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]

# What a GPU's kernels can take: heads of 64, widths that 4-bit blocks divide.
FOR_GPU = {
    "hidden_size": 256,
    "intermediate_size": 512,
    "head_dim": 64,
    "sliding_window": 32,
}


def make(model_type: str, home: Path, **changes: Any) -> str:
    """Write a checkpoint in bfloat16 under ``home`` and give its folder."""
    folder = home / model_type
    if not (folder / "config.json").exists():
        model = tiny.build(model_type, dtype=torch.bfloat16, **changes)
        model.save_pretrained(folder)
        _tokenizer().save_pretrained(folder)
    return str(folder)


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = [*_SPECIAL, *dict.fromkeys(SENTENCE.split())]
    vocabulary = {word: index for index, word in enumerate(words)}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side="right",
    )
