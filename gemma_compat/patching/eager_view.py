"""A config that says ``eager`` and is otherwise the same config.

Attention reads ``self.config._attn_implementation`` in each forward. A value written there would
reach every other model on that config, and every model made from it. A view shares all fields with
the config (a Trainer's or a user's later write is seen through it) and answers that one question
by itself; it is put on the modules that ask, and the config stays as it was.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

SLOT = "_attn_implementation_internal"  # what the property _attn_implementation keeps
_PROPERTY = "_attn_implementation"


def eager_view(config: Any) -> Any:
    """Return a view of ``config`` that says ``eager``. Copies and pickles as a view of the copy."""
    cls: Any = type(config)
    view: Any = object.__new__(_view_class(cls))
    object.__setattr__(view, "_gemma_compat_config", config)
    object.__setattr__(view, "__dict__", vars(config))
    return view


def is_view(config: Any) -> bool:
    """Return whether this is a view."""
    return hasattr(type(config), "_gemma_compat_config")


@lru_cache(maxsize=None)
def _view_class(cls: Any) -> type:
    def reduce(view: Any, *protocol: int) -> tuple[Any, ...]:
        return eager_view, (view._gemma_compat_config,)

    def fields(name: str) -> property:
        found = getattr(cls, name, None)
        return property(lambda view: "eager", getattr(found, "fset", None) or _keep(name))

    return type(
        cls.__name__,
        (cls,),
        {
            "__slots__": ("_gemma_compat_config",),
            "__module__": cls.__module__,
            "__reduce_ex__": reduce,
            _PROPERTY: fields(_PROPERTY),
            SLOT: fields(SLOT),
        },
    )


def _keep(name: str) -> Any:
    """Return a setter that writes the field that view and config share."""

    def write(view: Any, value: Any) -> None:
        vars(view)[name] = value

    return write
