"""Reports of nodes, from files that may be anything."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from typing import Any

from .. import _files

LARGEST = _files.NODE


class BadFile(Exception):
    """This file cannot be used; the message is what is wrong with it."""


def read_documents(paths: Iterable[str]) -> Iterator[tuple[str, str, Any]]:
    """Yield the path, the node's name, and the JSON object of each file or its ``BadFile``.

    The name is the file's without its extension. A file is read once, whatever it is called.
    """
    seen: dict[tuple[int, int], str] = {}
    for path in paths:
        name = os.path.basename(path)
        name = name[: -len(".json")] if name.lower().endswith(".json") else name
        try:
            yield path, name, _read(path, seen)
        except BadFile as error:
            yield path, name, error


def _read(path: str, seen: dict[tuple[int, int], str]) -> dict[str, Any]:
    try:
        found = os.stat(path)
        file_id = (found.st_dev, found.st_ino)
        if file_id in seen:
            first = seen[file_id]
            raise BadFile("given twice" if first == path else f"the same file as {first}")
        seen[file_id] = path
        data = _files.read_bytes(path, LARGEST)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise BadFile(f"larger than {LARGEST >> 20} MiB, which no report is") from error
        raise BadFile(error.strerror or str(error)) from error
    except ValueError as error:  # a NUL byte in the name
        raise BadFile(str(error)) from error
    return _parse(data)


def _parse(data: bytes) -> dict[str, Any]:
    if not data.strip():
        raise BadFile("empty")
    try:
        document = _files.parse_json(data)
    except ValueError as error:
        raise BadFile(f"not a JSON file, or only a part of one ({error})") from error
    if not isinstance(document, dict):
        raise BadFile("holds no JSON object")
    return document
