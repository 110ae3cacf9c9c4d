"""The model under judgement: a live object, a directory, a ``config.json``, a mapping or a name."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from ..errors import UsageError
from ..facts import UNKNOWN, ModelFacts
from ..live.snapshot import Snapshot
from ..tables import checkpoints, families
from ..values import Value
from ._json import read_object
from .hub import find_config

Reading = tuple[ModelFacts, dict[str, str]]


def read_model(model: Any) -> Reading:
    """Return the facts of ``model``, a live one as a ``Snapshot``, and why the rest is unknown.

    Raises:
        UsageError: a path or name without a config, or an object that is not a model.
    """
    if model is None:
        return ModelFacts(), {"model": "no model was given"}
    if isinstance(model, (str, os.PathLike)):
        return _read_named(os.fspath(model))
    if isinstance(model, Mapping):
        from .config import read_config

        return read_config(model, "the config")
    if isinstance(model, Snapshot):
        from .live import read_live

        return read_live(model)
    raise UsageError(
        "a model is a transformers model, a directory, a config.json or a mapping of one, "
        f"not {type(model).__name__}"
    )


class _Named(Value):
    """What the name of a model leads to: a file, a published checkpoint or a bare model type.

    Attributes:
        path: the config file on this machine; empty where there is none.
        known: the published checkpoint, where there is no such file.
        judged: what an unpublished Gemma is judged as; empty for any other model.
    """

    path: str = ""
    known: checkpoints.Checkpoint | None = None
    judged: str = ""


def _look_up(name: str) -> _Named:
    """Return what ``name`` leads to: a path, a model in the local Hub cache, a known checkpoint.

    Raises:
        UsageError: none of these, and not a model type either.
    """
    if not name.strip():
        raise UsageError("the model's name is empty: give a folder, a config.json or a known name")
    path = name if os.path.exists(name) else find_config(name)
    if path is not None:
        return _Named(path=_config_path(path))
    known = checkpoints.find(name)
    if known is not None or name in families.FIRST_RELEASES:
        return _Named(known=known)
    if resembled := checkpoints.resembled(name):
        judged = f"not published by Google; judged as {resembled.published_as}, by its name"
        return _Named(known=resembled, judged=judged)
    raise UsageError(f"{name}: {_nowhere(name)}")


def _read_named(name: str) -> Reading:
    from .config import read_config

    named = _look_up(name)
    if named.path:
        return read_config(read_object(named.path), named.path)
    if named.known is not None:
        return read_known(named.known)
    return ModelFacts(model_type=name), {"model": "only its model_type was given"}


def read_known(checkpoint: checkpoints.Checkpoint) -> Reading:
    """Return the facts of a published checkpoint; what no public document states is unknown."""
    from .config import read_config

    facts, reasons = read_config(checkpoint.config, checkpoint.name)
    text = f"no public source at hand states it for {checkpoint.published_as}"
    unstated = {t: text for t, reason in reasons.items() if re.search(_UNSTATED, reason)}
    # Missing keys mean something in a config file; in fragments of one they do not.
    facts = facts.replace(transformers_version=UNKNOWN)
    if facts.composite and not facts.get("towers"):
        facts = facts.replace(towers=UNKNOWN)
    if checkpoint.quantization:
        bits = 4 if checkpoint.four_bit else UNKNOWN
        facts = facts.replace(
            quantization=checkpoint.quantization, quantization_bits=bits, compute_dtype=UNKNOWN
        )
    return facts, {**reasons, **unstated}


def config_of(name: str) -> Mapping[str, Any]:
    """Return the config of a directory, a file, a model in the local Hub cache or a known
    checkpoint.

    Raises:
        UsageError: as :func:`read_model`; also for a model type, which has several sizes.
    """
    named = _look_up(name)
    if named.path:
        return read_object(named.path)
    if named.known is not None:
        return named.known.config
    examples = ", ".join(checkpoints.of_type(name)[:3])
    hint = f": name a checkpoint, as in {examples}" if examples else ""
    raise UsageError(f"{name} is a model type, of several sizes{hint}")


def judged_by_name(name: str) -> str:
    """Return what an unpublished Gemma is judged as; an empty text for any other model.

    Raises:
        UsageError: as :func:`read_model`.
    """
    return _look_up(name).judged


def assumed_of(model: Any) -> dict[str, str]:
    """Return ``Facts.assumed`` for a model that is a published name and not a file on this
    machine.

    Raises:
        UsageError: as :func:`read_model`.
    """
    if not isinstance(model, str):
        return {}
    named = _look_up(model)
    if named.path:
        return {}
    if named.judged:
        return {"model": named.judged}
    published = named.known and f"what is published of {named.known.published_as}"
    return {"model": published or "its model_type"}


# What read_config says of a key that is not there.
_UNSTATED = r"does not state it|states no |has no text_config"


def _nowhere(name: str) -> str:
    text = "no such file or directory, not in the local Hub cache, and no checkpoint known here"
    near = checkpoints.nearest(name)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    if "gemma" in name.lower():
        hint += "; if it is a Gemma of your own, pass its folder, or its type: --model gemma3_text"
    return text + hint


def _config_path(path: str) -> str:
    """Return the config file that a user means by ``path``."""
    if not os.path.isdir(path):
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
