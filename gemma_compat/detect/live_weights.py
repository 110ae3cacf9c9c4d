"""What a live model's weights show: dtype, tying, rows, and whether they were ever trained.

Reads values where it must, one vector for a trained model. ``live`` is a ``live.LiveModel``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..errors import UnknownFact


def _dtype(live: Any) -> str:
    live.first_text_model()
    found = {name for _, module in live.text_models for name in _weight_dtypes(module)}
    if not found:
        raise UnknownFact("model", "the text model has no floating-point weights")
    return found.pop() if len(found) == 1 else "mixed"


def _weight_dtypes(module: Any) -> set[str]:
    """Return the dtypes of a module's own weights: not of adapters beside them, nor of packed ones.

    A LoRA layer holds the weight that it adapts as ``base_layer``, PEFT's copies of trained
    modules hold theirs as ``original_module``. One byte per element means quantized.
    """
    dtypes: set[Any] = set()
    waiting = [module]
    while waiting:
        current = waiting.pop()
        for weight in current._parameters.values():
            if weight is not None:
                dtypes.add(weight.dtype)
        inner = current._modules
        if inner:
            kept = inner.get("base_layer") or inner.get("original_module")
            held = inner.values() if kept is None else [kept]
            waiting += [module for module in held if module is not None]
    return {
        str(dtype).removeprefix("torch.")
        for dtype in dtypes
        if dtype.is_floating_point and dtype.itemsize > 1
    }


def _embedding_rows(live: Any) -> int:
    return int(live.first_text_model().embed_tokens.weight.shape[0])


def _per_layer_rows(live: Any) -> int | None:
    table = live.first_text_model()._modules.get("embed_tokens_per_layer")
    return None if table is None else int(table.weight.shape[0])


def _head_is_tied(live: Any) -> bool:
    """Compare by identity: equal values in two tensors are two tensors."""
    head = live.base.get_output_embeddings()
    if head is None:
        raise UnknownFact("model", "the model has no output layer")
    return head.weight is live.first_text_model().embed_tokens.weight


def _is_loaded(live: Any) -> bool:
    """Return whether ``from_pretrained`` noted a checkpoint, on the model or its config."""
    return bool(getattr(live.config, "_name_or_path", ""))


def _norms_are_fresh(live: Any) -> bool:
    """Return whether every norm of the text model is as it was initialised.

    A norm starts as all zeros (Gemma 1 to 3, which add one to it) or all ones (Gemma 3n and 4),
    and no training leaves every one of them there. Stops at the first that is not.
    """
    live.first_text_model()
    weights = (weight for _, text_model in live.text_models for weight in _norm_weights(text_model))
    first = next(weights, None)
    if first is None:
        raise UnknownFact("model", "no norm with a weight was found")
    return _is_fresh(first) and all(_is_fresh(weight) for weight in weights)


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


WEIGHT_QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "dtype": _dtype,
    "lm_head_is_tied": _head_is_tied,
    "embedding_rows": _embedding_rows,
    "per_layer_embedding_rows": _per_layer_rows,
    "loaded": _is_loaded,
    "weights_are_fresh": _norms_are_fresh,
}
