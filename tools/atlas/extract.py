"""Extract what the atlas records about one source file: functions, messages, names and tables.

It records only facts: names, positions and the texts that the code prints. Nothing is executed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from . import attributes
from .messages import Resolver, below, inner, template_of
from .tables import branches, module_tables

# Raise it with every change of what is recorded: files are then read again from the cache.
VERSION = 2
_TOP = re.compile(r"^(?:async +def|def|class) +(\w+)", re.MULTILINE)
_EXPORTED = re.compile(r"^__all__ *(?:\+?=) *[\[(](.*?)[\])]", re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"[\"'](\w+)[\"']")
_LOGGED = {"warning", "warning_once", "warning_advice", "warn", "error", "critical", "exception"}


@dataclass
class Record:
    """One file.

    Attributes:
        functions: (qualified name, first line, last line), in the order of lines; the first line
            is that of a decorator where there is one, as in a code object.
        messages: (what raises or logs it, qualified name of the function, line, template).
        symbols: top-level names that are defined: name to ``class``, ``function``, ``value`` or
            ``imported``.
        bases: class to the names of its bases.
        members: class to names that its body defines or its methods set on themselves.
        outside: names of attributes that are set on other objects.
        parameters: qualified name of a function to its parameters; ``**`` for open keywords.
        exported: names in ``__all__`` or in an ``_import_structure``.
        tables: module-level tables that name a Gemma: name to key to value (may be empty).
        branches: qualified name of a function to the Gemma names that it compares with.
    """

    functions: list[tuple[str, int, int]] = field(default_factory=list)
    messages: list[tuple[str, str, int, str]] = field(default_factory=list)
    symbols: dict[str, str] = field(default_factory=dict)
    bases: dict[str, list[str]] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    outside: list[str] = field(default_factory=list)
    parameters: dict[str, list[str]] = field(default_factory=dict)
    exported: list[str] = field(default_factory=list)
    tables: dict[str, dict[str, str]] = field(default_factory=dict)
    branches: dict[str, list[str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return plain values for the cache."""
        return asdict(self)


def names_only(text: str) -> Record:
    """Return the top-level names of a file whose lines are not indexed."""
    kinds = {
        name: "class" if line.startswith("class") else "function"
        for line in re.findall(r"^(?:async +def|def|class) +\w+", text, re.MULTILINE)
        for name in _TOP.findall(line)
    }
    exported = [name for part in _EXPORTED.findall(text) for name in _QUOTED.findall(part)]
    return Record(symbols=kinds, exported=sorted(set(exported)))


def extract(text: str, around: Resolver | None = None) -> Record:
    """Return the whole record of a file. ``SyntaxError`` if it is not Python.

    Args:
        around: the names of the module, where the text is a part of it.
    """
    tree = ast.parse(text)
    record = Record()
    names_gemma = "gemma" in text.lower()
    where = text.lower().split("\n") if names_gemma else []
    _walk(tree, "", record, Resolver(tree, around), where)
    _top_level(tree, record)
    record.outside = sorted(attributes.of_others(tree))
    if "__all__" in text or "_import_structure" in text:
        record.exported = sorted(set(_exported(tree)))
    if names_gemma:
        record.tables = module_tables(tree)
    record.functions.sort(key=lambda item: (item[1], -item[2]))
    return record


def extract_method(text: str, owner: str, around: Resolver) -> Record:
    """Return the record of one method's text without its indentation."""
    tree = ast.parse(text)
    record = Record()
    where = text.lower().split("\n") if "gemma" in text.lower() else []
    _walk(tree, f"{owner}.", record, Resolver(tree, around), where)
    record.members[owner] = sorted(attributes.of_class(tree))
    record.outside = sorted(attributes.of_others(tree, is_method=True))
    return record


def _walk(node: ast.AST, prefix: str, record: Record, resolver: Resolver, where: list[str]) -> None:
    """Record functions, classes and messages below ``node``, which is named ``prefix``.

    Args:
        where: the lines of a file that names a Gemma, in lower case; empty for others.
    """
    for child in inner(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            name = f"{prefix}{child.name}"
            first = min([child.lineno, *(item.lineno for item in child.decorator_list)])
            record.functions.append((name, first, child.end_lineno or first))
            record.parameters[name] = _parameters(child.args)
            lines = where[first - 1 : child.end_lineno]
            if any("gemma" in line for line in lines) and (found := branches(child)):
                record.branches[name] = found
            _walk(child, f"{name}.<locals>.", record, resolver.inside(child), where)
        elif isinstance(child, ast.ClassDef):
            name = f"{prefix}{child.name}"
            if not prefix:
                record.bases[name] = [ast.unparse(base) for base in child.bases]
                record.members[name] = sorted(attributes.of_class(child))
            _walk(child, f"{name}.", record, resolver, where)
        else:
            _message(child, prefix, record, resolver)
            _walk(child, prefix, record, resolver, where)


def _message(node: ast.AST, prefix: str, record: Record, resolver: Resolver) -> None:
    site = prefix.removesuffix(".").removesuffix(".<locals>")
    kind, told = _told(node)
    for item in told:
        for text in template_of(item, resolver):
            record.messages.append((kind, site, getattr(node, "lineno", 0), text))


def _told(node: ast.AST) -> tuple[str, list[ast.expr]]:
    """Return what raises or logs here (``ValueError``, ``log``, ``warn``), and its texts'
    expressions.
    """
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return _last_name(node.exc.func), [
            *node.exc.args,
            *(word.value for word in node.exc.keywords),
        ]
    if isinstance(node, ast.Assert) and node.msg is not None:
        return "AssertionError", [node.msg]
    if isinstance(node, (ast.Expr, ast.Assign, ast.Return)) and isinstance(node.value, ast.Call):
        node = node.value
        name = _last_name(node.func)
        if name in _LOGGED:
            return "warn" if name == "warn" else "log", node.args[:1]
        if "check" in name or "deprecat" in name or "raise" in name:
            return "check", [arg.body if isinstance(arg, ast.Lambda) else arg for arg in node.args]
    return "", []


def _last_name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _parameters(args: ast.arguments) -> list[str]:
    names = [item.arg for item in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return [*names, "**"] if args.kwarg else names


def _assigned(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id


def _top_level(tree: ast.Module, record: Record) -> None:
    """Record the names that an import from this module finds, also under ``if`` and ``try``."""
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.ClassDef):
            record.symbols[node.name] = "class"
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            record.symbols[node.name] = "function"
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                record.symbols.setdefault(name, "imported")
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            pending.extend(inner(node))
        elif isinstance(node, ast.stmt):
            for name in _assigned(node):
                record.symbols[name] = "value"


def _exported(tree: ast.Module) -> Iterator[str]:
    """Yield the strings of ``__all__`` and of a lazy module's ``_import_structure``."""
    for statement in below(tree):
        node = statement.value if isinstance(statement, ast.Expr) else statement
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if node.value is not None and any(_is_structure(item) for item in targets):
                yield from _strings(node.value)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and _is_structure(node.func.value)
        ):
            for arg in node.args:
                yield from _strings(arg)


def _is_structure(node: ast.expr) -> bool:
    inner = node.value if isinstance(node, ast.Subscript) else node
    return isinstance(inner, ast.Name) and inner.id in {"_import_structure", "__all__"}


def _strings(node: ast.expr) -> Iterator[str]:
    """Yield the names in lists; the keys of a dictionary are submodules and not names."""
    if isinstance(node, ast.Dict):
        for value in node.values:
            yield from _strings(value)
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        for item in node.elts:
            yield from _strings(item)
    elif isinstance(node, ast.BinOp):
        yield from _strings(node.left)
        yield from _strings(node.right)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
