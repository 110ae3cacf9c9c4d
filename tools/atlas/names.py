"""Gather what a package defines, prints and tabulates over its releases.

A set of releases is held as the bits of one integer. The index has it as a span: first, last,
first, last.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gemma_compat.atlas._package import ROWS

from .extract import Record
from .lines import Interned
from .messages import HOLE, beginning, logged

SHARDS = 16
_HELD = 30  # characters by which a text is found again in a file
Masks = dict[str, int]


def shard_of(name: str) -> int:
    """Return the shard that holds a top-level name; ``atlas/_package.py`` computes the same."""
    return zlib.crc32(name.encode()) % SHARDS


def span(mask: int) -> tuple[int, ...]:
    """Return the set bits, as first and last of each run."""
    found: list[int] = []
    bit = 0
    while mask:
        skipped = (mask & -mask).bit_length() - 1
        mask >>= skipped
        length = (~mask & (mask + 1)).bit_length() - 1
        found += [bit + skipped, bit + skipped + length - 1]
        mask >>= length
        bit += skipped + length
    return tuple(found)


def _masks() -> defaultdict[str, int]:
    return defaultdict(int)


@dataclass
class Symbol:
    """A top-level name of one module."""

    kinds: defaultdict[str, int] = field(default_factory=_masks)
    bases: defaultdict[str, int] = field(default_factory=_masks)
    members: defaultdict[str, int] = field(default_factory=_masks)
    parameters: defaultdict[str, defaultdict[str, int]] = field(
        default_factory=lambda: defaultdict(_masks)
    )


class Gathered:
    """The names, messages and tables of one package."""

    def __init__(
        self, root: str, with_names: bool = True, texts: bool = False, tables: bool = True
    ) -> None:
        self._root, self._with_names = root, with_names
        self._texts, self._with_tables = texts, tables
        self.modules: defaultdict[str, int] = _masks()
        self.files: defaultdict[str, int] = _masks()
        self.symbols: defaultdict[tuple[str, str], Symbol] = defaultdict(Symbol)
        self.messages: defaultdict[str, defaultdict[tuple[str, str, str], int]] = defaultdict(
            lambda: defaultdict(int)
        )
        self.tables: defaultdict[str, defaultdict[str, defaultdict[str, int]]] = defaultdict(
            lambda: defaultdict(_masks)
        )
        self.branches: defaultdict[str, defaultdict[str, int]] = defaultdict(_masks)
        self.named: defaultdict[str, int] = _masks()
        self.outside: defaultdict[str, int] = _masks()

    def add_path(self, path: str, mask: int) -> None:
        """Add a file, whether it was read or not."""
        if path.endswith(".py"):
            self.modules[module_of(path)] |= mask
        if "gemma" in path.rpartition("/")[2].lower():
            self.files[path] |= mask

    def add(self, path: str, record: Record, mask: int) -> None:
        """Add the record of one content of a file, for the releases that have it."""
        module = module_of(path)
        if self._with_names:
            self._add_names(module, record, mask)
        for kind, site, _, template in record.messages:
            text = logged(template) if kind == "log" else template
            if not self._texts:
                self.messages[text][kind, path, site] |= mask
            elif kind not in {"log", "warn"} and (short := beginning(text)):
                self.messages[short][kind, path, site] |= mask
        for table, rows in record.tables.items():
            for key, value in rows.items():
                self.tables[f"{module}:{table}"][key][value] |= mask
        for site, compared in record.branches.items():
            for name in compared:
                self.branches[f"{module}:{site}"][name] |= mask

    def messages_held(
        self, by_path: Mapping[str, list[int]], content: Callable[[int], str]
    ) -> None:
        """Add the places where a text stands on in a file whose functions no longer raise it.

        A constant may hold it, or a warning print it: then it is not to be called gone.

        Args:
            by_path: for each file the number of its content by release; -1 for none.
            content: returns a content.
        """
        ended: dict[tuple[str, int], list[tuple[str, int]]] = {}
        for text, sites in self.messages.items():
            everywhere = 0
            for mask in sites.values():
                everywhere |= mask
            after = everywhere.bit_length()
            for path in {path for _, path, _ in sites}:
                numbers = by_path[path]
                if after < len(numbers) and numbers[after] >= 0:
                    ended.setdefault((path, numbers[after]), []).append((text, after))
        for (path, blob), texts in ended.items():
            body = content(blob)
            for text, after in texts:
                if max(text.split(HOLE), key=len).strip()[:_HELD] in body:
                    later = (1 << len(by_path[path])) - (1 << after)
                    self.messages[text]["held", path, ""] |= later

    def _add_names(self, module: str, record: Record, mask: int) -> None:
        for name, kind in record.symbols.items():
            self.symbols[module, name].kinds[kind] |= mask
            if "gemma" in name.lower() and kind != "imported":
                self.named[f"{module}:{name}"] |= mask
        if module == self._root or f"{self._root}.models." in module:
            for name in record.exported:
                self.symbols[self._root, name].kinds["exported"] |= mask
        for name, bases in record.bases.items():
            for base in bases:
                self.symbols[module, name].bases[base] |= mask
        for name, members in record.members.items():
            for member in members:
                self.symbols[module, name].members[member] |= mask
        for attribute in record.outside:
            self.outside[attribute] |= mask
        for qualified, parameters in record.parameters.items():
            if "<locals>" not in qualified:
                top, _, method = qualified.partition(".")
                for parameter in parameters:
                    self.symbols[module, top].parameters[method][parameter] |= mask

    def blocks(self) -> dict[str, Any]:
        """Return the blocks of the index, by name."""
        if self._texts:
            tables = {"tables": self._table_block()} if self._with_tables else {}
            made = {**self._text_blocks(), **tables, "modules": self._module_block()}
            return {**made, **self._symbol_blocks()} if self._with_names else made
        return {
            "modules": self._module_block(),
            "messages": self._message_block(),
            "tables": self._table_block(),
            "outside": _spanned(
                lambda span_of: {k: span_of(m) for k, m in sorted(self.outside.items())}
            ),
            **self._symbol_blocks(),
        }

    def _module_block(self) -> dict[str, Any]:
        return _spanned(lambda span_of: {k: span_of(m) for k, m in self.modules.items()})

    def _text_blocks(self) -> dict[str, Any]:
        """Return all texts as one block, and where they are raised in blocks of some each."""
        made: dict[str, Any] = {"texts": "\n".join(sorted(self.messages))}
        rows = [sites for _, sites in sorted(self.messages.items())]
        for start in range(0, len(rows), ROWS):
            made[f"sites/{start // ROWS}"] = _sites_block(rows[start : start + ROWS])
        return made

    def _message_block(self) -> dict[str, Any]:
        paths, kinds = Interned(), Interned()

        def rows(span_of: Any) -> Any:
            return [
                [text, [[kinds(k), paths(p), s, span_of(m)] for (k, p, s), m in sites.items()]]
                for text, sites in sorted(self.messages.items())
            ]

        made = _spanned(rows)
        return {**made, "paths": paths.values, "kinds": kinds.values}

    def _table_block(self) -> dict[str, Any]:
        def rows(span_of: Any) -> Any:
            tables = {
                name: {
                    key: [x for v, m in values.items() for x in (v, span_of(m))]
                    for key, values in table.items()
                }
                for name, table in self.tables.items()
            }
            branches = {
                site: {name: span_of(m) for name, m in names.items()}
                for site, names in self.branches.items()
            }
            files = {path: span_of(m) for path, m in self.files.items()}
            named = {name: span_of(m) for name, m in self.named.items()}
            return {"tables": tables, "branches": branches, "files": files, "named": named}

        return _spanned(rows)

    def _symbol_blocks(self) -> dict[str, Any]:
        number_of = {module: number for number, module in enumerate(self.modules)}
        shards: defaultdict[int, dict[str, list[tuple[str, Symbol]]]] = defaultdict(dict)
        for (module, name), symbol in sorted(self.symbols.items()):
            shards[shard_of(name)].setdefault(name, []).append((module, symbol))
        return {
            f"names/{number}": _spanned(
                lambda span_of, named=named: {
                    name: [
                        _packed_symbol(number_of[module], symbol, span_of)
                        for module, symbol in entries
                    ]
                    for name, entries in named.items()
                }
            )
            for number, named in shards.items()
        }


def _sites_block(rows: list[Any]) -> dict[str, Any]:
    paths, kinds = Interned(), Interned()

    def packed(span_of: Any) -> Any:
        return [
            [[kinds(k), paths(p), s, span_of(m)] for (k, p, s), m in sites.items()]
            for sites in rows
        ]

    made = _spanned(packed)
    return {**made, "paths": paths.values, "kinds": kinds.values}


def _packed_symbol(module: int, symbol: Symbol, span_of: Any) -> list[Any]:
    packed = [module, {kind: span_of(mask) for kind, mask in symbol.kinds.items()}]
    if symbol.members or symbol.parameters or symbol.bases:
        packed += [
            {name: span_of(mask) for name, mask in symbol.bases.items()},
            {name: span_of(mask) for name, mask in symbol.members.items()},
            {
                method: {name: span_of(mask) for name, mask in parameters.items()}
                for method, parameters in symbol.parameters.items()
            },
        ]
    return packed


def _spanned(make: Any) -> dict[str, Any]:
    """Return what ``make`` returns, given a function from masks to numbers, and the spans."""
    spans = Interned()
    rows = make(lambda mask: spans(span(mask)))
    return {"rows": rows, "spans": spans.values}


def module_of(path: str) -> str:
    """Return the module of a path: ``transformers.utils`` for
    ``transformers/utils/__init__.py``.
    """
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
