"""Open the index of one package: its releases, and what is recorded about them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from .. import versions
from ..values import Value
from ._container import SUFFIX, Container, Folder
from ._history import History

DATA: Folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
TEXTS = "texts"  # the folder in it for packages of which only texts and tables are indexed
HOLE = "\0"  # stands for each part of a message that varies
ROWS = 256  # messages to one block of places, in an index of texts alone
_SHARDS = 16
_COUNTING = 2  # the first extraction that counts attributes which are not assigned to ``self``


class Release(Value):
    """A release that was read when the index was made.

    Attributes:
        version: as published.
        date: when it was published.
        yanked: whether it was withdrawn.
    """

    version: str
    date: str
    yanked: bool

    @property
    def is_final(self) -> bool:
        """Return whether it is neither a pre-release nor withdrawn."""
        return not self.yanked and not versions.parse(self.version).is_prerelease


class PackageIndex:
    """The index of one package. Raises ``IndexUnusable`` if it cannot be read."""

    def __init__(self, module: str, folder: Folder = DATA) -> None:
        self._file = Container(os.path.join(folder, f"{module}{SUFFIX}"))
        directory = self._file.directory
        self.distribution: str = directory["package"]
        self.module: str = directory["module"]
        self.releases = tuple(Release(v, d, bool(y)) for v, d, y in directory["releases"])
        self._extraction: int = directory.get("extraction", 1)
        self._number = {item.version: n for n, item in enumerate(self.releases)}
        self._histories: dict[str, History | None] = {}
        self._blocks: dict[str, Any] = {}
        self._templates = b""
        self._sites: dict[int, tuple[list[Any], Mapping[str, Any]]] = {}
        self._modules: list[str] | None = None
        self._symbols: dict[str, tuple[list[Any], list[list[int]]]] = {}

    @property
    def is_of_texts(self) -> bool:
        """Return whether only texts, tables and names at the top of modules are indexed."""
        return "texts" in self._file

    @property
    def counts_attributes(self) -> bool:
        """Return whether the extraction that made the file counted every way of setting one."""
        return self._extraction >= _COUNTING

    def number(self, version: str) -> int | None:
        """Return the position of a release; ``None`` if it was not read."""
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
        """Return the versions of these releases, oldest first."""
        return tuple(self.releases[number].version for number in sorted(numbers))

    def history(self, path: str) -> History | None:
        """Return the lines of a file over all releases; ``None`` if it is not indexed."""
        if path not in self._histories:
            name = f"lines/{path}"
            found = History(*self._file.block(name)) if name in self._file else None
            self._histories[path] = found
        return self._histories[path]

    def block(self, name: str) -> Mapping[str, Any]:
        """Return a block of names, messages, modules or tables; without such a block, empty
        rows.
        """
        if name not in self._blocks:
            self._blocks[name] = self._unkept(name)
        block: Mapping[str, Any] = self._blocks[name]
        return block

    def _unkept(self, name: str) -> Mapping[str, Any]:
        """Return a block as :meth:`block` does, read anew each time."""
        return self._file.block(name)[0] if name in self._file else {"rows": {}, "spans": []}

    def templates(self) -> Iterator[str]:
        """Yield the messages, each with :data:`HOLE` for every part that varies."""
        if not self._templates:  # as bytes, since one sign beyond ASCII doubles a text
            if self.is_of_texts:
                self._templates = self._file.block("texts")[0].encode()
            else:
                rows = (row for row in self._messages() if isinstance(row, list))
                text = io.BytesIO()
                text.writelines(row[0].encode() + b"\n" for row in rows)
                self._templates = text.getvalue()
        for line in io.BytesIO(self._templates):
            yield line.rstrip(b"\n").decode()

    def places(self, number: int) -> list[tuple[str, str, str, frozenset[int]]]:
        """Return class, path, function and releases of each place that prints a message."""
        if number not in self._sites:
            self._sites[number] = self._sites_of(number)
        sites, block = self._sites[number]
        return [
            (
                block["kinds"][kind],
                block["paths"][path],
                function,
                releases_of(block["spans"][span]),
            )
            for kind, path, function, span in sites
        ]

    def _sites_of(self, number: int) -> tuple[list[Any], Mapping[str, Any]]:
        """Return the sites of a message, and the block that they refer to."""
        if self.is_of_texts:
            block = self.block(f"sites/{number // ROWS}")
            return block["rows"][number % ROWS], block
        sites: list[Any] = []
        row: Any = {}
        for place, row in enumerate(self._messages()):
            if place == number:
                sites = row[1]
        return sites, row  # the last is the rest of the block

    def _messages(self) -> Iterator[Any]:
        """Yield each message with its sites, and last all else that their block has."""
        return self._file.rows("messages") if "messages" in self._file else iter(())

    def symbols(self, name: str) -> tuple[list[Any], list[list[int]]]:
        """Return the entries of a top-level name, and the spans that they refer to.

        The block is not kept: those of transformers take 1.6 MiB each, for a name or two.
        """
        import zlib

        if name not in self._symbols:
            block = self._unkept(f"names/{zlib.crc32(name.encode()) % _SHARDS}")
            if self._modules is None:
                self._modules = list(self.block("modules")["rows"])
            found = block["rows"].get(name, [])
            entries = [[self._modules[entry[0]], *entry[1:]] for entry in found]
            self._symbols[name] = (entries, block["spans"] if entries else [])
        return self._symbols[name]


@lru_cache(maxsize=64)
def opened(module: str, folder: Folder = DATA) -> PackageIndex:
    """Return the index of a top-level package. ``IndexUnusable`` if it cannot be read."""
    return PackageIndex(module, folder)


@lru_cache(maxsize=16)
def indexed(folder: Folder = DATA) -> tuple[str, ...]:
    """Return the top-level packages that the index has; none if the index is missing."""
    try:
        names = os.listdir(folder)
    except OSError:
        return ()
    return tuple(sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)))


@lru_cache(maxsize=16)
def worded(folder: Folder = DATA) -> tuple[str, ...]:
    """Return the top-level packages of which texts and tables alone are indexed."""
    return indexed(os.path.join(folder, TEXTS))


def texts(module: str, folder: Folder = DATA) -> PackageIndex:
    """Return the index of such a package: it has messages and tables, and no lines or names."""
    return opened(module, os.path.join(folder, TEXTS))


def releases_of(span: list[int]) -> frozenset[int]:
    """Return the releases of a span, which is written as first, last, first, last."""
    ends = zip(span[::2], span[1::2], strict=True)
    return frozenset(number for first, last in ends for number in range(first, last + 1))


def without_blanks(text: str) -> str:
    """Return the text without white space, since terminals wrap lines even within words."""
    return "".join(text.split())
