"""Write the index from what was read before: ``python -m tools.atlas.pack [PACKAGE ...]``."""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from gemma_compat import versions
from gemma_compat.atlas import _container as container
from gemma_compat.atlas._package import TEXTS

from . import registered
from .chunks import Parts
from .download import CACHE
from .extract import VERSION, Record, names_only
from .lines import file_block
from .names import Gathered
from .selection import Package, chosen
from .store import Store

_STAR = re.compile(r"^\s*from\s+(\S+)\s+import\s+\*", re.MULTILINE)
DATA = Path(__file__).resolve().parents[2] / "gemma_compat" / "atlas" / "data"


def recorded(store: Store, blob: int, kind: str, parts: Parts) -> Record:
    """Return the record of a file, from the cache if it was read before.

    Args:
        kind: ``all``, ``texts`` (with what it registers), ``texts, names`` (and what it defines at
            the top) or ``names``.
    """
    what = f"{kind} {VERSION}" + (f" {registered.VERSION}" if kind.startswith("texts") else "")
    found = store.parsed(blob, what)
    if found is not None:
        return Record(**json.loads(found))
    text = store.content(blob)
    try:
        record = names_only(text) if kind == "names" else parts.read(text)
        if kind.startswith("texts"):
            _add_registered(record, text)
            record.symbols = record.symbols if kind.endswith("names") else {}
    except SyntaxError:  # a template of code, or syntax newer than this Python
        record = names_only(text)
    store.keep_parsed(blob, what, json.dumps(record.as_json(), separators=(",", ":")))
    return record


def _add_registered(record: Record, text: str) -> None:
    """Add what the file registers, and keep what raised texts and tables need."""
    if "gemma" in text.lower():
        for table, rows in registered.registered(ast.parse(text)).items():
            record.tables.setdefault(table, {}).update(rows)
    for table, rows in record.tables.items():
        record.tables[table] = {
            key: value for key, value in rows.items() if "gemma" in f"{key} {value}".lower()
        }
    record.bases, record.members, record.parameters = {}, {}, {}
    record.functions, record.outside = [], []


def _kind_of_texts(package: Package, path: str) -> str:
    return "texts, names" if package.names_of(path) else "texts"


def packed(package: Package, store: Store) -> tuple[dict[str, object], dict[str, bytes]]:
    """Return the directory and the blocks of one package."""
    releases = sorted(store.releases(package.key), key=lambda item: versions.parse(item[0]))
    position = {version: number for number, (version, _, _) in enumerate(releases)}
    gathered = Gathered(package.module, package.names, package.texts, package.tables)
    blocks: dict[str, bytes] = {}
    parts = Parts()
    for path, by_release in _files(store, package, position):
        contents = list(dict.fromkeys(blob for blob in by_release if blob >= 0))
        whole = package.keeps(path)
        kind = "names" if not whole else _kind_of_texts(package, path) if package.texts else "all"
        parts.forget()
        records = {}
        for blob in contents:
            mask = sum(1 << number for number, item in enumerate(by_release) if item == blob)
            gathered.add_path(path, mask)
            if path.endswith(".py"):
                records[blob] = recorded(store, blob, kind, parts)
                if "*" in records[blob].symbols:
                    sources = _STAR.findall(store.content(blob))
                    records[blob].symbols["*"] = " ".join(dict.fromkeys(sources))
                gathered.add(path, records[blob], mask)
        if whole and not package.texts:
            blocks[f"lines/{path}"] = _lines(store, contents, records, by_release)
    if package.texts:
        gathered.messages_held(dict(_files(store, package, position)), store.content)
    for name, data in gathered.blocks().items():
        blocks[name] = container.pack(data)
    directory = {"package": package.name, "module": package.module, "releases": releases}
    return {**directory, "extraction": VERSION}, blocks


def _lines(
    store: Store, contents: list[int], records: dict[int, Record], by_release: list[int]
) -> bytes:
    """Return the block of one file, from the cache if it did not change."""
    key = f"{container.FORMAT} {VERSION} {contents} {by_release}"
    found = store.block(key)
    if found is None:
        versions_of = [(store.content(blob), records[blob]) for blob in contents]
        numbers = [contents.index(blob) if blob >= 0 else -1 for blob in by_release]
        found = container.pack(*file_block(versions_of, numbers))
        store.keep_block(key, found)
    return found


def _files(
    store: Store, package: Package, position: dict[str, int]
) -> Iterator[tuple[str, list[int]]]:
    """Yield each file's path, and by release the number of its content; -1 for none."""
    for path, rows in groupby(store.members(package.key), key=lambda row: row[0]):
        by_release = [-1] * len(position)
        for _, version, blob in rows:
            if version in position:
                by_release[position[version]] = blob
        yield path, by_release


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the size of each package's index; return 0."""
    parser = argparse.ArgumentParser(prog="python -m tools.atlas.pack")
    parser.add_argument("packages", nargs="*", default=[])
    parser.add_argument("--out", type=Path, default=DATA)
    given = parser.parse_args(arguments)
    store = Store(CACHE)
    for package in chosen(given.packages):
        if not store.releases(package.key):
            print(f"{package.key}: nothing was read")
            continue
        started = time.monotonic()
        directory, blocks = packed(package, store)
        folder = given.out / TEXTS if package.texts else given.out
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{package.module}{container.SUFFIX}"
        container.write(file, directory, blocks)
        _say(package, directory, blocks, file, time.monotonic() - started)
    return 0


def _say(
    package: Package,
    directory: dict[str, object],
    blocks: dict[str, bytes],
    file: Path,
    seconds: float,
) -> None:
    sizes: dict[str, int] = {}
    for name, block in blocks.items():
        kind = name.partition("/")[0]
        sizes[kind] = sizes.get(kind, 0) + len(block)
    parts = ", ".join(f"{kind} {size / 1e3:.0f}" for kind, size in sizes.items())
    count = len(directory["releases"])  # type: ignore[arg-type]
    print(
        f"{package.key}: {count} releases, {file.stat().st_size / 1e3:.0f} kB ({parts}), "
        f"{seconds:.0f} s",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
