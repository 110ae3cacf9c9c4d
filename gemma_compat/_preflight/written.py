"""Tell what a function of the user's script reaches beyond this process, and undo what it writes.

A function is looked at by the names in its code, and so are the user's own functions that it
calls. What it writes to files or sends away cannot be undone, so such a function is not called.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .untouched import Kept

_PACKAGES = (
    *("requests", "httpx", "aiohttp", "urllib", "urllib3", "http", "socket", "openai", "anthropic"),
    *(
        "litellm",
        "google",
        "boto3",
        "vllm",
        "subprocess",
        "multiprocessing",
        "asyncio",
        "threading",
    ),
    *("concurrent", "wandb", "mlflow", "sqlite3", "docker", "modal", "e2b"),
)
_CALLS = (
    *("open", "exec", "eval", "system", "popen", "Popen", "urlopen", "sleep", "pipeline"),
    *("write_text", "write_bytes"),
)
_OUTSIDE = frozenset((*_PACKAGES, *_CALLS))
_DEEP = 4  # functions that call each other


def outside(function: FunctionType) -> str:
    """Return the first name by which it may reach files, networks, processes or models; else
    nothing.
    """
    for inner in _functions(function, set()):
        for name in sorted(_names(inner.__code__)):
            if name in _OUTSIDE or _home(inner.__globals__.get(name)) in _OUTSIDE:
                return name
            if callable(getattr(inner.__globals__.get(name), "named_modules", None)):
                return name
    return ""


def _home(value: Any) -> str:
    if isinstance(value, ModuleType):
        return value.__name__.partition(".")[0]
    home = getattr(value, "__module__", None) or type(value).__module__
    return str(home).partition(".")[0]


@contextmanager
def writes_undone(function: FunctionType) -> Iterator[None]:
    """Put back the globals, closures and containers that the body writes to through this
    function.
    """
    functions = list(_functions(function, set()))
    tables = [(inner.__globals__, _names(inner.__code__)) for inner in functions]
    held = [(table, name, table[name]) for table, names in tables for name in names & set(table)]
    absent = [(table, name) for table, names in tables for name in names - set(table)]
    cells = [
        (c, c.cell_contents) for inner in functions for c in inner.__closure__ or () if _has(c)
    ]
    own = [value for _, _, value in held if not isinstance(value, ModuleType)]
    attributes = [vars(inner) for inner in functions]
    kept = Kept([*own, *(value for _, value in cells), *attributes, *map(_defaults, functions)])
    try:
        yield
    finally:
        for table, name, value in held:
            table[name] = value
        for table, name in absent:
            table.pop(name, None)
        for cell, value in cells:
            cell.cell_contents = value
        kept.restore()


def _defaults(function: FunctionType) -> list[Any]:
    return [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]


def _has(cell: Any) -> bool:
    """Return whether a variable of an enclosing function has a value already."""
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _functions(function: FunctionType, seen: set[int], depth: int = 0) -> Iterator[FunctionType]:
    """Yield the function, and those of the user's own that it names or has in its closure."""
    if id(function) in seen or depth > _DEEP:
        return
    seen.add(id(function))
    yield function
    named = [function.__globals__.get(name) for name in sorted(_names(function.__code__))]
    named += [cell.cell_contents for cell in function.__closure__ or () if _has(cell)]
    for inner in named:
        if inspect.isfunction(inner) and not _is_librarys(inner):
            yield from _functions(inner, seen, depth + 1)


def _is_librarys(function: FunctionType) -> bool:
    """Return whether an installed package or Python itself brought this function."""
    file = function.__code__.co_filename
    return "site-packages" in file or file.startswith((os.path.dirname(os.__file__), "<frozen"))


def _names(code: CodeType) -> set[str]:
    """Return the names of globals, attributes and imports in the code and in what it defines."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
    return found
