"""Tiny models that have learned their batch: their loss is far from guessing, as a checkpoint's."""

from __future__ import annotations

from typing import Any

import torch

import gemma_compat

from .. import tiny

BOS = 2


def batch(name: str) -> dict[str, torch.Tensor]:
    """A batch whose rows begin with ``<bos>``."""
    made = tiny.batch(name)
    made["input_ids"][:, 0] = made["labels"][:, 0] = BOS
    return made


def overfitted(name: str, steps: int = 40, **changes: Any) -> Any:
    """A model that knows :func:`batch`; patched while it learns, or it learns the wrong network."""
    model = tiny.build(name, **changes).train()
    applied = gemma_compat.patch(model)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        model(**batch(name)).loss.backward()
        optimizer.step()
    model.zero_grad(set_to_none=True)
    applied.revert()
    return model
