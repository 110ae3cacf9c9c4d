"""``%load_ext gemma_compat``: two commands for notebooks. IPython is asked and never imported."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import GemmaCompatError

if TYPE_CHECKING:
    from .._explain.explanation import Explanation
    from ..engine.rule import Diagnosis

_T = TypeVar("_T")


def load_ipython_extension(shell: Any) -> None:
    """Register ``%gemma_explain`` and ``%gemma_report``; IPython calls this.

    Args:
        shell: the running ``InteractiveShell``.
    """

    def gemma_explain(line: str) -> Explanation | None:
        """Explain the last error, or an error, text or log: ``%gemma_explain [NAME or PATH]``."""
        return _told(lambda: _explain(line.strip(), shell.user_ns))

    def gemma_report(line: str) -> Diagnosis | None:
        """Report on this stack: ``%gemma_report [model or trainer, or the command's options]``."""
        return _told(lambda: _report(line.strip(), shell.user_ns))

    for command in (gemma_explain, gemma_report):
        shell.register_magic_function(command, "line", command.__name__)


def _explain(line: str, names: dict[str, Any]) -> Explanation:
    from .explaining import explain

    if not line:
        return explain()
    return explain(names[line] if line in names else Path(line))


def _report(line: str, names: dict[str, Any]) -> Diagnosis | None:
    if not line or line in names:
        from ..api import diagnose

        return diagnose(names[line] if line else None)
    from .._cli import main

    main(["report", *shlex.split(line)])
    return None


def _told(made: Callable[[], _T]) -> _T | None:
    """Return what was made; a wrong use is one line, without a traceback of ours."""
    try:
        return made()
    except (GemmaCompatError, ValueError) as error:  # ValueError: an open quote in the line
        sys.stderr.write(f"gemma_compat: error: {error}\n")
        return None
