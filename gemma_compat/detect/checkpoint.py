"""The weights beside a model: names and dtypes from the headers of safetensors files.

A header is JSON in front of the tensors, so a checkpoint of 50 GB costs a few small reads, and
neither torch nor safetensors is imported. A file may be broken, or hostile: every size that it
states is bounded before anything is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .. import _files
from ..errors import UnknownFact
from ..facts import CheckpointFacts
from ..live.snapshot import Snapshot
from .hub import find_config

Reading = tuple[CheckpointFacts, dict[str, str]]

_SINGLE, _INDEX = "model.safetensors", "model.safetensors.index.json"
_HEADER_LIMIT = 4 * 2**20  # bytes; that of a 27B with all layers in one file is 0.2 MB
_ALL_HEADERS = 16 * 2**20  # of all shards together
_SHARD_LIMIT = 512  # files; a 31B has 2 to 14


def read_checkpoint(model: Any) -> Reading:
    """Return the names and dtypes of the weights of a model directory, or of those a live model
    names.

    Args:
        model: as for ``read_model``. Of a live model, its config's ``name_or_path`` is read: a
            directory, or a name whose snapshot lies in the Hugging Face cache.
    """
    try:
        return _read_folder(folder_of(model)), {}
    except UnknownFact as error:
        return CheckpointFacts(), {"checkpoint": error.reason}


def starred(name: str) -> str:
    """Return the name of a tensor with ``*`` for every number between its dots."""
    return re.sub(r"(?<=\.)\d+(?=\.|$)", "*", name)


def folder_of(model: Any) -> str:
    """Return the directory that a model came from. ``UnknownFact`` where there is none."""
    if isinstance(model, (str, os.PathLike)):
        path = os.fspath(model)
        if os.path.exists(path):
            return path if os.path.isdir(path) else os.path.dirname(path) or "."
        return _snapshot(path)
    if isinstance(model, Snapshot):
        return _folder_of_live(model.config)
    raise UnknownFact("checkpoint", "no model directory was given")


def _folder_of_live(config: Any) -> str:
    """Return what ``from_pretrained`` noted: a directory, or a repository's name and its commit."""
    name = getattr(config, "_name_or_path", None)
    if not isinstance(name, str) or not name:
        raise UnknownFact("checkpoint", "the model was made from a config, not from a checkpoint")
    commit = getattr(config, "_commit_hash", None)
    return name if os.path.isdir(name) else _snapshot(name, commit)


def _snapshot(name: str, commit: str | None = None) -> str:
    config = find_config(name, commit)
    if config is None:
        raise UnknownFact(
            "checkpoint", f"{name} is not a directory and not in the Hugging Face cache"
        )
    return os.path.dirname(config)


def _read_folder(folder: str) -> CheckpointFacts:
    names: set[str] = set()
    dtypes: set[str] = set()
    left = _ALL_HEADERS
    for file in _weight_files(folder):
        text = _header_text(file, min(left, _HEADER_LIMIT))
        left -= len(text)
        for name, entry in _parsed(file, text).items():
            if name != "__metadata__":
                names.add(starred(name))
                dtypes.add(_dtype(file, entry))
    return CheckpointFacts(names=tuple(sorted(names)), dtypes=tuple(sorted(dtypes)))


def _weight_files(folder: str) -> Iterator[str]:
    """Return the one file, or every shard that the index names."""
    single = os.path.join(folder, _SINGLE)
    if os.path.isfile(single):
        return iter([single])
    index = os.path.join(folder, _INDEX)
    if not os.path.isfile(index):
        raise UnknownFact("checkpoint", f"there is no {_SINGLE} and no {_INDEX} in {folder}")
    return (os.path.join(folder, shard) for shard in _shards(index))


def _shards(index: str) -> list[str]:
    with _opened(index, _HEADER_LIMIT) as file:
        weights = _parsed(index, file.read(_HEADER_LIMIT)).get("weight_map")
    found = _texts_in(weights)
    if not found or any(os.path.basename(shard) != shard for shard in found):
        raise UnknownFact("checkpoint", f"{index}: has no weight_map of tensors to files beside it")
    if len(found) > _SHARD_LIMIT:
        raise UnknownFact("checkpoint", f"{index}: names {len(found)} files")
    return found


def _texts_in(weights: Any) -> list[str]:
    """Return the distinct values of a mapping to text; none where it is anything else."""
    values: list[Any] = list(weights.values()) if isinstance(weights, dict) else [None]
    return sorted(set(values)) if all(isinstance(item, str) for item in values) else []


def header(path: str) -> Mapping[str, Any]:
    """Return the JSON object in front of the tensors: 8 bytes of length (little endian), then text.

    Raises ``UnknownFact`` where the file is missing, cut off or of another kind.
    """
    return _parsed(path, _header_text(path, _HEADER_LIMIT))


def _header_text(path: str, limit: int) -> bytes:
    with _opened(path) as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or not 2 <= length <= limit:
            raise UnknownFact("checkpoint", f"{path}: not a safetensors file")
        text: bytes = file.read(length)
    if len(text) < length:
        raise UnknownFact("checkpoint", f"{path}: cut off in its header")
    return text


def _opened(path: str, limit: int | None = None) -> Any:
    try:
        return _files.opened(path, limit)
    except OSError as error:
        raise UnknownFact("checkpoint", f"{path}: {error.strerror or error}") from error


def _parsed(path: str, text: bytes) -> dict[str, Any]:
    try:
        data = _files.parse_json(text)
    except ValueError as error:
        raise UnknownFact("checkpoint", f"{path}: its header is not JSON") from error
    if not isinstance(data, dict):
        raise UnknownFact("checkpoint", f"{path}: its header is not a JSON object")
    return data


def _dtype(path: str, entry: Any) -> str:
    found = entry.get("dtype") if isinstance(entry, dict) else None
    if not isinstance(found, str):
        raise UnknownFact("checkpoint", f"{path}: a tensor without a dtype in its header")
    return found
