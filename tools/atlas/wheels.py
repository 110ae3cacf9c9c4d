"""The package index and its wheels: which releases there are, and single files out of them.

Files come by byte ranges where that is less than the wheel, else the wheel is read whole, checked
against the index's SHA-256 and dropped. Nothing is written here.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gemma_compat import versions
from tools.archives import IndexFailed

from .selection import Package

_JSON = "application/vnd.pypi.simple.v1+json"
_TIMEOUT = 90
_TRIES = 4
_GAP = 1 << 16  # files nearer than this come in one request
_TAIL = 1 << 18  # where a wheel's directory is
_ARCHIVE = ".tar.gz"
_ENTRY = 30 + 600  # a local header and its name, at most


@dataclass(frozen=True)
class Release:
    """One release on the package index: its smallest wheel, or its source archive."""

    package: str
    version: str
    uploaded: str
    yanked: bool
    address: str
    size: int
    sha256: str


def listed(index: str, package: Package) -> tuple[list[Release], list[str]]:
    """Releases with a wheel, oldest first, and the versions that have none.

    Pre-releases and yanked ones count: tracebacks come from those too. Of a package whose texts
    alone are read, see :class:`Package`.
    """
    page = f"{index}/{package.name}/"
    request = urllib.request.Request(page, headers={"Accept": _JSON})
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
        files = json.load(answer)["files"]
    wheels: dict[str, list[Release]] = {}
    archives: dict[str, list[Release]] = {}
    for file in files:
        if file.get("upload-time", "") < package.since:
            continue
        version = _version(file["filename"])
        if version is None or (package.texts and versions.parse(version).is_prerelease):
            continue
        release = Release(
            package.key,
            version,
            file["upload-time"][:10],
            bool(file.get("yanked")),
            urllib.parse.urljoin(page, file["url"]),
            file["size"],
            file.get("hashes", {}).get("sha256", ""),
        )
        found = wheels if file["filename"].endswith(".whl") else archives
        found.setdefault(version, []).append(release)
    chosen = {**archives, **wheels} if package.sources else wheels
    smallest = [min(found, key=lambda r: r.size) for found in chosen.values()]
    smallest.sort(key=lambda release: versions.parse(release.version))
    return smallest, sorted(archives.keys() - chosen.keys())


def _version(filename: str) -> str | None:
    if filename.endswith(".whl"):
        text = filename.split("-")[1]
    elif filename.endswith(_ARCHIVE):
        text = filename.removesuffix(_ARCHIVE).rpartition("-")[2]
    else:
        return None
    return text if versions.is_valid(text) else None


def files_of(release: Release, package: Package) -> Iterator[tuple[str, bytes]]:
    """Path and content of every file of the release that is read; raises ``IndexFailed``."""
    if release.address.endswith(_ARCHIVE):
        yield from _files_of_archive(release, package)
        return
    remote = _Sparse(release.address, release.size)
    whole = not package.by_ranges and release.size < (32 << 20)
    if whole:
        remote.fetch_whole(release.sha256)
    else:
        remote.fetch(max(release.size - _TAIL, 0), release.size)
    try:
        with zipfile.ZipFile(remote) as archive:
            named = {_installed(item.filename): item for item in archive.infolist()}
            wanted = {path: item for path, item in named.items() if package.wants(path)}
            if not whole:
                places = ((i.header_offset, i.compress_size + _ENTRY) for i in wanted.values())
                remote.fetch_all(places)
            for path, item in wanted.items():
                yield path, archive.read(item)
    except zipfile.BadZipFile as error:
        raise IndexFailed(f"{release.address}: {error}") from error


def _installed(name: str) -> str:
    """Return where a wheel's file is installed: a wheel may have its modules in ``*.data``."""
    return re.sub(r"^[^/]+\.data/(?:purelib|platlib)/", "", name)


def _files_of_archive(release: Release, package: Package) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a source archive, with their paths as a wheel would have them."""
    data = io.BytesIO(_whole(release.address, release.sha256))
    try:
        with tarfile.open(fileobj=data, mode="r:gz") as archive:
            for member in archive:
                path = member.name.partition("/")[2].removeprefix("src/")
                file = archive.extractfile(member) if package.wants(path) else None
                if file is not None:
                    yield path, file.read()
    except (tarfile.TarError, EOFError) as error:
        raise IndexFailed(f"{release.address}: {error}") from error


def _whole(address: str, sha256: str) -> bytes:
    """Return a file of the index. ``IndexFailed`` if it is not the one that the index lists."""
    data = _get(address, {})
    if sha256 and hashlib.sha256(data).hexdigest() != sha256:
        raise IndexFailed(f"{address} is not what the index lists (SHA-256 differs)")
    return data


class _Sparse(io.RawIOBase):
    """A remote file of which parts are at hand; a read of others fetches them."""

    def __init__(self, address: str, size: int) -> None:
        super().__init__()
        self._address, self._size, self._at = address, size, 0
        self._starts: list[int] = []
        self._parts: list[bytes] = []

    def fetch_whole(self, sha256: str) -> None:
        self._starts, self._parts = [0], [_whole(self._address, sha256)]

    def fetch_all(self, wanted: Iterable[tuple[int, int]]) -> None:
        """Fetch these (start, length), neighbours in one request."""
        start = end = -1
        for first, length in sorted(wanted):
            if start >= 0 and first <= end + _GAP:
                end = max(end, first + length)
                continue
            if start >= 0:
                self.fetch(start, end)
            start, end = first, first + length
        if start >= 0:
            self.fetch(start, end)

    def fetch(self, start: int, end: int) -> None:
        end = min(end, self._size)
        data = _get(self._address, {"Range": f"bytes={start}-{end - 1}"}, expected=206)
        where = bisect_right(self._starts, start)
        self._starts.insert(where, start)
        self._parts.insert(where, data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, count: int | None = -1) -> bytes:
        end = self._size if count is None or count < 0 else min(self._at + count, self._size)
        found = self._held(self._at, end)
        if found is None:
            self.fetch(max(self._at - 4096, 0), max(end, self._at + _GAP))
            found = self._held(self._at, end)
            if found is None:
                raise IndexFailed(f"{self._address} gave less than was asked for")
        self._at = end
        return found

    def _held(self, start: int, end: int) -> bytes | None:
        for first, part in zip(self._starts, self._parts, strict=True):
            if first <= start and end <= first + len(part):
                return part[start - first : end - first]
        return None


def _get(address: str, headers: dict[str, str], expected: int = 200) -> bytes:
    """Return the answer's body; retry after a passing fault. ``IndexFailed`` if it never
    succeeds.
    """
    for attempt in range(_TRIES):
        try:
            request = urllib.request.Request(address, headers=headers)
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
                if answer.status != expected:
                    raise IndexFailed(f"{address} answered {answer.status}, not {expected}")
                data: bytes = answer.read()
                return data
        except (urllib.error.URLError, OSError, EOFError) as error:
            if attempt == _TRIES - 1:
                raise IndexFailed(f"{address}: {error}") from error
            time.sleep(2**attempt)
    raise AssertionError("unreachable")
