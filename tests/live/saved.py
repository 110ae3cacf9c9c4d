"""Checkpoints on disk, made from tiny models as if they had been trained."""

from __future__ import annotations

from typing import Any

import torch

from .. import tiny


def trained(name: str, **changes: Any) -> Any:
    """A tiny model whose norms and biases have moved, as every training moves them."""
    model = tiny.build(name, **changes)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim < 2:
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return model


def save(model: Any, folder: str) -> None:
    """``save_pretrained`` without progress bars."""
    import transformers

    if hasattr(transformers.utils.logging, "disable_progress_bar"):
        transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    model.save_pretrained(folder)
