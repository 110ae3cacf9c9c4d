"""Find what Unsloth has put in place of transformers' own code, on a model in hand. Reads only.

It is recognised by the origin of code objects and by marks on functions. Attributes named
``_original_...`` do not serve: Unsloth patches in three passes, and the second overwrites what the
first kept. ``__module__`` alone does not either: Unsloth's compiler gives rebuilt classes the name
of the module that they replace.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from .tree import layer_wrappers

_COMPILED = "unsloth_compiled_module_"
_PACKAGES = {"unsloth", "unsloth_zoo"}
# What a function may keep its inner one under: torch.compile, Unsloth's wrappers, functools.wraps.
_INNER = ("_torchdynamo_orig_callable", "_unsloth_compiled_func", "__wrapped__")
_CARRIER_MARKS = ("_unsloth_gemma4_carrier_patched", "_unsloth_gemma3n_kv_sharing")
_TEXT_MODEL_MARK = "_unsloth_kv_shared_use_cache_false_patched"


def patched_methods(model: Any) -> list[str]:
    """Return ``Class.method`` for each method of the model's classes that runs Unsloth's code,
    sorted.
    """
    folders = _folders()
    return sorted(
        f"{cls.__name__}.{name}"
        for cls in _classes(model)
        for name, function in _methods(cls)
        if any(_is_unsloths(inner, folders) for inner in _layers(function))
    )


def rebuilt_classes(model: Any) -> list[str]:
    """Return the classes whose ``forward`` was written by Unsloth's compiler, sorted."""
    return sorted(
        cls.__name__
        for cls in _classes(model)
        if any(_is_compiled(inner) for inner in _layers(vars(cls).get("forward")))
    )


def carries_shared_kv(text_model: Any) -> bool:
    """Return whether unsloth_zoo has put its own cure for shared keys and values on these classes.

    Its markers sit on the ``forward`` functions. The mark on Gemma 4's text model alone proves
    nothing: unsloth_zoo before 2026.6.7 set it too, and that wrapper is undone by checkpointing.
    The later one is told by its argument ``attach_carrier``.
    """
    layers = list(text_model.layers)
    attention = getattr(layer_wrappers(layers[0])[0], "self_attn", None)
    if attention is None:
        return False  # RecurrentGemma: nothing is shared
    attention = type(attention).forward
    if any(getattr(attention, name, False) for name in _CARRIER_MARKS):
        return True
    forward = type(text_model).forward
    marked = getattr(forward, _TEXT_MODEL_MARK, False)
    return bool(marked) and "attach_carrier" in forward.__code__.co_freevars


def scales_embeddings_twice(text_model: Any) -> bool:
    """Return whether the embeddings scale their output and Unsloth's fast forward scales it again.

    The repaired forward asks the embeddings first (``embedding_applies_scale``).
    """
    scaled = getattr(text_model.embed_tokens, "embed_scale", None) is not None
    for function in _layers(type(text_model).forward):
        is_theirs = _is_unsloths(function, _folders())
        if is_theirs and function.__code__.co_name == "LlamaModel_fast_forward":
            return scaled and "embedding_applies_scale" not in function.__code__.co_names
    return False


def _classes(model: Any) -> list[type]:
    """Return each class in the model's tree and its bases once, torch's left out."""
    kinds = dict.fromkeys(map(type, map(itemgetter(1), model.named_modules())))
    found = dict.fromkeys(cls for kind in kinds for cls in kind.__mro__)
    return [cls for cls in found if cls.__module__.partition(".")[0] != "torch"]


def _methods(cls: type) -> Iterator[tuple[str, Any]]:
    for name, value in list(vars(cls).items()):
        if isinstance(value, (classmethod, staticmethod)):
            value = value.__func__
        if not callable(value) or isinstance(value, type) or name.startswith("_original_"):
            continue
        yield name, value


def _layers(function: Any) -> list[Any]:
    """Return a function and what it wraps, outermost first; nothing for ``None``."""
    found: list[Any] = []
    while function is not None and len(found) < 16:  # one that wraps itself must not hang us
        found.append(function)
        inner = getattr(function, "__dict__", None)
        function = next((inner[name] for name in _INNER if name in inner), None) if inner else None
    return found


def _is_unsloths(function: Any, folders: tuple[str, ...]) -> bool:
    """Return whether a function is Unsloth's, by its module or by the file of its code.

    Some of Unsloth's patches exchange only the code of a function.

    Args:
        function: a function, or anything else that can be called.
        folders: those of :func:`_folders`.
    """
    home = str(getattr(function, "__globals__", {}).get("__name__", "")).partition(".")[0]
    return home in _PACKAGES or (bool(folders) and _file(function).startswith(folders))


def _is_compiled(function: Any) -> bool:
    return os.path.basename(_file(function)).startswith(_COMPILED)


def _file(function: Any) -> str:
    return str(getattr(getattr(function, "__code__", None), "co_filename", ""))


def _folders() -> tuple[str, ...]:
    """Return where the imported packages lie, each with a separator at its end."""
    files = (getattr(sys.modules.get(name), "__file__", None) for name in _PACKAGES)
    return tuple(os.path.join(os.path.dirname(file), "") for file in files if file)
