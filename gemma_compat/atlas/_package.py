"""The index of one package, opened: its releases, and what is recorded of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .. import versions
from ._container import SUFFIX, Container
from ._history import History

DATA = Path(__file__).resolve().parent / "data"
HOLE = "\0"  # what a message fills in
_SHARDS = 16


@dataclass(frozen=True)
class Release:
    """A release that was read when the index was made."""

    version: str
    date: str
    yanked: bool

    @property
    def is_final(self) -> bool:
        """Neither a pre-release nor withdrawn."""
        return not self.yanked and not versions.parse(self.version).is_prerelease


class PackageIndex:
    """What the index has of one package. Raises ``IndexUnusable`` where it cannot be read."""

    def __init__(self, module: str, folder: Path = DATA) -> None:
        self._file = Container(folder / f"{module}{SUFFIX}")
        directory = self._file.directory
        self.distribution: str = directory["package"]
        self.module: str = directory["module"]
        self.releases = tuple(Release(v, d, bool(y)) for v, d, y in directory["releases"])
        self._number = {item.version: n for n, item in enumerate(self.releases)}
        self._histories: dict[str, History | None] = {}
        self._blocks: dict[str, Any] = {}
        self._pieces: list[str] | None = None
        self._modules: list[str] | None = None

    def number(self, version: str) -> int | None:
        """The position of a release; ``None`` where it was not read."""
        if version in self._number:
            return self._number[version]
        if not versions.is_valid(version):
            return None
        wanted = versions.parse(version)
        public = versions.parse(wanted.public)
        for item, number in self._number.items():
            if versions.parse(item) == public:
                return number
        return None

    def names(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """The versions of these releases, oldest first."""
        return tuple(self.releases[number].version for number in sorted(numbers))

    def history(self, path: str) -> History | None:
        """The lines of a file; ``None`` where they are not indexed."""
        if path not in self._histories:
            name = f"lines/{path}"
            found = History(*self._file.block(name)) if name in self._file else None
            self._histories[path] = found
        return self._histories[path]

    def block(self, name: str) -> Mapping[str, Any]:
        """A block of names, messages, modules or tables; empty rows where there is none."""
        if name not in self._blocks:
            found = self._file.block(name)[0] if name in self._file else {"rows": {}, "spans": []}
            self._blocks[name] = found
        block: Mapping[str, Any] = self._blocks[name]
        return block

    def pieces(self) -> list[str]:
        """The longest literal piece of each message without blanks, in the order of their block."""
        if self._pieces is None:
            rows = self.block("messages")["rows"]
            longest = [max(row[0].split(HOLE), key=len) for row in rows]
            self._pieces = [without_blanks(piece) for piece in longest]
        return self._pieces

    def symbols(self, name: str) -> tuple[list[Any], list[list[int]]]:
        """The entries of a top-level name, and the spans that they refer to."""
        import zlib

        block = self.block(f"names/{zlib.crc32(name.encode()) % _SHARDS}")
        if self._modules is None:
            self._modules = list(self.block("modules")["rows"])
        found = block["rows"].get(name, [])
        return [[self._modules[entry[0]], *entry[1:]] for entry in found], block["spans"]


@lru_cache(maxsize=16)
def opened(module: str, folder: Path = DATA) -> PackageIndex:
    """The index of a top-level package. Raises ``IndexUnusable``."""
    return PackageIndex(module, folder)


@lru_cache(maxsize=16)
def indexed(folder: Path = DATA) -> tuple[str, ...]:
    """The top-level packages that the index has; none where it is missing."""
    return tuple(sorted(file.stem for file in folder.glob(f"*{SUFFIX}")))


def releases_of(span: list[int]) -> frozenset[int]:
    """The releases of a span: first, last, first, last."""
    ends = zip(span[::2], span[1::2], strict=True)
    return frozenset(number for first, last in ends for number in range(first, last + 1))


def without_blanks(text: str) -> str:
    """The text without white space: terminals wrap lines, within words too."""
    return "".join(text.split())
