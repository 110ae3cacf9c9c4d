"""What a model holds, and what to call it. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def path_of(model: Any, owner: Any) -> str:
    """The owner's path from the model down; its class name where the model does not hold it."""
    if owner is model:
        return "model"
    for path, held in named_modules(model):
        if held is owner:
            return path
    for path, config in named_configs(model):
        if config is owner:
            return path
    return type(owner).__name__


def named_modules(model: Any) -> Iterator[tuple[str, Any]]:
    """Every module with its path, ``model`` first."""
    for name, module in model.named_modules():
        yield (f"model.{name}" if name else "model"), module


def named_configs(model: Any) -> Iterator[tuple[str, Any]]:
    """Every distinct config object in the module tree with the first path that leads to it.

    Walks each module's own ``__dict__`` and the configs inside configs. This finds the inner
    copies of transformers 4.50 to 4.53 too, where ``model.config.text_config`` is not the
    object that the language model reads. Configs are told by their ``model_type`` and
    ``to_dict``, so transformers need not be importable here.
    """
    seen: set[int] = set()
    for path, module in named_modules(model):
        for name, value in list(vars(module).items()):
            yield from _configs_in(value, f"{path}.{name}", seen)


def _configs_in(value: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if not _is_config(value) or id(value) in seen:
        return
    seen.add(id(value))
    yield path, value
    for name, inner in list(vars(value).items()):
        yield from _configs_in(inner, f"{path}.{name}", seen)


def _is_config(value: Any) -> bool:
    cls = type(value)
    return isinstance(getattr(cls, "model_type", None), str) and hasattr(cls, "to_dict")


def text_models(model: Any) -> list[tuple[str, Any]]:
    """The modules that run the decoder layers, with their paths: one for every Gemma.

    Told by what they hold (``embed_tokens`` and ``layers`` with a ``self_attn``), since their
    class and place moved between releases; vision and audio towers have no ``embed_tokens``.
    """
    return [
        (path, module)
        for path, module in named_modules(model)
        if hasattr(module, "embed_tokens") and _holds_decoder_layers(module)
    ]


def _holds_decoder_layers(module: Any) -> bool:
    layers = module._modules.get("layers")
    return layers is not None and len(layers) > 0 and hasattr(layers[0], "self_attn")
