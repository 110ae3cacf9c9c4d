"""Finds and reads the policy: ``gemma-compat.toml``, or ``[tool.gemma-compat]`` in pyproject.toml.

The nearest one counts, from the working directory upwards, as ruff finds its own. A pyproject.toml
without the table is passed over.
"""

from __future__ import annotations

import os
from typing import Any

from .. import _files
from ..errors import UsageError
from ..values import Value

NAME, PROJECT, TABLE = "gemma-compat.toml", "pyproject.toml", "gemma-compat"
_LIMIT = 4 * (1 << 20)  # a pyproject.toml of a large project: 60 KiB


class PolicyFile(Value):
    """A policy as its file states it, not yet checked.

    Attributes:
        path: relative to the working directory where it lies below it.
        table: the keys and values.
        text: the whole file.
    """

    path: str
    table: dict[str, Any]
    text: str


def find_policy(start: str | None = None) -> PolicyFile | None:
    """Return the nearest policy, from ``start`` (the working directory) upwards; else ``None``.

    Raises:
        UsageError: one that cannot be read.
    """
    folder = os.path.abspath(start or os.curdir)
    while True:
        for name in (NAME, PROJECT):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                found = _read(path, required=False)
                if found is not None:
                    return found
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def read_policy(path: str) -> PolicyFile:
    """Return the policy of this file.

    Raises:
        UsageError: it cannot be read, or is a pyproject.toml without the table.
    """
    found = _read(path, required=True)
    if found is None:
        raise UsageError(f"{path}: there is no [tool.{TABLE}] in it")
    return found


def _read(path: str, *, required: bool) -> PolicyFile | None:
    """Return the policy; ``None`` for a pyproject.toml that does not name this tool."""
    shown = _shown(path)
    try:
        data = _files.read_bytes(path, _LIMIT)
    except OSError as error:
        if not required and os.path.basename(path) == PROJECT:
            return None  # it is another tool's business as well
        raise UsageError(f"{shown}: {error.strerror or error}") from error
    project = os.path.basename(path) == PROJECT
    if project and TABLE.encode() not in data:
        return None
    table = _parse(data, shown)
    if project:
        tool = table.get("tool")
        inside = tool.get(TABLE) if isinstance(tool, dict) else None
        if inside is None:
            return None  # the name stands elsewhere: a dependency
        if not isinstance(inside, dict):
            raise UsageError(f"{shown}: tool.{TABLE} is not a table")
        table = inside
    return PolicyFile(shown, table, data.decode("utf-8", "replace"))


def _parse(data: bytes, shown: str) -> dict[str, Any]:
    """Return the TOML document. Python 3.10 has no parser, and this library installs none."""
    parser = _toml(shown)
    try:
        found: dict[str, Any] = parser.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, nested too deeply
        raise UsageError(f"{shown}: not TOML: {error}") from error
    return found


def _toml(shown: str) -> Any:
    from importlib import import_module

    for name in ("tomllib", "tomli"):
        try:
            return import_module(name)
        except ModuleNotFoundError:
            continue
    raise UsageError(
        f"{shown}: reading it needs Python 3.11 or the package tomli; "
        "or leave it out with --no-config"
    )


def _shown(path: str) -> str:
    """Return the path as a user in the working directory would type it."""
    here = os.path.abspath(os.curdir)
    whole = os.path.abspath(path)
    return os.path.relpath(whole, here) if whole.startswith(here + os.sep) else whole
