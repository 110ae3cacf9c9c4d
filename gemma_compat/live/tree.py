"""Walk a model's modules and configs, and name them by their paths. Reads only.

A model of 27 billion parameters has 1,400 modules, and 5,000 under LoRA, so every function here
walks once, and a caller that needs many paths makes one :class:`Paths`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

# What stands between a list of decoder layers and the layer itself, by the name of its child.
_LAYER_WRAPPERS = ("_checkpoint_wrapped_module", "_fsdp_wrapped_module", "_orig_mod")


def path_of(model: Any, owner: Any) -> str:
    """Return the owner's path from the model down; its class name where the model does not hold
    it.
    """
    return Paths(model).of(owner)


class Paths:
    """The paths of many owners in one model, found in one walk.

    Holds neither the model nor an owner alive, and looks again for an owner that was put into the
    model since.
    """

    def __init__(self, model: Any) -> None:
        self._held = _weakly(model)
        self._found: dict[int, str] = {}

    def of(self, owner: Any) -> str:
        """Return the owner's path, as :func:`path_of` does."""
        model = self._held()
        if owner is model:
            return "model" if hasattr(owner, "named_modules") else _name_of(owner)
        path = self._found.get(id(owner))
        if path is None or _resolve(model, path) is not owner:
            self._found = self._walk(model)
            path = self._found.get(id(owner), _name_of(owner))
        return path

    def _walk(self, model: Any) -> dict[int, str]:
        if not hasattr(model, "named_modules"):
            return {}  # a cure at import: it is given a Python module
        found = {id(config): path for path, config in named_configs(model)}
        found.update((id(module), path) for path, module in named_modules(model))
        return found


def _weakly(model: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(model)
    except TypeError:  # a stand-in that takes no weak references
        return lambda: model


def _name_of(owner: Any) -> str:
    """Return the name of a class or a Python module; of anything else, its class name."""
    return str(getattr(owner, "__name__", type(owner).__name__))


def _resolve(model: Any, path: str) -> Any:
    """Return what is at this path now, or ``None``."""
    held = model
    for name in path.split(".")[1:]:
        own = getattr(held, "__dict__", {})
        held = own.get("_modules", {}).get(name, own.get(name))
    return held


def named_modules(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield every module with its path, ``model`` first."""
    for name, module in model.named_modules():
        yield (f"model.{name}" if name else "model"), module


def is_four_bit_layer(module: Any) -> bool:
    """Return whether this is a 4-bit layer of bitsandbytes, and not PEFT's around one.

    PEFT's has the same class name, and no dtype that it computes in.
    """
    named = any(cls.__name__ == "Linear4bit" for cls in type(module).__mro__)
    return named and hasattr(module, "compute_dtype")


def named_configs(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield every distinct config object in the module tree with the first path that leads to it.

    Walks each module's own ``__dict__`` and the configs inside configs. This finds the inner
    copies of transformers 4.50 to 4.53 too, where ``model.config.text_config`` is not the
    object that the language model reads. Configs are told by their ``model_type`` and
    ``to_dict``, so transformers need not be importable here.
    """
    seen: set[int] = set()
    kinds: dict[type, bool] = {}
    for path, module in named_modules(model):
        yield from _configs_in(module, path, seen, kinds)


def _configs_in(
    holder: Any, path: str, seen: set[int], kinds: dict[type, bool]
) -> Iterator[tuple[str, Any]]:
    """Yield the configs that an object holds directly, and those inside them.

    ``kinds`` remembers the answer for each class: a model holds some 30,000 values of 20.
    """
    for name, value in list(vars(holder).items()):
        cls = type(value)
        if cls not in kinds:
            kinds[cls] = _is_config_class(cls)
        if kinds[cls] and id(value) not in seen:
            seen.add(id(value))
            yield f"{path}.{name}", value
            yield from _configs_in(value, f"{path}.{name}", seen, kinds)


def _is_config_class(cls: type) -> bool:
    return isinstance(getattr(cls, "model_type", None), str) and hasattr(cls, "to_dict")


# Under which name a decoder layer holds what mixes its tokens; RecurrentGemma's alternates
# between attention and a recurrence.
TOKEN_MIXERS = ("self_attn", "temporal_block")


def text_models(model: Any) -> list[tuple[str, Any]]:
    """Return the modules that run the decoder layers, with their paths: one for every Gemma.

    They are recognised by what they hold (``embed_tokens``, and ``layers`` that mix tokens), since
    class and place changed between releases. Vision and audio towers lack ``embed_tokens``.
    """
    return [
        (path, module)
        for path, module in named_modules(model)
        if "embed_tokens" in module._modules and _holds_decoder_layers(module)
    ]


def _holds_decoder_layers(module: Any) -> bool:
    layers = module._modules.get("layers")
    if layers is None or len(layers) == 0:
        return False
    return any(hasattr(layers[0], name) for name in TOKEN_MIXERS)


def layer_wrappers(layer: Any) -> tuple[Any, list[str]]:
    """Return the decoder layer inside an entry of ``layers``, and what it is wrapped in.

    Returns:
        the bare layer, and the names under which each wrapper holds the next, outermost first:
        ``_checkpoint_wrapped_module`` for torch's and accelerate's ``CheckpointWrapper``.
    """
    held = list(enclosed_modules(layer))
    names = [name for module in held if (name := _held_under(module))]
    return held[-1], names


def enclosed_modules(module: Any) -> Iterator[Any]:
    """Yield a module and what it wraps, outermost first; the bare module comes last."""
    while True:
        yield module
        name = _held_under(module)
        if name is None:
            return
        module = module._modules[name]


def _held_under(module: Any) -> str | None:
    """Return the name under which a wrapper holds the next module; ``None`` for a bare one."""
    return next((name for name in _LAYER_WRAPPERS if name in module._modules), None)
