"""Run a script or a module with the hook installed: ``python -m gemma_compat run train.py``."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from ..errors import NothingToRun
from . import install

_USAGE = "python -m gemma_compat run [-m MODULE | SCRIPT] [ARGUMENT ...]"


def run_script(
    argv: Sequence[str], *, preflight: bool | Mapping[str, Any] = False, watch: bool = False
) -> int:
    """Run a script, or a module after ``-m``, as ``__main__``, just as Python would.

    Args:
        argv: the script and its own arguments, ``["train.py", "--lr", "2e-4"]``.
        preflight, watch: as for :func:`gemma_compat.install`.

    Returns:
        0. Whatever the script raises, ``SystemExit`` included, goes through.

    Raises:
        NothingToRun: there is nothing to run.
    """
    if not argv or list(argv) == ["-m"]:
        raise NothingToRun(f"nothing to run; usage: {_USAGE}")
    if argv[0] == "-m":
        _run_module(argv[1], list(argv[2:]), preflight=preflight, watch=watch)
    else:
        _run_file(argv[0], list(argv[1:]), preflight=preflight, watch=watch)
    return 0


def _run_file(
    script: str, arguments: list[str], *, preflight: bool | Mapping[str, Any], watch: bool
) -> None:
    """Run a script as ``__main__``.

    ``runpy.run_path`` would put the former ``__main__`` back before threads and exit handlers are
    done, and would spell ``sys.argv[0]`` and ``__file__`` the same.
    """
    if not os.path.isfile(script):
        raise NothingToRun(f"no such script: {script!r}")
    path = os.path.abspath(script)
    loader = SourceFileLoader("__main__", path)
    with open(path, "rb") as file:
        source = file.read()
    main = ModuleType("__main__")
    vars(main).update(__file__=path, __loader__=loader, __cached__=None)
    _set_first_path(os.path.dirname(os.path.realpath(script)))
    sys.argv[:] = [script, *arguments]
    install(preflight=preflight, watch=watch)
    sys.modules["__main__"] = main
    exec(compile(source, path, "exec", dont_inherit=True), vars(main))  # noqa: S102


def _run_module(
    name: str, arguments: list[str], *, preflight: bool | Mapping[str, Any], watch: bool
) -> None:
    _set_first_path(os.getcwd())
    install(preflight=preflight, watch=watch)
    if not _exists(name):
        raise NothingToRun(f"no module named {name!r}")
    sys.argv[:] = ["-m", *arguments]  # runpy sets the first to the module's file
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError as error:
        # The module's own parent is missing, and not something that the parent imports.
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            return False
        raise


def _set_first_path(folder: str) -> None:
    """Put the script's folder first on ``sys.path``, unless Python was told not to (``-P``)."""
    if getattr(sys.flags, "safe_path", sys.flags.isolated):
        return
    sys.path[0] = folder
