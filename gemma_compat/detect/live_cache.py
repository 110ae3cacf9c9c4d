"""Does a forward of this model ask for a cache? From the functions that it really runs.

Which config decides moved between releases and differs by class: a Gemma 3's text model reads
its own, a Gemma 4's reads what the module above it took from the top-level config. So each
module on the way down to the text model is asked whether its ``forward`` reads
``config.use_cache``; the first one that finds a value there decides for those below.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import UnknownFact
from .live_patches import our_hooks

_HOOK = "leave_cache_out"  # of patching/cache_switch.py


def asks_for_cache(model: Any, text_models: list[tuple[str, Any]]) -> bool:
    """Return whether any text model builds a cache when the caller does not pass ``use_cache``.

    Args:
        model: the unwrapped model.
        text_models: its text models with their paths.
    """
    if not text_models:
        raise UnknownFact("model.use_cache", "no module with embed_tokens and decoder layers")
    return any(_decides(model, path) for path, _ in text_models)


def _decides(model: Any, path: str) -> bool:
    """Return the first value on the way down; ``None`` and a missing field leave it to the next.

    A hook of ours on the way answers for all below: it passes ``use_cache=False`` in training.
    """
    for module in _way_down(model, path):
        if _HOOK in {function.__name__ for function in our_hooks(module)}:
            return False
        if reads_config(type(module).forward):
            value = getattr(getattr(module, "config", None), "use_cache", None)
            if value is not None:
                return bool(value)
    return False


def _way_down(model: Any, path: str) -> Iterator[Any]:
    yield model
    for name in path.split(".")[1:]:
        model = model._modules[name]
        yield model


def reads_config(forward: Any) -> bool:
    """Return whether this ``forward``, or a decorator around it, takes ``use_cache`` from a config.

    The function itself reads ``self.config.use_cache``; a decorator of transformers
    (``check_model_inputs``, ``merge_with_config_defaults``) names the argument as text.
    """
    function = forward
    while hasattr(function, "__wrapped__"):
        code = getattr(function, "__code__", None)
        if code is not None and _names_as_text(code.co_consts, "use_cache"):
            return True
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    return code is not None and "use_cache" in code.co_names


def _names_as_text(constants: tuple[Any, ...], name: str) -> bool:
    return name in constants or any(isinstance(item, tuple) and name in item for item in constants)
