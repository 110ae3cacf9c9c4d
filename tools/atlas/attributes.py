"""Which attributes the code of a file gives to objects: to its own classes', and to others'.

An attribute comes by ``self.NAME = ...`` in any form of assignment, by a call that names it
(``register_buffer``, ``register_parameter``, ``add_module``, ``setattr``), by ``__dict__``, and by
what the body of a class defines. A name that is put together has ``*`` for each part that varies.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_BY_NAME = {"register_buffer", "register_parameter", "register_module", "add_module", "__setattr__"}
_OWN = {"self", "cls"}
ANY = "*"  # in a name: what is not written in the source


def of_class(node: ast.ClassDef | ast.Module) -> set[str]:
    """Return the attributes of a class: its body's names, and what its methods set on themselves.

    Args:
        node: the class, or a module that has one of its methods alone.
    """
    return set(_defined(node.body)) | {
        name for item in node.body for target, name in _set(item) if _is_own(target)
    }


def of_others(tree: ast.Module, is_method: bool = False) -> set[str]:
    """Return the attributes that a file sets on objects which are not the method's own.

    A function outside of classes may become a method of any: what it sets on ``self`` counts.

    Args:
        is_method: whether the functions of the module are methods.
    """
    found: set[str] = set()
    pending: list[tuple[ast.AST, bool]] = [(tree, is_method)]
    while pending:
        node, in_class = pending.pop()
        nested: list[ast.ClassDef] = []
        for target, name in _set(node, nested):
            if not (in_class and _is_own(target)):
                found.add(name)
        pending += [(item, True) for child in nested for item in child.body]
    return {name for name in found if name.strip(ANY)}  # one that is all computed may be any


def _defined(body: list[ast.stmt]) -> Iterator[str]:
    """Yield the names that the body of a class binds, also under ``if``, ``try`` and ``with``."""
    for item in body:
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield item.name
            continue
        pending: list[ast.AST] = [item]
        while pending:
            node = pending.pop()
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield node.name
            elif isinstance(node, ast.alias):
                yield (node.asname or node.name).partition(".")[0]
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif not isinstance(node, (ast.Lambda, ast.comprehension)):
                pending.extend(ast.iter_child_nodes(node))


def _set(node: ast.AST, nested: list[ast.ClassDef] | None = None) -> Iterator[tuple[ast.expr, str]]:
    """Yield object and name of each attribute that is set below a node.

    Args:
        nested: gets the classes below, which are not entered.
    """
    pending: list[ast.AST] = [node]
    while pending:
        found = pending.pop()
        if isinstance(found, ast.ClassDef):
            if nested is not None:
                nested.append(found)
            continue
        if isinstance(found, ast.Attribute) and isinstance(found.ctx, ast.Store):
            yield found.value, found.attr
        elif isinstance(found, ast.Subscript) and isinstance(found.ctx, ast.Store):
            owner = _whose_dictionary(found.value)
            if owner is not None:
                yield owner, _written(found.slice)
        elif isinstance(found, ast.Call):
            yield from _called(found)
        elif isinstance(found, ast.AnnAssign) and found.value is None:
            continue  # an annotation sets nothing
        pending.extend(ast.iter_child_nodes(found))


def _called(call: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    """Yield object and name of the attribute that a call sets by its name."""
    function, arguments = call.func, call.args
    if isinstance(function, ast.Name):
        if function.id == "setattr" and len(arguments) == 3:
            yield arguments[0], _written(arguments[1])
        return
    if not isinstance(function, ast.Attribute):
        return
    if function.attr == "update":
        owner = _whose_dictionary(function.value)
        if owner is not None:
            yield owner, ANY
        return
    if function.attr not in _BY_NAME:
        return
    if function.attr == "__setattr__" and len(arguments) == 3:  # object.__setattr__(self, ...)
        yield arguments[0], _written(arguments[1])
        return
    by_keyword = [word.value for word in call.keywords if word.arg == "name"]
    for name in [*arguments[:1], *by_keyword][:1]:
        yield function.value, _written(name)


def _whose_dictionary(node: ast.expr) -> ast.expr | None:
    """Return the object of ``OBJECT.__dict__`` and ``vars(OBJECT)``."""
    if isinstance(node, ast.Attribute) and node.attr == "__dict__":
        return node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "vars":
        return node.args[0] if node.args else None
    return None


def _written(node: ast.expr) -> str:
    """Return a name as the source writes it, with :data:`ANY` for each part that varies."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_written(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _written(node.left) + _written(node.right)
    return ANY


def _is_own(node: ast.expr) -> bool:
    """Return whether an expression is the method's own object or class."""
    if isinstance(node, ast.Name):
        return node.id in _OWN
    if isinstance(node, ast.Attribute):
        return node.attr == "__class__" and _is_own(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == "type" and len(node.args) == 1:
            return _is_own(node.args[0])
        return node.func.id == "super"
    return False
