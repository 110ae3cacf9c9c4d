"""A PEFT adapter: a directory, its configuration, or the one that a live model carries.

Nothing is imported: a configuration is asked for its fields, whatever class it is of, and the
tensors' names come from the header of ``adapter_model.safetensors``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import UnknownFact, UsageError
from ..facts import AdapterFacts
from ..live.snapshot import Snapshot
from ..values import Value
from ._ask import ask
from ._json import read_object
from .checkpoint import folder_of, header, starred

Reading = tuple[AdapterFacts, dict[str, str]]

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_EMBEDDINGS = ("embed_tokens", "lm_head")


class _Adapter(Value):
    """A configuration, as a function from a field's name to its value, and where it lies.

    Attributes:
        field: raises ``UnknownFact`` for what the configuration does not state.
        folder: the directory, or ``None``.
        live: whether a model carries it, and may have been loaded with it.
    """

    field: Callable[[str], Any]
    folder: str | None = None
    live: bool = False


def read_adapter(adapter: Any, model: Any = None) -> Reading:
    """Return the facts of an adapter, and why some are unknown.

    Args:
        adapter: a directory, its ``adapter_config.json``, a ``LoraConfig``, a mapping of one, or
            ``None`` for the one that the model carries or whose directory it is.
        model: as for ``read_model``.

    Raises:
        UsageError: a path that leads to no adapter, or something that is none.
    """
    if adapter is None:
        return _of_model(model)
    if isinstance(adapter, (str, os.PathLike)):
        return _read(_in_folder(os.fspath(adapter)))
    if isinstance(adapter, Mapping):
        return _read(_Adapter(_of_mapping(adapter)))
    if not hasattr(adapter, "peft_type"):
        raise UsageError(
            f"an adapter is a directory, a PEFT configuration or a mapping of one, "
            f"not {type(adapter).__name__}"
        )
    return _read(_Adapter(_of_object(adapter)))


def _of_model(model: Any) -> Reading:
    """Return the active adapter of a live model; the files where a directory holds an adapter."""
    if isinstance(model, Snapshot):
        config = _active(model)
        if config is not None:
            return _read(_Adapter(_of_object(config), live=True))
        return AdapterFacts(), {"adapter": "no adapter was given, and the model carries none"}
    try:
        folder = folder_of(model)
        return _read(_in_folder(folder))
    except (UnknownFact, UsageError):  # the user did not name an adapter
        return AdapterFacts(), {"adapter": "no adapter was given"}


def _active(live: Snapshot) -> Any | None:
    wrapper = live.peft
    configs = getattr(live.base if wrapper is None else wrapper, "peft_config", None)
    if not isinstance(configs, Mapping) or not configs:
        return None
    active = getattr(wrapper, "active_adapter", None)
    found = configs.get(active) if isinstance(active, str) else None
    return found or next(iter(configs.values()))


def _in_folder(path: str) -> _Adapter:
    folder = os.path.dirname(path) or "." if os.path.basename(path) == _CONFIG else path
    config = os.path.join(folder, _CONFIG)
    if not os.path.isfile(config):
        raise UsageError(f"{path}: has no {_CONFIG}")
    return _Adapter(_of_mapping(read_object(config)), folder)


def _of_mapping(config: Mapping[str, Any]) -> Callable[[str], Any]:
    def field(name: str) -> Any:
        if name == "peft_type" and name not in config:
            raise UnknownFact("adapter", "the configuration does not state peft_type")
        return config.get(name)

    return field


def _of_object(config: Any) -> Callable[[str], Any]:
    return lambda name: getattr(config, name, None)


def _read(adapter: _Adapter) -> Reading:
    answers, reasons = ask("adapter", _QUESTIONS, adapter)
    return AdapterFacts(**answers), reasons


def _peft_type(adapter: _Adapter) -> str:
    found = adapter.field("peft_type")
    return str(getattr(found, "value", found)).upper()


def _target_modules(adapter: _Adapter) -> tuple[str, ...] | str | None:
    found = adapter.field("target_modules")
    if found is not None and adapter.field("exclude_modules"):
        raise UnknownFact("adapter", "exclude_modules takes some of target_modules away again")
    return found if found is None or isinstance(found, str) else _texts(found, "target_modules")


def _modules_to_save(adapter: _Adapter) -> tuple[str, ...]:
    return _texts(adapter.field("modules_to_save") or (), "modules_to_save")


def _target_parameters(adapter: _Adapter) -> tuple[str, ...]:
    return _texts(adapter.field("target_parameters") or (), "target_parameters")


def _texts(found: Any, name: str) -> tuple[str, ...]:
    """Return the names in order; PEFT keeps them as a set."""
    if isinstance(found, Mapping) or not isinstance(found, Iterable):
        raise UsageError(f"adapter: {name} is a {type(found).__name__}, not a list of names")
    names = [found] if isinstance(found, str) else list(found)
    if not all(isinstance(name_, str) for name_ in names):
        raise UsageError(f"adapter: {name} holds something that is not a name")
    return tuple(sorted(names))


def _names(adapter: _Adapter) -> tuple[str, ...]:
    if adapter.live:
        raise UnknownFact("adapter", "no directory was given that the adapter was loaded from")
    if adapter.folder is None:
        return ()  # it is about to be made
    found = header(os.path.join(adapter.folder, _WEIGHTS))
    return tuple(sorted({starred(name) for name in found if name != "__metadata__"}))


def _peft_version(adapter: _Adapter) -> str | None:
    found = adapter.field("peft_version")
    return None if found is None else str(found)


def _trains_tokens(adapter: _Adapter) -> bool:
    return bool(adapter.field("trainable_token_indices"))


def _trains_embeddings(adapter: _Adapter) -> bool:
    named = _target_modules(adapter)
    if isinstance(named, str) and named != "all-linear":
        raise UnknownFact("adapter", "target_modules is a regular expression")
    listed = (*(named if isinstance(named, tuple) else ()), *_modules_to_save(adapter))
    return _trains_tokens(adapter) or any(name.rpartition(".")[2] in _EMBEDDINGS for name in listed)


def _rank(adapter: _Adapter) -> int | None:
    found = adapter.field("r")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


_QUESTIONS: dict[str, Callable[[_Adapter], Any]] = {
    "peft_type": _peft_type,
    "target_modules": _target_modules,
    "target_parameters": _target_parameters,
    "modules_to_save": _modules_to_save,
    "names": _names,
    "peft_version": _peft_version,
    "trains_tokens": _trains_tokens,
    "trains_embeddings": _trains_embeddings,
    "rank": _rank,
}
