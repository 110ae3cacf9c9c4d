"""Carry shared keys and values from layer to layer where no cache does.

The upper decoder layers of Gemma 3n and Gemma 4 compute no keys and values: they
borrow those of a lower layer. Early releases pass them through the cache alone. Where there is
none (training, ``use_cache=False``, checkpointing), each borrower silently falls back on
projections that were never trained.

Three stateless hooks pass them by another way. A pre-hook on the text model makes one
:class:`SharedKV` for each forward and adds it to the keyword arguments, which the text model
hands to its layers. A pre-hook on each attention gives it over in place of the missing cache; it
runs inside the checkpointed region, so in the recomputation too. A hook at the end of the forward
cuts what is kept from the graph. Two forwards before one backward each have their own.
"""

from __future__ import annotations

import threading
import weakref
from types import SimpleNamespace
from typing import Any

from ..errors import PatchNotNeeded, PatchRefused, PatchTargetMissing
from ..live.checkpoint_wrappers import is_wrapped
from ..live.tree import layer_wrappers
from ..live.upstream import carries_shared_kv
from .non_reentrant import (
    add_non_reentrant,
    decoder_layers,
    is_checkpointed,
    refuse_cured_by_unsloth,
)

_ARGUMENT = "_gemma_compat_shared_kv"
# Holders of forwards that are not over, by text model and thread: one that Ctrl-C ended was not
# cut, and would keep its graph for good.
_open: weakref.WeakKeyDictionary[Any, dict[int, weakref.ref[SharedKV]]]
_CACHE_NAMES = ("past_key_values", "past_key_value")  # the second up to transformers 4.55


class SharedKV:
    """The keys and values that layers lend in one forward, in the guise of a cache.

    A plain object on purpose: accelerate and FSDP rebuild dicts and dataclasses on their way
    into a module, and what a lender writes into the one would not be in the other.

    Args:
        lenders: indices of the layers whose keys and values are borrowed.
        replaces_cache: hand this over even where a cache arrives, because layers are recomputed
            and a cache would be filled twice, or is withheld from some layers only.
        with_grad: whether the forward builds a graph.
    """

    def __init__(self, lenders: frozenset[int], replaces_cache: bool, with_grad: bool) -> None:
        self.replaces_cache = replaces_cache
        self.with_grad = with_grad
        self._lenders = lenders
        self.shared_layers = _FirstWins()  # where transformers >= 4.56 reads and writes

    def update(self, keys: Any, values: Any, layer_idx: int, *args: Any) -> tuple[Any, Any]:
        """Keep what a lender computed and return it, as ``Cache.update`` does.

        Shapes ``(batch, key_value_heads, tokens, head_dim)``, nothing is appended.
        """
        if layer_idx in self._lenders:
            self.shared_layers[layer_idx] = keys, values
        return keys, values

    @property
    def layers(self) -> dict[int, SimpleNamespace]:
        """Return the layers, which transformers 4.54 and 4.55 read."""
        lent = self.shared_layers.items()
        return {index: SimpleNamespace(keys=keys, values=values) for index, (keys, values) in lent}

    @property
    def key_cache(self) -> dict[int, Any]:
        """Return the keys, which transformers 4.53 reads."""
        return {index: keys for index, (keys, _) in self.shared_layers.items()}

    @property
    def value_cache(self) -> dict[int, Any]:
        """Return the values, which transformers 4.53 reads."""
        return {index: values for index, (_, values) in self.shared_layers.items()}

    def cut(self) -> None:
        """Detach what is kept: the recomputation needs the values only.

        Otherwise it would never be freed: this object, its keys, their graph, the checkpoint
        in that graph, and its arguments with this object would hold each other through C++.
        """
        kept = {index: (_cut(k), _cut(v)) for index, (k, v) in self.shared_layers.items()}
        self.shared_layers = _FirstWins(kept)


_open = weakref.WeakKeyDictionary()


def open_holder(text_model: Any, holder: SharedKV) -> None:
    """Note a holder whose layers are recomputed, until it is cut; cut what this thread left."""
    import torch

    if torch.compiler.is_compiling():
        return
    mine = _open.setdefault(text_model, {})
    left = mine.get(threading.get_ident(), _nothing)()
    if left is not None:
        left.cut()
    mine[threading.get_ident()] = weakref.ref(holder)


def close_holders(text_model: Any) -> None:
    """Cut what forwards left that did not come to their end."""
    for held in list(_open.pop(text_model, {}).values()):
        holder = held()
        if holder is not None:
            holder.cut()


def _nothing() -> None:
    """Return ``None``, as a weak reference to a freed holder does."""


class _FirstWins(dict):  # type: ignore[type-arg]
    """A dict whose entries stay.

    A recomputed lender would replace what was cut from the graph by what hangs on its own, and
    after ``backward(retain_graph=True)`` nothing of that would ever be freed.
    """

    def __setitem__(self, key: Any, value: Any) -> None:
        self.setdefault(key, value)


def add_carrier(text_model: Any, ledger: Any) -> None:
    """Hook the text model and its attentions so that shared keys and values always arrive.

    Raises:
        PatchNotNeeded: this model carries them by itself, or unsloth_zoo does.
        PatchTargetMissing: it is not built as those of the releases that lose them.
        PatchRefused: it checkpoints in a way that we cannot make non-reentrant.
    """
    attentions = bare_attentions(text_model)
    refuse_cured_by_unsloth(text_model)
    _check_attentions(attentions)
    check_arguments_pass(text_model)
    add_non_reentrant(text_model, ledger)
    ledger.add_hook(text_model, "forward_pre_hook", make_holder, with_kwargs=True)
    add_cut(text_model, ledger)
    for attention in attentions:
        # Before any other pre-hook: none of them needs to know our argument.
        ledger.add_hook(attention, "forward_pre_hook", hand_over, with_kwargs=True, prepend=True)


def add_cut(text_model: Any, ledger: Any) -> None:
    """Cut the holder of each forward from the graph when it ends, also when this is taken off."""
    ledger.add_hook(
        text_model,
        "forward_hook",
        cut_holder,
        with_kwargs=True,
        always_call=True,
        undo=close_holders,
    )


def needs_cache(text_model: Any) -> bool:
    """Return whether its layers share keys and values through the cache, with no carrier of ours on
    it.
    """
    import inspect

    attentions = bare_attentions(text_model)
    if not any(map(_borrows, attentions)) or carries_shared_kv(text_model):
        return False
    carried = all(hand_over in item._forward_pre_hooks.values() for item in attentions)
    passed = "shared_kv_states" in inspect.signature(type(attentions[0]).forward).parameters
    return not (carried or passed)


def make_holder(text_model: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Forward pre-hook of the text model: make one holder for this forward."""
    import torch

    with_grad = torch.is_grad_enabled()
    recomputes = is_recomputed(text_model)
    if recomputes:
        _refuse_filled_cache((*args, kwargs.get("past_key_values")))
    attentions = bare_attentions(text_model)
    lenders = frozenset(item.kv_shared_layer_index for item in attentions if _borrows(item))
    holder = SharedKV(lenders, recomputes, with_grad)
    if recomputes:
        open_holder(text_model, holder)
    return args, with_holder(kwargs, holder)


def with_holder(kwargs: dict[str, Any], holder: SharedKV) -> dict[str, Any]:
    """Return the keyword arguments of a text model with the holder among them."""
    return {**kwargs, _ARGUMENT: holder}


def take_holder(kwargs: dict[str, Any]) -> tuple[dict[str, Any], SharedKV | None]:
    """Return the keyword arguments of an attention without the holder, and the holder."""
    rest = dict(kwargs)
    return rest, rest.pop(_ARGUMENT, None)


def cut_holder(text_model: Any, args: Any, kwargs: Any, output: Any) -> None:
    """Forward hook of the text model, also after an exception: cut and release the holder."""
    if _ARGUMENT in kwargs:
        kwargs[_ARGUMENT].cut()
        held = _open.get(text_model)
        if held:
            held.pop(threading.get_ident(), None)


def hand_over(attention: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """Forward pre-hook of an attention: put the holder in the place of a missing cache."""
    import torch

    kwargs, holder = take_holder(kwargs)
    name = next((name for name in _CACHE_NAMES if name in kwargs), _CACHE_NAMES[0])
    if holder is None:
        if _borrows(attention) and kwargs.get(name) is None:
            raise PatchRefused(
                "a layer borrows keys and values, and there is no cache and no holder for them: "
                "call the text model as a module, not its forward(), which goes round its hooks"
            )
    elif holder.with_grad and not torch.is_grad_enabled():
        raise PatchRefused(
            "a decoder layer runs without a graph in a forward that has one: reentrant "
            "checkpointing from outside detaches the keys and values that layers share"
        )
    elif kwargs.get(name) is None or holder.replaces_cache:
        kwargs[name] = holder
    return args, kwargs


def bare_attentions(text_model: Any) -> list[Any]:
    """Return the bare attentions, out of any wrapper."""
    return [layer_wrappers(layer.self_attn)[0] for layer in decoder_layers(text_model)]


def is_recomputed(text_model: Any) -> bool:
    """Return whether the backward pass runs any of the layers again."""
    import torch

    with_grad = torch.is_grad_enabled()
    return any(
        is_checkpointed(layer_wrappers(layer)[0]) or (with_grad and is_wrapped(layer))
        for layer in text_model.layers
    )


def _refuse_filled_cache(arguments: tuple[Any, ...]) -> None:
    """Refuse a filled cache: checkpointed layers drop it and its tokens get no attention."""
    for cache in arguments:
        if hasattr(cache, "get_seq_length") and cache.get_seq_length():
            raise PatchRefused(
                "a filled cache under checkpointing: the layers drop it, and its tokens are not "
                "attended to; switch checkpointing off for this forward"
            )


def _check_attentions(attentions: list[Any]) -> None:
    """Check what the hooks rely on, on the attention at hand and not by its version."""
    import inspect

    if not any(_borrows(attention) for attention in attentions):
        raise PatchTargetMissing("no decoder layer borrows keys and values (is_kv_shared_layer)")
    parameters = inspect.signature(type(attentions[0]).forward).parameters
    if "shared_kv_states" in parameters:
        raise PatchNotNeeded("its layers pass shared keys and values (shared_kv_states)")
    if not any(name in parameters for name in _CACHE_NAMES):
        raise PatchTargetMissing(f"{type(attentions[0]).__name__}.forward takes no cache")
    for attention in filter(_borrows, attentions):
        if getattr(attention, "kv_shared_layer_index", None) is None:
            raise PatchTargetMissing("a borrowing layer names no lender (kv_shared_layer_index)")


def check_arguments_pass(text_model: Any) -> None:
    """Check that the text model and its layers pass the holder on as a keyword.

    Raises ``PatchTargetMissing`` where one of them hands no keywords on.
    """
    import inspect

    for cls in (type(text_model), type(decoder_layers(text_model)[0])):
        parameters = inspect.signature(cls.forward).parameters.values()
        if not any(item.kind is item.VAR_KEYWORD for item in parameters):
            raise PatchTargetMissing(f"{cls.__name__}.forward hands no keywords on")


def _borrows(attention: Any) -> bool:
    return bool(getattr(attention, "is_kv_shared_layer", False))


def _cut(tensor: Any) -> Any:
    """Detach it and keep ``requires_grad``, which checkpointing compares."""
    return tensor.detach().requires_grad_(tensor.requires_grad)
