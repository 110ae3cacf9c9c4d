"""The text of a ``raise`` or a warning as a template: literal pieces and holes.

raise ValueError(f"expected {n} tokens, got {m}")   ->   "expected \\0 tokens, got \\0"
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from gemma_compat.atlas.wording import LEAST

HOLE = "\0"
SHORTEST = 10  # letters a template must have to say anything
LONGEST = 400  # characters of a template that are kept
BEGINNING = 160  # of one where the texts alone are indexed
_PERCENT = re.compile(r"%(?:\(\w+\))?[-+ #0]*[\d*]*(?:\.\d+)?[sdrifgxeXc]")
_BRACES = re.compile(r"\{[^{}]*\}")


def inner(node: ast.AST) -> list[ast.stmt]:
    """Return the statements directly inside one: bodies, ``else``, handlers, ``case``."""
    found: list[ast.stmt] = []
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        for item in getattr(node, name, ()) or ():
            if isinstance(item, ast.stmt):
                found.append(item)
            else:
                found += inner(item)
    return found


def below(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield all statements inside one, at any depth."""
    for item in inner(node):
        yield item
        yield from below(item)


class Resolver:
    """The strings that a name can hold, as assigned in the module and in the functions around."""

    def __init__(self, scope: ast.AST, outer: Resolver | None = None) -> None:
        self._scope, self._outer = scope, outer

    @cached_property
    def _names(self) -> Mapping[str, list[ast.expr]]:
        return _assignments(self._scope)

    @cached_property
    def texts(self) -> str:
        """Return all that the names can stand for, as one text: equal for equal names."""
        return repr({name: [ast.dump(v) for v in found] for name, found in self._names.items()})

    def inside(self, function: ast.AST) -> Resolver:
        """Return a resolver for the names of this function, then of those around it."""
        return Resolver(function, self)

    def find(self, name: str) -> list[ast.expr]:
        """Return the expressions that the name can stand for."""
        if name in self._names:
            return self._names[name]
        return self._outer.find(name) if self._outer else []


def _assignments(scope: ast.AST) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    pending = list(inner(scope))
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if isinstance(node, ast.Assign) and _may_be_text(node.value):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
        pending.extend(inner(node))
    return found


def _may_be_text(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    return isinstance(node, (ast.JoinedStr, ast.BinOp, ast.Call, ast.IfExp))


def logged(template: str) -> str:
    """Return the template of a log call, whose arguments fill in ``%s``."""
    return _PERCENT.sub(HOLE, template)


def beginning(template: str) -> str:
    """Return as much of a template as tells it from others; empty if it can match no error.

    ``atlas/wording.py`` asks for as many letters that are the same.
    """
    short = template[:BEGINNING]
    return short if sum(map(str.isalpha, short)) >= LEAST else ""


def template_of(node: ast.expr, resolver: Resolver) -> list[str]:
    """Return the templates of an expression: none for too few letters, several for an ``if``."""
    found = []
    for text in _texts(node, resolver, depth=3):
        joined = re.sub(r"\0(?:\s*\0)+", HOLE, " ".join(text.split()))[:LONGEST]
        if sum(map(str.isalpha, joined)) >= SHORTEST and " " in joined.strip():
            found.append(joined)
    return list(dict.fromkeys(found))


def _texts(node: ast.expr, resolver: Resolver, depth: int) -> list[str]:
    """Return what the expression can print; :data:`HOLE` stands for what is not known."""
    if isinstance(node, ast.Constant):
        return [node.value if isinstance(node.value, str) else HOLE]
    if isinstance(node, ast.JoinedStr):
        return ["".join(_texts(part, resolver, 0)[0] for part in node.values)]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body, resolver, depth), *_texts(node.orelse, resolver, depth)]
    if isinstance(node, ast.Name) and depth:
        values = resolver.find(node.id)[:4]
        return [text for value in values for text in _texts(value, resolver, depth - 1)] or [HOLE]
    if isinstance(node, ast.BinOp):
        return _operated(node, resolver, depth)
    if isinstance(node, ast.Call):
        return _called(node, resolver, depth)
    return [HOLE]


def _operated(node: ast.BinOp, resolver: Resolver, depth: int) -> list[str]:
    left = _texts(node.left, resolver, depth)
    if isinstance(node.op, ast.Mod):
        return [_PERCENT.sub(HOLE, text) for text in left]
    if isinstance(node.op, ast.Add):
        right = _texts(node.right, resolver, depth)
        return [before + after for before in left[:2] for after in right[:2]]
    return [HOLE]


def _called(node: ast.Call, resolver: Resolver, depth: int) -> list[str]:
    """Return the texts of ``"...".format(...)``, ``dedent("...")`` or a translation; else a
    hole.
    """
    if isinstance(node.func, ast.Attribute) and node.func.attr in {"format", "strip", "lstrip"}:
        texts = _texts(node.func.value, resolver, depth)
        return [_BRACES.sub(HOLE, text) for text in texts]
    if isinstance(node.func, (ast.Name, ast.Attribute)) and node.args and depth:
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        if name in {"dedent", "str", "_", "cleandoc"}:
            return _texts(node.args[0], resolver, depth - 1)
    return [HOLE]
