"""Check whether what a run saves can be loaded again: one name a weight, and a config that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ...live.unwrap import peft_wrapper
from ..result import CheckResult
from ..text import text_config_of
from ._answers import warned

if TYPE_CHECKING:
    from ..subject import Subject


def of_shared(subject: Subject) -> CheckResult | None:
    """Warn of a weight under two names, which safetensors refuses to write."""
    if peft_wrapper(subject.model) is not None:
        return None  # an adapter alone is written
    names: dict[int, list[str]] = {}
    for name, p in subject.base.named_parameters(remove_duplicate=False):
        names.setdefault(id(p), []).append(name)
    tied = [getattr(m, "weight", None) for m in _embeddings(subject.base)]
    for same in names.values():
        held = dict(subject.base.named_parameters(remove_duplicate=False))[same[0]]
        if len(same) > 1 and not any(held is weight for weight in tied):
            return warned(
                f"{same[0]} and {same[1]} are one weight: saving stops with 'contained shared "
                "tensors', or writes it once",
                help="copy.deepcopy of the layer that is used twice",
            )
    return None


def _embeddings(model: Any) -> list[Any]:
    found = [
        getattr(model, f"get_{kind}_embeddings", lambda: None)() for kind in ("input", "output")
    ]
    return [module for module in found if module is not None]


def of_shapes(subject: Subject) -> CheckResult | None:
    """Warn of a config that describes another network than the one in hand."""
    models, config = text_models(subject.base), text_config_of(subject)
    if not models or config is None:
        return None
    layers, stated = len(models[0][1].layers), getattr(config, "num_hidden_layers", None)
    if isinstance(stated, int) and stated != layers:
        return warned(
            f"the model has {layers} layers, and config.num_hidden_layers is {stated}: what is "
            "saved is loaded again with another network, random where a layer is missing",
            help=f"config.num_hidden_layers = {layers}, and config.layer_types of the layers kept",
        )
    if moved := _moved(models[0][1].layers, getattr(config, "layer_types", None)):
        return warned(moved, help="config.layer_types = the kind of each layer, in its place")
    rows = int(models[0][1].embed_tokens.weight.shape[0])
    width = getattr(config, "vocab_size", None)
    if isinstance(width, int) and width != rows and peft_wrapper(subject.model) is None:
        return warned(
            f"the embedding has {rows} rows, and config.vocab_size is {width}: what is saved "
            "cannot be loaded again",
            help="model.resize_token_embeddings(n), which sets both",
        )
    return None


def _moved(layers: Any, kinds: Any) -> str:
    """Return where a layer's kind of attention is not what the config says of its place."""
    if not isinstance(kinds, (list, tuple)) or len(kinds) != len(layers):
        return ""
    for at, (layer, kind) in enumerate(zip(layers, kinds, strict=True)):
        own = getattr(getattr(layer, "self_attn", None), "layer_type", None) or getattr(
            layer, "attention_type", None
        )
        if isinstance(own, str) and own != kind:
            return (
                f"layer {at} has {own}, and config.layer_types says {kind}: what is saved is "
                "loaded again with another network"
            )
    return ""
