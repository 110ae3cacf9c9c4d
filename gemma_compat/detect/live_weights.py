"""Whether a live model's weights came out of a checkpoint at all. Reads values, imports nothing.

A norm starts as all zeros (Gemma 1 to 3, which add one to it) or all ones (Gemma 3n and 4), and
no training leaves every one of them there: such a text model holds random weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import UnknownFact


def is_loaded(config: Any) -> bool:
    """Whether ``from_pretrained`` noted a checkpoint; a config that was read from one also has it."""
    return bool(getattr(config, "_name_or_path", ""))


def norms_are_fresh(text_models: list[tuple[str, Any]]) -> bool:
    """Whether each norm of the decoder layers, and the last one, is as it was initialised.

    Stops at the first that is not: for a trained model this reads one vector.
    """
    norms = [weight for _, text_model in text_models for weight in _norm_weights(text_model)]
    if not norms:
        raise UnknownFact("model", "no norm with a weight was found")
    return all(_is_fresh(weight) for weight in norms)


def _norm_weights(text_model: Any) -> Iterator[Any]:
    for name, module in text_model.named_modules():
        if name.rpartition(".")[2].endswith("norm"):
            weight = getattr(module, "_parameters", {}).get("weight")
            if weight is not None:
                yield weight


def _is_fresh(weight: Any) -> bool:
    if weight.is_meta or weight.numel() == 0:
        raise UnknownFact("model", "the weights are not in this process (meta, or partitioned)")
    first = weight.detach().flatten()[0]
    return float(first) in (0.0, 1.0) and bool((weight.detach() == first).all())
