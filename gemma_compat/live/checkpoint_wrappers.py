"""Find what recomputes a decoder layer from outside transformers' own checkpointing.

Torch's ``CheckpointWrapper`` (accelerate and FSDP use it too) counts wherever it encloses an
attention: around the layer, inside or outside FSDP 1, or around the attention alone. So do a
``forward`` replaced by ``partial(torch.utils.checkpoint.checkpoint, ...)`` and torch's composable
``checkpoint``. A wrapper around an MLP changes no attention, one around the whole text model
recomputes the cache with it, and ``OffloadWrapper`` recomputes nothing: none of them counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from .tree import TOKEN_MIXERS, enclosed_modules

_COMPOSABLE = "torch.distributed._composable.checkpoint_activation"


def reentrancies(text_model: Any) -> list[bool | None]:
    """Return ``use_reentrant`` of each checkpoint around an attention of this text model.

    ``None`` stands for a checkpoint function that does not say. An empty list: no layer is
    recomputed from outside.
    """
    layers = text_model._modules["layers"]._modules.values()
    return [value for layer in layers for value in _around_attention(layer)]


def is_wrapped(layer: Any) -> bool:
    """Return whether something outside recomputes this entry of ``layers``."""
    return any(True for _ in _around_attention(layer))


def _around_attention(layer: Any) -> Iterator[bool | None]:
    bare = None
    for bare in enclosed_modules(layer):
        yield from checkpoints_on(bare)
    inner = bare._modules if bare is not None else {}
    for attention in (inner[name] for name in TOKEN_MIXERS if name in inner):
        for module in enclosed_modules(attention):
            yield from checkpoints_on(module)


def checkpoints_on(module: Any) -> Iterator[bool | None]:
    """Yield ``use_reentrant`` of the checkpoints that one module applies to what it holds."""
    own = vars(module)
    if "_checkpoint_wrapped_module" in module._modules and "checkpoint_fn" in own:
        yield _use_reentrant(own["checkpoint_fn"])
    if isinstance(own.get("forward"), partial) and is_torchs(own["forward"].func):
        yield _use_reentrant(own["forward"])
    hooks = own.get("_forward_pre_hooks", {}).values()
    if any(getattr(hook, "__module__", "") == _COMPOSABLE for hook in hooks):
        yield False  # it refuses to be reentrant


def _use_reentrant(function: Any) -> bool | None:
    bound: partial[Any] = function if isinstance(function, partial) else partial(function)
    stated = bound.keywords.get("use_reentrant")
    if stated is not None:
        return bool(stated)
    return True if is_torchs(bound.func) else None  # torch warns, and takes the reentrant one


def is_torchs(function: Any) -> bool:
    """Return whether this is ``torch.utils.checkpoint.checkpoint`` itself.

    Decide by where its code was defined: Unsloth puts another function under torch's name, and a
    name or ``__module__`` can be copied. In transformers >= 5.22 (``offload=True``), a wrapper
    passes everything on to the function that it imported from torch.
    """
    home = getattr(function, "__globals__", {})
    if home.get("__name__") == "transformers.modeling_utils":
        function = home.get("checkpoint")
        home = getattr(function, "__globals__", {})
    is_in_torch = str(home.get("__name__")).partition(".")[0] == "torch"
    return is_in_torch and getattr(function, "__name__", "") == "checkpoint"
