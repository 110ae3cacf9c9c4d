"""Samples to train on, and the batches that hold them.

A batch is made from samples, and the reference is computed from the same samples one by one: a
mask that lets a sample see padding, its neighbour or the future shows as a difference.
"""

from __future__ import annotations

import torch

from .subjects import BOI, EOI, IMAGE

# Tokens of the two samples of each batch; the window is 6.
KINDS = ("padded", "packed", "long")
_LENGTHS = {"padded": (14, 9), "packed": (7, 7), "long": (16, 16), "short": (6, 6)}
_IMAGE_TOKENS = {"paligemma": 16}
_FOUR = 4
_TYPES_NAME = {
    "gemma3": "token_type_ids",
    "shieldgemma2": "token_type_ids",
    "paligemma": "token_type_ids",
    "gemma4": "mm_token_type_ids",
    "gemma4_unified": "mm_token_type_ids",
}
_WITH_IMAGES = {"gemma3", "paligemma", "gemma4"}
_ENCODER_DECODER = {"t5gemma", "t5gemma2"}
# A body without a head: it is trained on a loss of ours over its hidden states.
HEADLESS = {"embedding_gemma2", "embedding_gemma2_text", "diffusion_gemma"}

Batch = dict[str, torch.Tensor]


def longest(kind: str) -> int:
    """Return the number of text tokens in the longest row of such a batch."""
    return sum(_LENGTHS[kind]) if kind == "packed" else max(_LENGTHS[kind])


def can_hold_images(model_type: str) -> bool:
    """Return whether batches with an image can be made for this type here."""
    return model_type in _WITH_IMAGES


def is_encoder_decoder(model_type: str) -> bool:
    """Return whether the type reads one text and writes another."""
    return model_type in _ENCODER_DECODER


def samples(model_type: str, kind: str, images: bool = False) -> list[Batch]:
    """Return the two samples, each as a batch of one row without padding."""
    generator = torch.Generator().manual_seed(7)
    return [_sample(model_type, length, images, generator) for length in _LENGTHS[kind]]


def _sample(model_type: str, length: int, images: bool, generator: torch.Generator) -> Batch:
    ids = torch.randint(3, 140, (1, length), generator=generator)
    labels = ids.clone()
    types = torch.full_like(ids, 1 if model_type == "paligemma" else 0)
    made: Batch = {}
    if images:
        ids, labels, types = _with_image(model_type, ids, labels, types)
        made.update(_pixels(model_type, generator))
    made.update(input_ids=ids, attention_mask=torch.ones_like(ids))
    if model_type in _TYPES_NAME:
        made[_TYPES_NAME[model_type]] = types
    if model_type == "diffusion_gemma":
        made["decoder_input_ids"] = ids[:, :8].clone()
    if model_type not in HEADLESS:
        made["labels"] = labels
    return made


def _with_image(
    model_type: str, ids: torch.Tensor, labels: torch.Tensor, types: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The image first; its tokens have no label. PaliGemma's 0 is the bidirectional prefix."""
    count = _IMAGE_TOKENS.get(model_type, _FOUR)
    head = [IMAGE] * count if model_type == "paligemma" else [BOI, *[IMAGE] * count, EOI]
    put = torch.tensor([head])
    marks = (put == IMAGE).long() if model_type != "paligemma" else torch.zeros_like(put)
    return (
        torch.cat([put, ids], 1),
        torch.cat([torch.full_like(put, -100), labels], 1),
        torch.cat([marks, types], 1),
    )


def _pixels(model_type: str, generator: torch.Generator) -> Batch:
    if model_type != "gemma4":
        return {"pixel_values": torch.randn(1, 3, 56, 56, generator=generator)}
    side = torch.arange(6)
    grid = torch.stack([side.repeat(6), side.repeat_interleave(6)], 1)
    return {
        "pixel_values": torch.rand(1, 36, 48, generator=generator),
        "image_position_ids": grid[None],
    }


def batch(model_type: str, kind: str, images: bool = False) -> Batch:
    """Return the samples as one training batch of this kind."""
    rows = samples(model_type, kind, images)
    if kind == "packed":
        return _packed(rows)
    width = max(row["input_ids"].shape[1] for row in rows)
    decoder = {"labels": -100, "input_ids": 0, "attention_mask": 0}
    return {
        name: torch.cat([_pad(row[name], width, decoder.get(name, 0), name) for row in rows])
        for name in rows[0]
    }


_UNPADDED = {"pixel_values", "image_position_ids", "decoder_input_ids"}


def _pad(value: torch.Tensor, width: int, fill: int, name: str) -> torch.Tensor:
    missing = width - value.shape[1]
    if name in _UNPADDED or not missing:
        return value
    return torch.nn.functional.pad(value, (0, missing), value=fill)


def _packed(rows: list[Batch]) -> Batch:
    """One row without a mask, told apart by positions alone; no label across the seam."""
    made = {
        name: torch.cat([row[name] for row in rows], 0 if name in _UNPADDED else 1)
        for name in rows[0]
        if name != "attention_mask"
    }
    lengths = [row["input_ids"].shape[1] for row in rows]
    made["position_ids"] = torch.cat([torch.arange(length) for length in lengths])[None]
    if "labels" in made:
        made["labels"][0, lengths[0]] = -100
    return made
