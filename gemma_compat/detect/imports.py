"""Does torch import? Tried in child processes, and only when asked: it takes seconds."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..facts import Package
from ._deadline import Deadline

if TYPE_CHECKING:
    from ._child import Child

_MODULES = ("torch", "transformers")
_REPORTED = 3  # exit status: the import raised, and the last line says what
# os._exit, since a crash while the interpreter shuts down is not one of the import.
_CODE = """
import os
try:
    import {module}
except BaseException as error:
    first = (str(error).strip().splitlines() or [""])[0]
    print("\\n" + ": ".join(filter(None, [type(error).__name__, first])), flush=True)
    os._exit({status})
os._exit(0)
"""


class ImportProbe:
    """Imports each module in a child of its own, all at once.

    Args:
        path: the module search path.
        packages: what is installed; a module that is known to be absent is not tried.
    """

    def __init__(self, path: Sequence[str], packages: Mapping[str, Package | None]) -> None:
        self._answers: dict[str, str] = {}
        self._children: dict[str, Child] = {}
        for module in _MODULES:
            if module in packages and packages[module] is None:
                self._answers[module] = "not installed"
            else:
                self._start(module, path)

    def _start(self, module: str, path: Sequence[str]) -> None:
        from ._child import Child

        try:
            code = _CODE.format(module=module, status=_REPORTED)
            self._children[module] = Child(code, path)
        except OSError as error:
            self._answers[module] = f"not tried: {error}"

    def answer(self, deadline: Deadline) -> dict[str, str]:
        """Per module: ``ok``, ``failed: ...``, ``crashed with signal ...`` or not finished."""
        for module, child in self._children.items():
            outcome = child.finish(deadline)
            lines = outcome.output.strip().splitlines()
            if outcome.problem is None:
                self._answers[module] = "ok"
            elif outcome.problem.endswith(f"status {_REPORTED}") and lines:
                self._answers[module] = f"failed: {lines[-1]}"
            else:
                self._answers[module] = outcome.problem
        return {module: self._answers[module] for module in _MODULES}


def without_trying() -> dict[str, str]:
    """The answers where no import may be tried: what this process has imported already."""
    return {module: "ok" if module in sys.modules else "not tried" for module in _MODULES}
