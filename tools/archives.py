"""Read the METADATA of an archive on the package index without reading the whole archive."""

from __future__ import annotations

import io
import itertools
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

TIMEOUT = 60


class IndexFailed(Exception):
    """The package index did not answer as it should; the message says why."""


def metadata_of(wheel: Mapping[str, Any]) -> str:
    """Return the wheel's METADATA without reading the rest of the wheel."""
    if wheel.get("core-metadata") or wheel.get("dist-info-metadata"):
        with urllib.request.urlopen(wheel["url"] + ".metadata", timeout=TIMEOUT) as answer:
            text: str = answer.read().decode("utf-8")
            return text
    if wheel["filename"].endswith(".tar.gz"):
        return _source_metadata(wheel["url"])
    with zipfile.ZipFile(_Remote(wheel["url"], wheel["size"])) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return archive.read(name).decode("utf-8")


def _source_metadata(address: str) -> str:
    """Return PKG-INFO of a source archive, and read no further than that.

    Old setuptools leave the requirements out of it: they follow in ``requires.txt``.
    """
    with (
        urllib.request.urlopen(address, timeout=TIMEOUT) as answer,
        tarfile.open(fileobj=answer, mode="r|gz") as archive,
    ):
        info = ""
        for member in archive:
            inner = member.name.partition("/")[2]
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None and inner == "PKG-INFO":
                info = file.read().decode("utf-8")
                if "Requires-Dist:" in info:
                    return info
            if file is not None and inner.endswith(".egg-info/requires.txt"):
                plain = itertools.takewhile(
                    lambda line: not line.startswith("["), file.read().decode("utf-8").splitlines()
                )
                lines = [f"Requires-Dist: {line}" for line in plain if line.strip()]
                return "\n".join([*lines, info])
    return info


class _Remote(io.BytesIO):
    """A file behind an address. Only the blocks that are read are fetched."""

    BLOCK = 1 << 17

    def __init__(self, address: str, size: int) -> None:
        super().__init__()
        self._address, self._size, self._at = address, size, 0
        self._blocks: dict[int, bytes] = {}

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, count: int | None = -1) -> bytes:
        end = self._size if count is None or count < 0 else min(self._at + count, self._size)
        data = b"".join(self._pieces(self._at, end))
        self._at = end
        return data

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        for number in range(start // self.BLOCK, -(-end // self.BLOCK)):
            first = number * self.BLOCK
            if number not in self._blocks:
                self._blocks[number] = self._fetch(first, min(first + self.BLOCK, self._size))
            yield self._blocks[number][max(start - first, 0) : end - first]

    def _fetch(self, start: int, end: int) -> bytes:
        headers = {"Range": f"bytes={start}-{end - 1}"}
        request = urllib.request.Request(self._address, headers=headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            if answer.status != 206:
                raise IndexFailed(f"no part of {self._address} can be had")
            part: bytes = answer.read()
            return part
