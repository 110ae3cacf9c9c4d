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


def _read_named(name: str) -> Reading:
    """Return a path on this machine, else a model in the local Hub cache, else a known
    checkpoint.
    """
    from .config import read_config

    path = name if os.path.exists(name) else find_config(name)
    if path is not None:
        path = _config_path(path)
        return read_config(read_object(path), path)
    known = checkpoints.find(name)
    if known is not None:
        return read_known(known)
    if name in families.FIRST_RELEASES:
        return ModelFacts(model_type=name), {"model": "only its model_type was given"}
    if resembled := checkpoints.resembled(name):
        return read_known(resembled)
    raise UsageError(f"{name}: {_nowhere(name)}")


def read_known(checkpoint: checkpoints.Checkpoint) -> Reading:
    """Return the facts of a published checkpoint; what no public document states is unknown."""
    from .config import read_config

    facts, reasons = read_config(checkpoint.config, checkpoint.name)
    text = f"no public source at hand states it for {checkpoint.published_as}"
    unstated = {t: text for t, reason in reasons.items() if _UNSTATED.search(reason)}
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
        UsageError: as :func:`read_model`.
    """
    path = name if os.path.exists(name) else find_config(name)
    if path is not None:
        return read_object(_config_path(path))
    if name in families.FIRST_RELEASES:
        examples = ", ".join(checkpoints.of_type(name)[:3])
        hint = f": name a checkpoint, as in {examples}" if examples else ""
        raise UsageError(f"{name} is a model type, of several sizes{hint}")
    known = checkpoints.find(name) or checkpoints.resembled(name)
    if known is not None:
        return known.config
    raise UsageError(f"{name}: {_nowhere(name)}")


def judged_by_name(name: str) -> str | None:
    """Return what an unpublished Gemma is judged as; ``None`` for any other model."""
    here = os.path.exists(name) or find_config(name) or name in families.FIRST_RELEASES
    if here or checkpoints.find(name):
        return None
    known = checkpoints.resembled(name)
    return (
        f"not published by Google; judged as {known.published_as}, by its name" if known else None
    )


def assumed_of(model: Any) -> dict[str, str]:
    """Return ``Facts.assumed`` for a model that is a published name and not a file on this
    machine.
    """
    if not isinstance(model, str) or os.path.exists(model) or find_config(model):
        return {}
    if known := checkpoints.find(model):
        return {"model": f"what is published of {known.published_as}"}
    if model in families.FIRST_RELEASES:
        return {"model": "its model_type"}
    judged = judged_by_name(model)
    return {"model": judged} if judged else {}


# What read_config says of a key that is not there.
_UNSTATED = re.compile(r"does not state it|states no |has no text_config")


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
