"""Walk a model's modules and configs, and name them by their paths. Reads only.

A model of 27 billion parameters has 1,400 modules, and 5,000 under LoRA, so every function here
walks once, and a caller that asks more than one makes one ``Snapshot``, or one ``Paths``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

# What stands between a list of decoder layers and the layer itself, by the name of its child.
_LAYER_WRAPPERS = ("_checkpoint_wrapped_module", "_fsdp_wrapped_module", "_orig_mod")


def named_modules(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield every module with its path, ``model`` first."""
    for name, module in walk(model):
        yield _path(name), module


def walk(model: Any) -> Sequence[tuple[str, Any]]:
    """Return what torch's ``named_modules`` yields: each module once, parents before children.

    In half its time: torch hands every module up through a generator for each level above it.
    """
    if not isinstance(getattr(model, "_modules", None), dict):
        return tuple(model.named_modules())  # a Snapshot, or a stand-in
    found: list[tuple[str, Any]] = []
    _visit("", model, found, set())
    return found


def _visit(name: str, module: Any, found: list[tuple[str, Any]], seen: set[int]) -> None:
    """Note a module and what it holds. No closure: one that calls itself keeps the model alive."""
    seen.add(id(module))
    found.append((name, module))
    start = f"{name}." if name else ""
    for key, held in module._modules.items():
        if held is None or id(held) in seen:
            continue
        if held._modules:
            _visit(start + key, held, found, seen)
        else:  # as most: no call is made for them
            seen.add(id(held))
            found.append((start + key, held))


def _path(name: str) -> str:
    return f"model.{name}" if name else "model"


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
    others: set[type] = set()
    for name, module in walk(model):
        if not others.issuperset(map(type, vars(module).values())):
            yield from _configs_in(module, _path(name), seen, others)


def _configs_in(
    holder: Any, path: str, seen: set[int], others: set[type]
) -> Iterator[tuple[str, Any]]:
    """Yield the configs that an object holds directly, and those inside them.

    ``others`` remembers the classes of what is not one: a model holds some 30,000 values of 20.
    """
    held = [(name, value) for name, value in vars(holder).items() if type(value) not in others]
    for name, value in held:
        if not is_config_class(type(value)):
            others.add(type(value))
        elif id(value) not in seen:
            seen.add(id(value))
            yield f"{path}.{name}", value
            yield from _configs_in(value, f"{path}.{name}", seen, others)


def is_config_class(cls: type) -> bool:
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
        (_path(name), module)
        for name, module in walk(model)
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
    names = []
    while (name := _held_under(layer)) is not None:
        names.append(name)
        layer = layer._modules[name]
    return layer, names


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
    for name in _LAYER_WRAPPERS:  # a generator here would break the graph of torch.compile
        if name in module._modules:
            return name
    return None
