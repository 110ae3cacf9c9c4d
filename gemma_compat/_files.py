"""The one reader for everything outside: files that may be anything, and JSON that may be anything.

Whatever stands under a name that a report reads is opened here, or not at all: regular files only,
never more than a limit for the kind of file, never waiting (a FIFO without a writer, a device).
What cannot be read is an ``OSError`` whose ``strerror`` says why; what is not JSON is a
``ValueError`` of one line. A log may come through a pipe and is read in pieces (``opened_log``).
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Any, BinaryIO

_KIB, _MIB = 1 << 10, 1 << 20

# Bytes, by kind of file, with what real ones have.
JSON = 4 * _MIB  # a tokenizer_config.json of Gemma: 1.1 MiB
NODE = 8 * _MIB  # a report of one node: 20 KiB
TEMPLATE = _MIB  # a chat template: 15 KiB
METADATA = 4 * _MIB  # with the whole README of a package: 150 KiB
ENTRY_POINTS = 256 * _KIB  # of a package: a few hundred bytes
RECORD = 16 * _MIB  # of torch: 2 MiB
VERSION = 64 * _KIB  # torch/version.py: 500 bytes
LINE = 4 * _KIB  # a commit, an entry of sysfs
LOADER_CACHE = 16 * _MIB  # /etc/ld.so.cache: 100 KiB
LIBRARY = 64 * _MIB  # libtorch_python.so: 30 MiB
_WORDS = {"NaN": "not a number", "Infinity": "infinity", "-Infinity": "minus infinity"}
_DIGITS = 40  # int(1e30), what a tokenizer without a limit states as its length, has 31


def opened(path: str | os.PathLike[str], limit: int | None = None) -> BinaryIO:
    """Return the regular file, open for reading; the caller closes it.

    Args:
        limit: the largest size in bytes; ``None`` where the caller reads a part only.

    Raises:
        OSError: it is not there, not readable, not a regular file, or larger than the limit.
    """
    name = os.fspath(path)
    if "\0" in name:
        raise OSError(errno.EINVAL, "a NUL byte in the name")
    _require_regular(os.stat(name), limit)  # first: to open a device may do something
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.fdopen(os.open(name, flags | getattr(os, "O_CLOEXEC", 0)), "rb")
    try:
        _require_regular(os.fstat(file.fileno()), limit)
    except OSError:
        file.close()
        raise
    return file


def opened_log(path: str | os.PathLike[str]) -> BinaryIO:
    """Return a log, open for reading; the caller closes it.

    It may be a pipe (``<(ssh node cat log)``) and of any length, since it is read in pieces. A
    device has no end.

    Raises:
        OSError: it is not there, not readable, a directory, a device or a socket.
    """
    name = os.fspath(path)
    if "\0" in name:
        raise OSError(errno.EINVAL, "a NUL byte in the name")
    mode = os.stat(name).st_mode
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, "a directory")
    if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
        raise OSError(errno.EINVAL, "not a file or a pipe")
    return open(name, "rb")


def _require_regular(found: os.stat_result, limit: int | None) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise OSError(errno.EISDIR, "a directory")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")
    if limit is not None and found.st_size > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> OSError:
    size = f"{limit // _MIB} MiB" if limit >= _MIB else f"{limit // _KIB} KiB"
    return OSError(errno.EFBIG, f"larger than {size}")


def read_bytes(path: str | os.PathLike[str], limit: int) -> bytes:
    """Return the whole file. Raises ``OSError`` as :func:`opened`."""
    with opened(path, limit) as file:
        data = file.read(limit + 1)
    if len(data) > limit:  # it has grown, or a file of /proc, whose size says nothing
        raise _too_large(limit)
    return data


def read_text(path: str | os.PathLike[str], limit: int) -> str:
    """Return the whole file as UTF-8 text, bad bytes replaced. Raises as :func:`opened`."""
    return read_bytes(path, limit).decode("utf-8", "replace")


def read_head(path: str | os.PathLike[str], size: int) -> bytes:
    """Return the first ``size`` bytes of a file of any length. Raises as :func:`opened`."""
    with opened(path) as file:
        return file.read(size)


def parse_json(text: str | bytes) -> Any:
    """Return the value that this JSON text holds.

    Raises:
        ValueError: one line: it is not JSON, not UTF-8, nested too deeply, or holds a number that
            JSON does not have (NaN, Infinity) or that has more than 40 digits.
    """
    import json

    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError("not UTF-8 text") from error
    try:
        return json.loads(text, parse_int=_whole_number, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _whole_number(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _no_number(text: str) -> Any:
    raise ValueError(f"{_WORDS[text]} where JSON needs a number")
