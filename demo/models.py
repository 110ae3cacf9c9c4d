"""Models and batches: tiny random ones, made from configs.

With a folder of real weights in ``GEMMA_DEMO_MODEL``, Gemma 3 is that model, and its text English.
"""

from __future__ import annotations

import os
from typing import Any

import torch
import transformers

REAL = os.environ.get("GEMMA_DEMO_MODEL", "")
TEXT = (
    "The town built its library on the hill because the river flooded every spring. For a hundred "
    "years people walked up with wet boots and left them by the door. When the dam was finished, "
    "nobody needed the hill any more, but the boots stayed, a row of them in all sizes, and the "
    "librarian still wipes the floor each morning before the first reader comes. In winter she "
    "lights the stove an hour before she opens, and nobody has ever asked her to."
)
SIZES = {
    "vocab_size": 256,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "sliding_window": 8,  # shorter than the batch
    "pad_token_id": 0,
    "max_position_embeddings": 512,
}
# Two lots of layers; the upper lot borrows its keys and values from the lower one.
GEMMA3N = {
    "num_hidden_layers": 10,
    "num_kv_shared_layers": 5,
    "layer_types": (["sliding_attention"] * 4 + ["full_attention"]) * 2,
    "intermediate_size": [128] * 10,
    "activation_sparsity_pattern": [0.0] * 10,
    "hidden_size_per_layer_input": 8,
    "vocab_size_per_layer_input": 256,
    "laurel_rank": 8,
}
GEMMA4 = {
    "num_kv_shared_layers": 3,
    "layer_types": (["sliding_attention"] * 2 + ["full_attention"]) * 2,
    "hidden_size_per_layer_input": 8,
    "vocab_size_per_layer_input": 256,
    "global_head_dim": 16,
}
FAMILIES = {
    "Gemma3": ("Gemma3ForCausalLM", "Gemma3TextConfig", {"query_pre_attn_scalar": 16}),
    "Gemma3n": ("Gemma3nForCausalLM", "Gemma3nTextConfig", GEMMA3N),
    "Gemma4": ("Gemma4ForCausalLM", "Gemma4TextConfig", GEMMA4),
}


def build(family: str, dtype: torch.dtype = torch.float32) -> Any:
    """Return a fresh text model, one of :data:`FAMILIES`; equal for equal arguments."""
    if REAL and family == "Gemma3":
        return transformers.AutoModelForCausalLM.from_pretrained(
            REAL, torch_dtype=dtype, attn_implementation="eager"
        )
    model_class, config_class, changes = FAMILIES[family]
    config = getattr(transformers, config_class)(**{**SIZES, **changes})
    config._attn_implementation = "eager"
    torch.manual_seed(0)
    model = getattr(transformers, model_class)(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim >= 2:  # large enough that gradients of keys do not vanish
                parameter.normal_(std=0.08)
    return model.to(dtype)


def batch(size: int = 2, tokens: int = 24) -> dict[str, torch.Tensor]:
    """Return ``(size, tokens)`` random ids, with mask and labels."""
    ids = torch.randint(3, 200, (size, tokens), generator=torch.Generator().manual_seed(3))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids.clone()}


def text(size: int, tokens: int = 24) -> dict[str, torch.Tensor]:
    """Return ``(size, tokens)`` ids of English, each row with ``<bos>`` first."""
    coder = transformers.AutoTokenizer.from_pretrained(REAL)
    ids = coder(TEXT, add_special_tokens=False, return_tensors="pt").input_ids[0]
    cut = ids[: size * (tokens - 1)].reshape(size, tokens - 1)
    ids = torch.cat([torch.full((size, 1), coder.bos_token_id), cut], dim=1)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids.clone()}


def rows(size: int = 4, family: str = "") -> list[dict[str, torch.Tensor]]:
    """Return a data set for ``Trainer``: the rows of one batch; of text for real weights."""
    made = text(size) if REAL and family == "Gemma3" else batch(size)
    return [{key: value[index] for key, value in made.items()} for index in range(size)]
