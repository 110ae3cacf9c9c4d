"""Say which tensor of the model is as large as the allocation that was refused."""

from __future__ import annotations

import re

from ....values import Value
from ..base import Case
from .estimate import run_of, shape_of, words_of
from .figures import allocator_of

_GIB = 1 << 30
_LEAST = 0.25  # GiB: many tensors of a layer are as large as a smaller one
_ROUNDED = 0.006  # GiB: the message has two digits, and PyTorch rounds up to 2 MiB
_WIDTHS = ((2, "16 bits"), (4, "float32"))
_LAST_LINES = 8  # of the frames: softmax, which attention calls, is two frames further in
_OF_THE_LOSS = re.compile(r"compute_loss|ForCausalLMLoss|cross_entropy|lm_head|logits")
_LEAST_PART = 0.6  # of a batch: above a half, only one of the widths fits
_IN_ATTENTION = re.compile(r"_attention_forward|scaled_dot_product_attention")


class _Tensor(Value):
    """A tensor of the run.

    Attributes:
        size: how many numbers it holds.
        name: what it is called in a sentence.
    """

    size: int
    name: str


def refused(case: Case) -> str:
    """Return, as the end of a sentence, the one tensor of the run that is as large as was refused.

    Empty if the model's size is not known, and if no tensor or more than one fits.
    """
    asked = allocator_of(case.message).asked
    if not asked or asked < _LEAST:
        return ""
    fitting = [
        f"{tensor.name}, each number in {width}"
        for tensor in _tensors(case)
        for bytes_each, width in _WIDTHS
        if abs(tensor.size * bytes_each / _GIB - asked) < _ROUNDED
    ]
    fitting = fitting or _part_of_a_batch(case, asked)
    if len(fitting) != 1:
        return ""
    return f"; the {asked:.2f} GiB that were refused are as much as {fitting[0]}"


def _part_of_a_batch(case: Case, asked: float) -> list[str]:
    """Return the logits of a batch whose longest row is shorter than the longest allowed."""
    run = run_of(case)
    most = (run.facts.training.get("max_length") or 0) * (
        run.facts.training.get("per_device_train_batch_size") or 0
    )
    words = words_of(run)
    if not most or not words or not _OF_THE_LOSS.search(_last(case)):
        return []
    tokens = [(asked * _GIB / (words * width), name) for width, name in _WIDTHS]
    return [
        f"the logits of {count:,.0f} tokens, each number in {name}"
        for count, name in tokens
        if _LEAST_PART < count / most <= 1
    ]


def _last(case: Case) -> str:
    return "\n".join(case.frames.splitlines()[-_LAST_LINES:])


def _tensors(case: Case) -> list[_Tensor]:
    """Return the large tensors that are made where it failed, by the last frames."""
    run = run_of(case)
    shape = shape_of(run)
    if shape is None:
        return []
    length = run.facts.training.get("max_length") or 0
    rows = run.facts.training.get("per_device_train_batch_size") or 0
    if _IN_ATTENTION.search(_last(case)):
        scores = f"the attention scores of {rows} x {length:,} tokens, {shape.heads} heads"
        return [_Tensor(rows * shape.heads * length**2, scores)]
    per_layer = shape.per_layer * len(shape.layers)
    return [
        _Tensor(shape.embedding, f"the embeddings of {shape.vocabulary:,} tokens"),
        _Tensor(
            shape.per_layer_rows * per_layer,
            f"the embeddings per layer of {shape.per_layer_rows:,} tokens",
        ),
        _Tensor(
            rows * length * shape.vocabulary * shape.head,
            f"the logits of {rows} x {length:,} tokens",
        ),
    ]
