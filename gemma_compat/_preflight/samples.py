"""Split a batch into samples: rows without their padding, and packed rows taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PICTURES = ("pixel", "image", "audio", "input_features", "video")


@dataclass(frozen=True)
class Sample:
    """Tokens ``start`` to ``end`` (exclusive) of one row, which attend only to each other."""

    row: int
    start: int
    end: int


def samples_of(batch: Mapping[str, Any]) -> list[Sample]:
    """Return the samples of a batch, row by row.

    A row is cut where its ``position_ids`` start again, or where its ``attention_mask`` changes
    number (1, 1, 2, 2, as some packers write). Without either it is one sample.
    """
    ids = batch["input_ids"]
    found: list[Sample] = []
    for row in range(ids.shape[0]):
        start, end = span(batch, row)
        cuts = [start, *_cuts(batch, row, start, end), end]
        found += [Sample(row, a, b) for a, b in zip(cuts, cuts[1:], strict=False) if b > a]
    return found


def neighbours(batch: Mapping[str, Any]) -> tuple[Sample, Sample] | None:
    """Return the first two samples that share a row, one behind the other; ``None`` without any."""
    samples = samples_of(batch)
    for one, other in zip(samples, samples[1:], strict=False):
        if one.row == other.row and one.end == other.start and one.end - one.start > 2:
            return one, other
    return None


def span(batch: Mapping[str, Any], row: int) -> tuple[int, int]:
    """Return the first token of the row that is not padding, and the one after the last."""
    length = int(batch["input_ids"].shape[1])
    mask = two_dimensional(batch, "attention_mask")
    if mask is None:
        return 0, length
    real = (mask[row] != 0).nonzero().flatten().tolist()
    return (real[0], real[-1] + 1) if real else (0, 0)


def two_dimensional(batch: Mapping[str, Any], name: str) -> Any:
    """Return a tensor with the shape of ``input_ids``; ``None`` if it has another, or there are
    no ids.
    """
    value, ids = batch.get(name), batch.get("input_ids")
    if ids is None:
        return None
    return value if tuple(getattr(value, "shape", ())) == tuple(ids.shape) else None


def _cuts(batch: Mapping[str, Any], row: int, start: int, end: int) -> list[int]:
    mask = two_dimensional(batch, "attention_mask")
    if mask is not None:
        values = mask[row, start:end].tolist()
        if len(set(values)) > 1:
            pairs = zip(values, values[1:], strict=False)
            return [start + at + 1 for at, (a, b) in enumerate(pairs) if a != b]
    positions = positions_of(batch)
    if positions is None or not counts_up(batch):
        return []
    values = positions[row, start:end].tolist()
    return [start + at for at in range(1, len(values)) if values[at] <= values[at - 1]]


def positions_of(batch: Mapping[str, Any]) -> Any:
    """Return the ``position_ids``, one for each token; ``None`` if the batch has none."""
    return two_dimensional(batch, "position_ids")


def counts_up(batch: Mapping[str, Any]) -> bool:
    """Return whether most positions are one more than the one before; all zeros are not."""
    positions = positions_of(batch)
    if positions is None or positions.shape[1] < 3:
        return True
    mask = two_dimensional(batch, "attention_mask")
    steps = positions[:, 1:] - positions[:, :-1]
    real = steps == steps if mask is None else (mask[:, 1:] != 0) & (mask[:, :-1] != 0)
    total = int(real.sum())
    return not total or int(((steps == 1) & real).sum()) >= total / 2


def is_packed(batch: Mapping[str, Any]) -> bool:
    """Return whether some row holds more than one sample."""
    return len(samples_of(batch)) > int(batch["input_ids"].shape[0])


def has_pictures(batch: Mapping[str, Any]) -> bool:
    """Return whether the batch holds images or sound, so that rows cannot be taken apart."""
    return any(
        word in name and getattr(value, "numel", lambda: 0)()
        for name, value in batch.items()
        for word in _PICTURES
        if hasattr(value, "is_floating_point") and value.is_floating_point()
    )


def row_length(batch: Mapping[str, Any], row: int, pad: int | None) -> int:
    """Return the tokens of the row before its padding on the right, by mask or by pad token."""
    end = span(batch, row)[1]
    if pad is None or two_dimensional(batch, "attention_mask") is not None:
        return end
    ids = batch["input_ids"][row, :end].tolist()
    while ids and ids[-1] == pad:
        ids.pop()
    return len(ids)


def shortened(batch: dict[str, Any], limit: int) -> dict[str, Any]:
    """Return at most ``limit`` tokens of the first row with a label; with images the whole
    batch.
    """
    rows, tokens = batch["input_ids"].shape
    if has_pictures(batch) or rows * tokens <= limit:
        return batch
    labels = batch.get("labels")
    if tuple(getattr(labels, "shape", ())) != (rows, tokens):
        return batch
    assert labels is not None
    trained = (labels != -100).any(dim=1).nonzero().flatten().tolist()
    row = trained[0] if trained else 0
    labelled = (labels[row] != -100).nonzero().flatten().tolist()
    end = min(tokens, max(limit, (labelled[0] if labelled else 0) + limit // 2))
    return cut(batch, row, end - min(end, limit), end)


def cut(batch: Mapping[str, Any], row: int, start: int, end: int) -> dict[str, Any]:
    """Return tokens ``start`` to ``end`` of one row; values that are not per token stay whole."""
    shape = tuple(batch["input_ids"].shape)
    return {
        name: value[row : row + 1, start:end]
        if tuple(getattr(value, "shape", ())) == shape
        else _cut_mask(value, row, start, end, shape)
        for name, value in batch.items()
    }


def _cut_mask(value: Any, row: int, start: int, end: int, shape: tuple[int, ...]) -> Any:
    """Cut a mask of four dimensions (rows, heads, tokens, tokens); return other values as
    they are.
    """
    found = tuple(getattr(value, "shape", ()))
    if len(found) == 4 and found[0] == shape[0] and found[2:] == (shape[1], shape[1]):
        return value[row : row + 1, :, start:end, start:end]
    return value
