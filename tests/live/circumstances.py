"""Batches and control flows that a cure may meet, and the right answer in each.

Each function is given a model and whether it is the right one: unpatched, in eval mode, with its
cache. The other one is patched, and used as a training script uses it.
"""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from gemma_compat.live.tree import text_models

from .. import tiny
from . import compare

FIRST, SECOND = 10, 14  # tokens of the two samples of a packed row


def step(model: Any, batch: compare.Batch, right: bool, **more: Any) -> compare.Run:
    """One training step; where the model is right, in eval mode and with its cache."""
    model.train(not right)
    return compare.run(model, batch, **({"use_cache": True, **more} if right else more))


def plain(model: Any, name: str, right: bool) -> compare.Run:
    return step(model, tiny.batch(name), right)


def padded(model: Any, name: str, right: bool) -> compare.Run:
    return step(model, tiny.pad_left(tiny.batch(name)), right)


def packed(model: Any, name: str, right: bool) -> compare.Run:
    """Two samples in a row, told apart by position ids; right is each of them by itself."""
    whole = tiny.batch(name, size=1, tokens=FIRST + SECOND)
    del whole["attention_mask"]
    whole["labels"][:, FIRST] = -100
    if not right:
        whole["position_ids"] = torch.cat([torch.arange(FIRST), torch.arange(SECOND)])[None]
        return step(model, whole, right)
    model.zero_grad(set_to_none=True)
    counts = FIRST - 1, SECOND - 1
    total: Any = 0.0
    for part, count in zip((slice(0, FIRST), slice(FIRST, None)), counts, strict=True):
        one = {key: value[:, part] for key, value in whole.items()}
        total = total + model.eval()(**one, use_cache=True).loss * count / sum(counts)
    total.backward()
    return compare.Run(total.item(), compare.gradients(model))


def given_embeddings(model: Any, name: str, right: bool) -> compare.Run:
    batch = tiny.batch(name)
    model.zero_grad(set_to_none=True)
    batch["inputs_embeds"] = model.get_input_embeddings()(batch.pop("input_ids"))
    return step(model, batch, right)


def without_labels(model: Any, name: str, right: bool) -> compare.Run:
    batch = tiny.batch(name)
    del batch["labels"]
    model.train(not right).zero_grad(set_to_none=True)
    loss = model(**batch, **({"use_cache": True} if right else {})).logits.float().pow(2).mean()
    loss.backward()
    return compare.Run(loss.item(), compare.gradients(model))


def by_position(model: Any, name: str, right: bool) -> compare.Run:
    """``input_ids`` without its name, and a tuple as the answer."""
    batch = tiny.batch(name)
    ids = batch.pop("input_ids")
    model.train(not right).zero_grad(set_to_none=True)
    more = {"use_cache": True} if right else {}
    loss = model(ids, **batch, **more, return_dict=False)[0]
    loss.backward()
    return compare.Run(loss.item(), compare.gradients(model))


def with_cache(model: Any, name: str, right: bool) -> compare.Run:
    return step(model, tiny.batch(name), right, use_cache=True)


def without_cache(model: Any, name: str, right: bool) -> compare.Run:
    return step(model, tiny.batch(name), right, use_cache=right)


def evaluating(model: Any, name: str, right: bool) -> compare.Run:
    """Eval mode, with gradients, as an attack or an attribution does it."""
    return compare.run(model.eval(), tiny.batch(name), **({"use_cache": True} if right else {}))


def without_gradients(model: Any, name: str, right: bool) -> torch.Tensor:
    with torch.no_grad():
        made = model.train(not right)(**tiny.batch(name), **({"use_cache": True} if right else {}))
    return made.logits


def generating(model: Any, name: str, right: bool) -> torch.Tensor:
    batch = tiny.batch(name)
    del batch["labels"]
    asked = {"max_new_tokens": 6, "do_sample": False, "pad_token_id": 0, "eos_token_id": None}
    tokens: torch.Tensor = model.eval().generate(**batch, **asked)
    return tokens


def two_forwards(model: Any, name: str, right: bool) -> compare.Run:
    model.train(not right).zero_grad(set_to_none=True)
    more = {"use_cache": True} if right else {}
    loss = sum(model(**tiny.batch(name, seed=seed), **more).loss for seed in (3, 4))
    loss.backward()
    return compare.Run(loss.item(), compare.gradients(model))


def accumulating(model: Any, name: str, right: bool) -> compare.Run:
    model.train(not right).zero_grad(set_to_none=True)
    more, total = ({"use_cache": True} if right else {}), 0.0
    for seed in (3, 4):
        loss = model(**tiny.batch(name, seed=seed), **more).loss / 2
        loss.backward()
        total += loss.item()
    return compare.Run(total, compare.gradients(model))


class _Mark:
    """Lives as long as the graph that holds it."""


def skipped_backward(model: Any, name: str, right: bool) -> compare.Run:
    """A loss that is thrown away, as a guard against NaN does: its graph must be freed."""
    marks = []

    def mark(module: Any, args: Any, output: Any) -> None:
        made = _Mark()
        output.register_hook(partial(_keep, made))
        marks.append(weakref.ref(made))

    model.train(not right)
    handle = model.get_input_embeddings().register_forward_hook(mark)
    more = {"use_cache": True} if right else {}
    for _ in range(2):
        model(**tiny.batch(name), **more)
    handle.remove()
    gc.collect()
    assert marks and not [held for held in marks if held() is not None], "a graph is kept"
    return step(model, tiny.batch(name), right)


def _keep(made: _Mark, gradient: Any) -> None:
    """Do nothing with the gradient; ``made`` is held by whoever holds this hook."""


def copied(model: Any, name: str, right: bool) -> compare.Run:
    return step(copy.deepcopy(model), tiny.batch(name), right)


_IMAGE_TOKENS = {"gemma3": 4, "gemma4": 4, "paligemma": 16}
IMAGE = 250


def with_images(model: Any, name: str, right: bool) -> compare.Run | None:
    """An image at the beginning of each row; ``None`` for a model of text."""
    if name not in _IMAGE_TOKENS:
        return None
    batch = tiny.batch(name)
    place = slice(0, _IMAGE_TOKENS[name])
    batch["input_ids"][:, place] = IMAGE
    batch["labels"][:, place] = -100
    types = batch["mm_token_type_ids" if name == "gemma4" else "token_type_ids"]
    types[:, place] = 0 if name == "paligemma" else 1
    run = step(model, {**batch, **_pixels(model, name)}, right)
    # Softmax does not change where all keys move alike: this gradient is rounding.
    grads = {key: grad for key, grad in run.grads.items() if not key.endswith("k_proj.bias")}
    return compare.Run(run.loss, grads)


def _pixels(model: Any, name: str) -> compare.Batch:
    generator = torch.Generator().manual_seed(5)
    if name != "gemma4":
        return {"pixel_values": torch.randn(2, 3, 56, 56, generator=generator)}
    side, patch = torch.arange(6), model.config.vision_config.patch_size
    grid = torch.stack([side.repeat(6), side.repeat_interleave(6)], 1)
    return {
        "pixel_values": torch.rand(2, 36, 3 * patch**2, generator=generator),
        "image_position_ids": grid[None].repeat(2, 1, 1),
    }


def compiled(model: Any, name: str, right: bool) -> compare.Run:
    """Traced by dynamo, and run without a compiler."""
    if right:
        return step(model, tiny.batch(name), right)
    torch._dynamo.reset()
    model.train()
    run = compare.run(torch.compile(model, backend="eager"), tiny.batch(name))
    names = [key.removeprefix("_orig_mod.") for key in run.grads]
    return compare.Run(run.loss, dict(zip(names, run.grads.values(), strict=True)))


def reading_hidden_states(model: Any, name: str, right: bool) -> torch.Tensor:
    """What a loss on hidden states reads (distillation)."""
    more = {"use_cache": True} if right else {}
    made = model.train(not right)(**tiny.batch(name), **more, output_hidden_states=True)
    assert len(made.hidden_states) == len(text_models(model)[0][1].layers) + 1
    last: torch.Tensor = made.hidden_states[-2].detach()
    return last


CIRCUMSTANCES: dict[str, Callable[[Any, str, bool], Any]] = {
    "a plain step": plain,
    "a row padded on the left": padded,
    "samples packed by position ids": packed,
    "inputs_embeds in place of ids": given_embeddings,
    "no labels": without_labels,
    "ids by position, a tuple back": by_position,
    "use_cache=True": with_cache,
    "use_cache=False": without_cache,
    "eval mode with gradients": evaluating,
    "no_grad": without_gradients,
    "generate": generating,
    "output_hidden_states": reading_hidden_states,
    "images": with_images,
    "two forwards before one backward": two_forwards,
    "gradient accumulation": accumulating,
    "a skipped backward": skipped_backward,
    "deepcopy": copied,
    "torch.compile": compiled,
}
SLOW = {"torch.compile"}
