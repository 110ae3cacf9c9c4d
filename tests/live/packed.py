"""Two samples packed into one row, for the rules and tests about packing."""

from __future__ import annotations

from typing import Any

import torch

from .. import tiny

_LENGTH = 6  # tokens of each sample; both fit into the window


def leak(model: Any, name: str, **options: Any) -> float:
    """By how much a training forward moves the second sample's logits with the first sample.

    Args:
        model: a tiny one.
        name: its model type.
        options: further keywords of the forward.
    """
    batch = tiny.batch(name, size=1, tokens=2 * _LENGTH)
    del batch["attention_mask"], batch["labels"]
    batch["position_ids"] = torch.arange(_LENGTH).repeat(2)[None]
    other = {**batch, "input_ids": batch["input_ids"].clone()}
    other["input_ids"][0, 2] = 201
    model.train()
    # With a graph, as in training: without one transformers 5.24 checkpoints nothing.
    logits = [model(**rows, **options).logits[0, _LENGTH:] for rows in (batch, other)]
    return float((logits[0] - logits[1]).detach().abs().max())
