"""Accidents with tensors: masks, padding, positions, packing, ids, images and token types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .. import tiny
from ..preflight import runs
from .planted import Fault, run, trial

Rows = dict[str, Any]


def _changed(change: Callable[[Rows], Any], attn: str = "sdpa", **settings: Any) -> Any:
    def make(folder: Any) -> Any:
        rows, model = runs.text(), tiny.build("gemma3_text", attn=attn)
        model.config.use_cache = False
        change(rows)
        return run(model, folder, rows, **settings)

    return make


def _padded(rows: Rows, *, left: bool = False) -> None:
    """Pad eight tokens of each row but the first."""
    part = slice(0, 8) if left else slice(-8, None)
    if left:
        rows["input_ids"][:, 8] = rows["labels"][:, 8] = runs.BOS
    rows["input_ids"][1:, part] = 0
    rows["labels"][1:, part] = -100
    rows["attention_mask"][1:, part] = 0


def _forgotten(rows: Rows, *, left: bool) -> None:
    _padded(rows, left=left)
    del rows["attention_mask"]


def _inverted(rows: Rows) -> None:
    _padded(rows)
    rows["attention_mask"] = 1 - rows["attention_mask"]


def _all_zero(rows: Rows) -> None:
    rows["attention_mask"] = torch.zeros_like(rows["attention_mask"])


def _prompt_hidden(rows: Rows) -> None:
    """Hide the prompt with the mask that was meant for the labels."""
    rows["labels"][:, :12] = -100
    rows["attention_mask"][:, :12] = 0


def _trained(rows: Rows) -> None:
    _padded(rows)
    rows["labels"] = rows["input_ids"].clone()


def _zero_positions(rows: Rows) -> None:
    rows["position_ids"] = torch.zeros_like(rows["input_ids"])


def _backward_positions(rows: Rows) -> None:
    rows["position_ids"] = torch.arange(23, -1, -1).repeat(8, 1)


def _far_positions(rows: Rows) -> None:
    rows["position_ids"] = torch.arange(24).repeat(8, 1) + 5000


def _joined(rows: Rows) -> None:
    rows["input_ids"][:, 12] = rows["labels"][:, 12] = runs.BOS
    rows["labels"][:, 13:16] = -100


def _joined_by_eos(rows: Rows) -> None:
    """Join three samples with <eos> between them, as packers without positions do."""
    rows["input_ids"][:, 7:16:8] = rows["labels"][:, 7:16:8] = runs.EOS
    rows["input_ids"][:, 8:17:8] = rows["labels"][:, 8:17:8] = runs.BOS
    rows["labels"][:, 9:11] = rows["labels"][:, 17:19] = -100


def _joined_by_a_mask(rows: Rows) -> None:
    rows["position_ids"] = torch.arange(12).repeat(8, 2)


def _causal(tokens: int, window: int | None) -> Any:
    at = torch.arange(tokens)
    seen = at[None, :] <= at[:, None]
    if window:
        seen &= at[None, :] > at[:, None] - window
    return torch.zeros(tokens, tokens).masked_fill(~seen, torch.finfo(torch.float32).min)


def _four_dimensional(mask: Any) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows["attention_mask"] = mask.expand(8, 1, 24, 24).clone()

    return change


def _past_the_vocabulary(row: int) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows["input_ids"][row, 5] = rows["labels"][row, 5] = 300

    return change


def _negative(rows: Rows) -> None:
    """Mask the ids in place of the labels."""
    rows["labels"][:, :5] = -100
    rows["input_ids"][:, 1:5] = -100


def _float_ids(rows: Rows) -> None:
    rows["input_ids"] = rows["input_ids"].float()


def _all_unknown(rows: Rows) -> None:
    rows["input_ids"][:, 1:] = rows["labels"][:, 1:] = 3


def _too_long(folder: Any) -> Any:
    rows = tiny.batch("gemma3_text", size=4, tokens=600)
    rows["input_ids"][:, 0] = rows["labels"][:, 0] = runs.BOS
    return run(tiny.build("gemma3_text"), folder, rows)


# Images.


def _pictured(name: str, change: Callable[[Rows], None]) -> Callable[[Any], Any]:
    def make(folder: Any) -> Any:
        rows = tiny.batch(name, size=4)
        rows["input_ids"][:, 0] = runs.BOS
        number = 4 if name == "gemma3" else 16
        rows["input_ids"][:, 2 : 2 + number] = 250
        rows["labels"][:, : 3 + number] = -100
        rows["pixel_values"] = torch.randn(4, 3, 56, 56, generator=torch.Generator().manual_seed(1))
        if "token_type_ids" in rows and name == "gemma3":
            rows["token_type_ids"][:, 2:6] = 1
        if name == "paligemma":
            rows["token_type_ids"] = (rows["labels"] != -100).long()
        change(rows)
        return trial(tiny.build(name), rows)

    return make


def _no_images(rows: Rows) -> None:
    del rows["pixel_values"]


def _one_image(rows: Rows) -> None:
    rows["pixel_values"] = rows["pixel_values"][:1]


def _tokens_lost(rows: Rows) -> None:
    rows["input_ids"][rows["input_ids"] == 250] = 20


def _tokens_cut(rows: Rows) -> None:
    rows["input_ids"][0, 4:6] = 20


def _trained_images(rows: Rows) -> None:
    rows["labels"] = rows["input_ids"].clone()


def _blank(rows: Rows) -> None:
    rows["pixel_values"].zero_()


def _not_normalised(rows: Rows) -> None:
    rows["pixel_values"] = (rows["pixel_values"].abs() * 80).clamp(max=255).round()


def _the_same(rows: Rows) -> None:
    rows["pixel_values"][1:] = rows["pixel_values"][0]


def _broken(rows: Rows) -> None:
    rows["pixel_values"][0, 0, 0, 0] = float("nan")


def _no_types(rows: Rows) -> None:
    del rows["token_type_ids"]


def _types_zero(rows: Rows) -> None:
    rows["token_type_ids"].zero_()


FAULTS = (
    Fault(
        "attention mask forgotten, padded left",
        _changed(lambda rows: _forgotten(rows, left=True)),
        "on the left is attended",
        audited=True,
        slow=False,
    ),
    Fault(
        "attention mask forgotten, padded right",
        _changed(lambda rows: _forgotten(rows, left=False)),
        "on the right is attended",
        audited=True,
        slow=False,
    ),
    Fault("attention mask inverted", _changed(_inverted), "is inverted", audited=True, slow=False),
    Fault("attention mask all zero", _changed(_all_zero), "attention_mask hides", slow=False),
    Fault(
        "prompt hidden by the attention mask",
        _changed(_prompt_hidden),
        "attention_mask hides",
        slow=False,
    ),
    Fault("padding trained", _changed(_trained), "are padding", audited=True, slow=False),
    Fault("positions all zero", _changed(_zero_positions), "count up", audited=True, slow=False),
    Fault("positions backward", _changed(_backward_positions), "count up", slow=False),
    Fault("positions far past the model's", _changed(_far_positions), "position", slow=False),
    Fault(
        "packed by hand", _changed(_joined), "nothing keeps them apart", audited=True, slow=False
    ),
    Fault(
        "packed by hand with <eos>",
        _changed(_joined_by_eos),
        "nothing keeps them apart",
        slow=False,
    ),
    Fault(
        "packed positions beside a mask",
        _changed(_joined_by_a_mask),
        "see each other",
        audited=True,
        slow=False,
    ),
    Fault(
        "4-D mask that is not causal",
        _changed(_four_dimensional(torch.zeros(24, 24))),
        "without the batch's attention_mask",
        audited=True,
        slow=False,
    ),
    Fault(
        "4-D mask without the window",
        _changed(_four_dimensional(_causal(24, None))),
        "without the batch's attention_mask",
        audited=True,
        slow=False,
    ),
    Fault(
        "id past the vocabulary",
        _changed(_past_the_vocabulary(0)),
        "256 rows",
        audited=True,
        slow=False,
    ),
    Fault(
        "id past the vocabulary in a later batch",
        _changed(_past_the_vocabulary(7)),
        "256 rows",
        audited=True,
        slow=False,
    ),
    Fault("negative id", _changed(_negative), "holds -100", slow=False),
    Fault("ids as floats", _changed(_float_ids), "whole numbers", slow=False),
    Fault("every token unknown", _changed(_all_unknown), "rows looked at are the same", slow=False),
    Fault("longer than the model", _too_long, "of 512", audited=True, slow=False),
    Fault(
        "image tokens, no images", _pictured("gemma3", _no_images), "no pixel_values", audited=True
    ),
    Fault("one image for two", _pictured("gemma3", _one_image), "image", audited=True),
    Fault(
        "images, no image tokens", _pictured("gemma3", _tokens_lost), "no image token", audited=True
    ),
    Fault("image tokens cut off", _pictured("gemma3", _tokens_cut), "image tokens"),
    Fault(
        "labels on image tokens", _pictured("gemma3", _trained_images), "image tokens", audited=True
    ),
    Fault("blank images", _pictured("gemma3", _blank), "images are|image.*same value|blank"),
    Fault("images from 0 to 255", _pictured("gemma3", _not_normalised), "255|normal"),
    Fault("one image for all rows", _pictured("gemma3", _the_same), "same image"),
    Fault("NaN in an image", _pictured("gemma3", _broken), "pixel_values"),
    Fault(
        "no token types for PaliGemma",
        _pictured("paligemma", _no_types),
        "token_type_ids",
        audited=True,
    ),
    Fault(
        "token types all zero for PaliGemma",
        _pictured("paligemma", _types_zero),
        "token_type_ids",
    ),
    Fault("no token types for Gemma 3", _pictured("gemma3", _no_types), "token_type_ids"),
    Fault("token types all zero for Gemma 3", _pictured("gemma3", _types_zero), "token_type_ids"),
)
