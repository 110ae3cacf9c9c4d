"""A tiny random Gemma on disk with a tokenizer beside it, as Unsloth's loaders want one.

    python -m tests.unsloth.checkpoints FOLDER gemma3_text gemma4_text

In a process of its own: classes that were looked up before Unsloth loads a model are kept by
transformers, and its compiler's would not be used.
"""

from __future__ import annotations

import sys
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
        _as_if_trained(model)
        model.save_pretrained(folder)
        _tokenizer().save_pretrained(folder)
    return str(folder)


def _as_if_trained(model: Any) -> None:
    """No trained norm is what it was at first, and GC610 looks at that."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.05)


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


if __name__ == "__main__":
    for name in sys.argv[2:]:
        make(name, Path(sys.argv[1]))
