"""Judge what another interpreter sees: ``report --python PATH``.

A tool of pipx or uvx runs in a separate environment, which holds none of the packages that will
train. So the report is made by the other interpreter itself, from its own search path; only this
package and ``packaging`` come from here, and are taken off its path again before anything is read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from ..errors import UsageError

OPTION = "--python"
_NEEDED = ("gemma_compat", "packaging")
_PATIENCE, _MOST = 60.0, 4096  # seconds and bytes until an interpreter has said that it is one
_CODE = """
import sys
if sys.version_info < (3, 10):
    sys.stderr.write("gemma_compat: error: --python needs Python 3.10 or newer, this is "
                     + sys.version.split()[0] + "\\n")
    sys.exit(2)
sys.path.pop(0)
borrowed = {borrowed!r}
sys.path += borrowed
import packaging.markers, packaging.requirements, packaging.specifiers, packaging.version
import gemma_compat._cli
del sys.path[len(sys.path) - len(borrowed):]
sys.argv[0] = "gemma_compat"
sys.exit(gemma_compat._cli.main({arguments!r}))
"""
_TOOLS = {"pipx": (os.path.join("pipx", "venvs"),), "uv": (os.path.join("uv", "tools"),)}
_UVX = ("archive-v0", "environments-v2")  # folders of uv's cache in which uvx makes environments


def report_of(python: str, arguments: Sequence[str]) -> int:
    """Run this command with the other interpreter; its exit status.

    Args:
        python: an interpreter, or the directory of a virtual environment.
        arguments: of this command, the option itself included.

    Raises:
        UsageError: the interpreter does not exist, cannot be started or does not run Python.
    """
    import subprocess

    interpreter = _interpreter(python)
    code = _CODE.format(borrowed=_borrowed(), arguments=_without_option(arguments))
    try:
        if not _is_python(interpreter):
            raise UsageError(f"{OPTION} {python}: does not run Python")
        status = subprocess.run([interpreter, "-c", code], check=False).returncode
    except OSError as error:
        raise UsageError(f"{OPTION} {python}: {error.strerror or error}") from error
    if status < 0:
        raise UsageError(f"{OPTION} {python}: crashed with signal {-status}")
    return status


def _interpreter(python: str) -> str:
    inside = ("bin/python", "Scripts/python.exe")
    if os.path.isdir(python):
        python = next(
            (path for name in inside if os.path.isfile(path := os.path.join(python, name))), python
        )
    if not os.path.isfile(python):
        raise UsageError(f"{OPTION} {python}: no such interpreter")
    return os.path.abspath(python)


def _is_python(interpreter: str) -> bool:
    """Return whether it does what a Python does: ``false`` would end as a report with findings."""
    import subprocess
    import threading

    asked = [interpreter, "-c", "print('Python')"]
    process: Any = subprocess.Popen(
        asked, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    late = threading.Timer(_PATIENCE, process.kill)
    late.start()
    with process:
        said = process.stdout.read(_MOST)
        late.cancel()
        process.kill()  # a process that prints more, or goes on, gives no answer
    return bytes(said).split()[-1:] == [b"Python"]


def _borrowed() -> list[str]:
    """Return where this package and ``packaging`` were imported from."""
    found = []
    for name in _NEEDED:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            found.append(os.path.dirname(os.path.dirname(spec.origin)))
    return sorted(set(found))


def _without_option(arguments: Sequence[str]) -> list[str]:
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument == OPTION:
            skip = True
        elif not argument.startswith(OPTION + "="):
            kept.append(argument)
    return kept


def tool_environment() -> str | None:
    """Return ``pipx`` or ``uvx`` where this runs in an environment that one of them made."""
    prefix = os.path.normpath(sys.prefix)
    for name, parts in _TOOLS.items():
        if any(part in prefix for part in parts):
            return name
    return "uvx" if any(part in prefix.split(os.sep) for part in _UVX) else None
