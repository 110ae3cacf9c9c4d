"""How alike two gradients of one model are."""

from __future__ import annotations

from typing import Any

import torch

from .options import Record

_CHUNK = 1 << 26  # elements compared at once


def alike(names: list[str], first: list[Any], second: list[Any]) -> Record:
    """Cosine of the whole gradient, and the parameter in which the two differ most.

    Where a gradient is not a number that parameter is named, with a cosine of -2.
    """
    sums = [0.0, 0.0, 0.0]
    lowest: tuple[float, str] = (2.0, "")
    missing = []
    for name, one, other in zip(names, first, second, strict=True):
        if one is None or other is None:
            missing += [name] if (one is None) != (other is None) else []
            continue
        dots = _dots(one, other)
        sums = [total + dot for total, dot in zip(sums, dots, strict=True)]
        cosine = _cosine(dots)
        lowest = min(lowest, (cosine if cosine == cosine else -2.0, name))
    return {
        "cosine": round(_cosine(sums), 6),
        "lowest": round(lowest[0], 6),
        "at": lowest[1],
        "without_gradient_on_one_side": missing[:5],
    }


def _dots(one: Any, other: Any) -> list[float]:
    """``<a, b>``, ``<a, a>`` and ``<b, b>``, in chunks: the embeddings alone are gigabytes."""
    sums = torch.zeros(3, dtype=torch.float64, device=one.device)
    for a, b in zip(one.flatten().split(_CHUNK), other.flatten().split(_CHUNK), strict=True):
        a, b = a.float(), b.float()
        sums += torch.stack([(a * b).sum(), (a * a).sum(), (b * b).sum()]).double()
    return [float(value) for value in sums]


def _cosine(dots: list[float]) -> float:
    product, first, second = dots
    if first == 0 or second == 0:  # all zero on both sides is no difference
        return 1.0 if first == second else 0.0
    return float(product / (first * second) ** 0.5)
