"""Models that code registers: by calls and decorators, in bodies of classes and lists of classes.

What names a Gemma is kept, as the keys of a table that has the name of what registers it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from .messages import inner
from .tables import NAME, WIDTH, Tables

VERSION = 3  # raise it with every change of what is found


def registered(tree: ast.Module) -> Tables:
    """Return what a module registers: who registers to the names, each with an empty value."""
    found: Tables = {}
    for table, text in _statements(tree):
        if NAME in text.lower() and len(text) <= WIDTH and "\n" not in text:
            found.setdefault(table, {})[text] = ""
    return found


def _statements(tree: ast.Module) -> Iterator[tuple[str, str]]:
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop(0)
        if isinstance(node, (ast.If, ast.Try, ast.With)):
            pending.extend(inner(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield from _called(node.value)
        elif isinstance(node, ast.ClassDef):
            yield from _decorated(node)
            yield from _of_class(node)
        elif isinstance(node, ast.FunctionDef):
            yield from _decorated(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield from _assigned(node.targets[0].id, node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield from _assigned(node.target.id, node.value)


def _called(call: ast.Call) -> Iterator[tuple[str, str]]:
    """Yield the strings of ``register_model(...)``, but not the template that it refers to."""
    name = _last_name(call.func)
    if "register" in name:
        words = [word.value for word in call.keywords if word.arg != "template"]
        yield from ((name.lstrip("_"), text) for text in _strings([*call.args, *words]))


def _decorated(node: ast.ClassDef | ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Yield the strings of ``@Model.register("GemmaForCausalLM")``."""
    for item in node.decorator_list:
        if isinstance(item, ast.Call):
            yield from _called(item)


def _of_class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Yield the strings that a class has as attributes, and the keys of its tables."""
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, statement.value
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name, value = statement.target.id, statement.value or ast.Constant(None)
        else:
            continue
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield node.name, value.value
        elif isinstance(value, ast.Dict):
            yield from ((f"{node.name}.{name}", text) for text in _keys(value))


def _assigned(name: str, value: ast.expr) -> Iterator[tuple[str, str]]:
    """Yield what a list at the margin names: ``EntryClass = [A, B]``, ``gemma = [dict(...)]``.

    The values of a dictionary count if its keys are attributes: ``{ARCH.GEMMA: "gemma"}``.
    """
    items = value.elts if isinstance(value, (ast.List, ast.Tuple)) else [value]
    if name == "EntryClass":
        yield from ((name, item.id) for item in items if isinstance(item, ast.Name))
    elif isinstance(value, ast.List):
        calls = [item for item in value.elts if isinstance(item, ast.Call)]
        yield from ((name, text) for text in _strings(calls))
    elif isinstance(value, ast.Dict):
        for key, entry in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Attribute) and isinstance(entry, ast.Constant):
                yield name, str(entry.value)


def _keys(node: ast.Dict) -> Iterator[str]:
    for key in node.keys:
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value


def _strings(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        for item in ast.walk(node):
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                yield item.value


def _last_name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
