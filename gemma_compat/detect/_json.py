"""Reading the JSON files that a user names."""

from __future__ import annotations

import os
from typing import Any

from .. import _files
from ..errors import UsageError


def read_object(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the JSON object in this file.

    Raises:
        UsageError: one line that names the file and what is wrong with it.
    """
    name = os.fspath(path)
    try:
        data = _files.parse_json(_files.read_bytes(name, _files.JSON))
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror or error}") from error
    except ValueError as error:
        raise UsageError(f"{name}: not a JSON file ({error})") from error
    if not isinstance(data, dict):
        raise UsageError(f"{name}: holds {describe(data)} where a JSON object is needed")
    return data


def describe(value: Any) -> str:
    """Return what a JSON value is, short enough for an error line."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
