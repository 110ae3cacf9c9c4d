"""The model under judgement, from a live object, a directory, a ``config.json`` or a mapping."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..errors import UsageError
from ..facts import ModelFacts
from ._json import read_object

Reading = tuple[ModelFacts, dict[str, str]]


def read_model(model: Any) -> Reading:
    """The facts of ``model`` and the reasons for what is unknown.

    Raises:
        UsageError: a path that leads to no config, or something that is no model at all.
    """
    if model is None:
        return ModelFacts(), {"model": "no model was given"}
    if isinstance(model, (str, os.PathLike)):
        from .config import read_config

        path = _config_path(os.fspath(model))
        return read_config(read_object(path), path)
    if isinstance(model, Mapping):
        from .config import read_config

        return read_config(model, "the config")
    if hasattr(model, "named_modules"):
        from .live import read_live

        return read_live(model)
    raise UsageError(
        "a model is a transformers model, a directory, a config.json or a mapping of one, "
        f"not {type(model).__name__}"
    )


def _config_path(path: str) -> str:
    """The config file that a user means by ``path``."""
    if not os.path.isdir(path):
        if not os.path.exists(path):
            text = "no such file or directory (names on the Hugging Face hub are not looked up)"
            raise UsageError(f"{path}: {text}")
        return path
    config = os.path.join(path, "config.json")
    if not os.path.isfile(config):
        raise UsageError(f"{path}: has no config.json{_adapter_hint(path)}")
    return config


def _adapter_hint(path: str) -> str:
    adapter = os.path.join(path, "adapter_config.json")
    if not os.path.isfile(adapter):
        return ""
    base = read_object(adapter).get("base_model_name_or_path")
    return f"; it holds a PEFT adapter, name its base model instead ({base})"
