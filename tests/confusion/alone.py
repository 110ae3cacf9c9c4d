"""One sample by itself through the model, by a way that shares no fault with a training step."""

from __future__ import annotations

import inspect
from typing import Any

import torch

from . import batches


def run(model: Any, kind: str, row: batches.Batch) -> Any:
    """Return the output of the model for one sample, computed as generation computes it."""
    if batches.is_encoder_decoder(kind):
        return model(**row)
    if getattr(model, "peft_type", None) == "PREFIX_TUNING":
        return _behind_prefix(model, row)
    if kind == "recurrent_gemma" and _masks(model):
        return _within_window(model, row)
    return model(**row, use_cache=True)


def _behind_prefix(model: Any, row: batches.Batch) -> Any:
    """As PEFT does it, but with the token types of the sample, which PEFT drops."""
    takes_length = "max_cache_len" in inspect.signature(model.get_prompt).parameters
    prefix = model.get_prompt(1, **({"max_cache_len": 64} if takes_length else {}))
    count = model.active_peft_config.num_virtual_tokens
    before = {"attention_mask": 1, "token_type_ids": 0, "mm_token_type_ids": 0}
    longer = {
        name: torch.nn.functional.pad(row[name], (count, 0), value=fill)
        for name, fill in before.items()
        if name in row
    }
    return model.base_model(**{**row, **longer}, past_key_values=prefix, use_cache=True)


def _masks(model: Any) -> list[Any]:
    """The modules that make RecurrentGemma's mask themselves: on transformers 4."""
    return [module for module in model.modules() if hasattr(module, "_update_causal_mask")]


def _within_window(model: Any, row: batches.Batch) -> Any:
    """Without the cache, which on transformers 4 keeps no gradients, and with a mask of ours:
    theirs lets a token see what lies before its window.
    """
    for module in _masks(model):
        window = module.config.attention_window_size
        module._update_causal_mask = lambda mask, hidden, *rest, window=window: _band(
            hidden, window
        )
    return model(**row, use_cache=False)


def _band(hidden: torch.Tensor, window: int) -> torch.Tensor:
    length = hidden.shape[1]
    distance = torch.arange(length)[:, None] - torch.arange(length)
    seen = (distance >= 0) & (distance < window)
    lowest = torch.finfo(hidden.dtype).min
    return torch.zeros(length, length).masked_fill(~seen, lowest)[None, None]
