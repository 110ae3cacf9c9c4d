"""The JSON Schemas of what the commands print with ``--format json``, written to ``docs/schema``.

    python -m tools.schemas          # write
    python -m tools.schemas --check  # 1 where a file is out of date

Facts are described by the declared types of their fields, which ``facts/checked.py`` also holds a
report to. The rest is written here, once. ``rules.schema.json`` is written by hand.
"""

from __future__ import annotations

import json
import sys
import types
import typing
from pathlib import Path
from typing import Any

from gemma_compat._version import SCHEMA_VERSION
from gemma_compat.facts import Facts, Gpu, Package, Record
from gemma_compat.report import sharing
from tools import schemas_table as table

HOME = Path(__file__).resolve().parent.parent / "docs" / "schema"
_SHARED = {Package: sharing._PACKAGE_FIELDS, Gpu: sharing._GPU_FIELDS}
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


def main(arguments: list[str] | None = None) -> int:
    """Write the schemas, or compare them with what is there."""
    check = "--check" in (sys.argv[1:] if arguments is None else arguments)
    stale = []
    for name, schema in schemas().items():
        path, text = HOME / f"{name}.schema.json", json.dumps(schema, indent=2) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
            if not check:
                path.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"out of date, run `make schemas`: {', '.join(stale)}")
    return int(check and bool(stale))


def schemas() -> dict[str, dict[str, Any]]:
    """Return every schema by its name."""
    return {name: _whole(name, *parts) for name, parts in table.COMMANDS.items()}


def _whole(name: str, command: str, bodies: list[dict[str, Any]]) -> dict[str, Any]:
    common: dict[str, dict[str, Any]] = {
        "schema_version": {"const": SCHEMA_VERSION},
        "tool_version": {"type": "string", "description": "Of gemma_compat."},
    }
    whole = [table.record(common, body) for body in bodies]
    content = whole[0] if len(whole) == 1 else {"anyOf": whole}
    used = _used(content, {**table.SHARED, "facts": facts_schema()})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"gemma_compat {name}, version {SCHEMA_VERSION}",
        "description": f"What `python -m gemma_compat {command} --format json` prints. "
        f"Within version {SCHEMA_VERSION} a field may be added, and none is taken away.",
        **content,
        **({"$defs": used} if used else {}),
    }


def _used(content: Any, known: dict[str, Any]) -> dict[str, Any]:
    """Return the shared parts that a schema refers to, and those that they refer to."""
    found: dict[str, Any] = {}
    pending = [content]
    while pending:
        text = json.dumps(pending.pop())
        for name, part in known.items():
            if name not in found and f'"#/$defs/{name}"' in text:
                found[name] = part
                pending.append(part)
    return dict(sorted(found.items()))


def facts_schema() -> dict[str, Any]:
    """Return the schema of facts as they are shared; a field that is unknown is absent."""
    fields = _record(Facts, (*sharing._FACTS_FIELDS, *_ALSO_SHARED))
    fields["properties"]["packages"]["description"] = "null: known not to be installed."
    return fields


_ALSO_SHARED = ("environment", "imports", "libraries", "reasons")


def _record(cls: type[Record], names: tuple[str, ...] | None = None) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    known = cls.field_names()
    chosen = [name for name in known if names is None or name in names]
    return {
        "type": "object",
        "properties": {name: _of(hints[name]) for name in chosen},
    }


def _of(expected: Any) -> dict[str, Any]:
    """Return the schema of a declared type."""
    origin, inside = typing.get_origin(expected), typing.get_args(expected)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_of(item) for item in inside]}
    if origin is tuple:
        return _tuple(inside)
    if origin in (dict, typing.Mapping) or expected is dict:
        return {"type": "object", **({"additionalProperties": _of(inside[1])} if inside else {})}
    if expected is type(None):
        return {"type": "null"}
    if isinstance(expected, type) and issubclass(expected, Record):
        return _record(expected, _SHARED.get(expected))
    if expected is float:  # what JSON has no number for is a text
        return {"type": ["number", "string"]}
    return {"type": _PLAIN[expected]} if expected in _PLAIN else {}


def _tuple(inside: tuple[Any, ...]) -> dict[str, Any]:
    if len(inside) == 2 and inside[1] is Ellipsis:
        return {"type": "array", "items": _of(inside[0])}
    return {"type": "array", "prefixItems": [_of(item) for item in inside]}


if __name__ == "__main__":
    sys.exit(main())
