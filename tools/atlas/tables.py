"""Tables that decide whether a model is supported, and branches that compare with its name.

A table is a module-level name with a dictionary, a list of pairs or a set of strings that names a
Gemma anywhere. Of its entries every key is kept, and the value where key or value names a Gemma.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

NAME = "gemma"
WIDTH = 100  # characters of a value that are kept
Tables = dict[str, dict[str, str]]


def module_tables(tree: ast.Module) -> dict[str, dict[str, str]]:
    """Name of a table to its keys, each with its value or with an empty text."""
    found: dict[str, dict[str, str]] = {}
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop(0)
        if isinstance(node, (ast.If, ast.Try, ast.With)):
            pending.extend(ast.iter_child_nodes(node))
        for name, value in _changed(node):
            found.setdefault(name, {}).update(_entries(value, found))
    return {name: _kept(rows) for name, rows in found.items() if _is_ours(rows)}


def _changed(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the table that a statement makes or extends, and with what."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Name):
            yield target.id, node.value
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            yield target.value.id, ast.Dict(keys=[target.slice], values=[node.value])
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        yield node.target.id, node.value
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and node.value.args:
        called = node.value.func
        if (
            isinstance(called, ast.Attribute)
            and isinstance(called.value, ast.Name)
            and called.attr == "update"
        ):
            yield called.value.id, node.value.args[0]


def _entries(node: ast.expr, known: Tables) -> Iterator[tuple[str, str]]:
    """Yield keys and values of a table, also of one that copies or spreads another."""
    if isinstance(node, ast.Name):
        yield from list(known.get(node.id, {}).items())
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, _shown(value)
            elif key is None:  # {**other}
                yield from _entries(value, known)
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        for item in node.elts:
            yield from _item(item)
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"copy", "items"}:
            yield from _entries(node.func.value, known)
        for arg in node.args:  # OrderedDict([...]), frozenset({...}), dict(other)
            yield from _entries(arg, known)
    elif isinstance(node, ast.BinOp):  # one | other, one + other
        yield from _entries(node.left, known)
        yield from _entries(node.right, known)


def _item(node: ast.expr) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, ""
    elif isinstance(node, ast.Tuple) and len(node.elts) == 2:
        key = node.elts[0]
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, _shown(node.elts[1])


def _shown(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else repr(node.value)
    strings = [
        item.value
        for item in ast.walk(node)
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    ]
    return ", ".join(strings) if strings else ast.unparse(node)


def _is_ours(rows: dict[str, str]) -> bool:
    return any(NAME in f"{key} {value}".lower() for key, value in rows.items())


def _kept(rows: dict[str, str]) -> dict[str, str]:
    return {
        key: value[:WIDTH] if NAME in f"{key} {value}".lower() else ""
        for key, value in rows.items()
        if len(key) <= WIDTH
    }


def branches(function: ast.AST) -> list[str]:
    """Return the strings with a Gemma's name that a function compares something with."""
    sides: list[ast.expr] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Compare):
            sides += (node.left, *node.comparators)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            sides += node.args if node.func.attr in {"startswith", "endswith"} else ()
    return sorted({name for side in sides for name in _compared(side)})


def _compared(node: ast.expr) -> Iterator[str]:
    items = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    for item in items:
        text = item.value if isinstance(item, ast.Constant) else None
        if isinstance(text, str) and NAME in text.lower() and len(text) <= WIDTH:
            yield text
