"""gemma_compat: know, before training starts, whether this stack will fine-tune Gemma right.

    import gemma_compat
    applied = gemma_compat.patch(model)     # cure it; print(applied), applied.revert()
    gemma_compat.install()                  # or: patch whatever this script is about to train

On the command line: ``python -m gemma_compat report``.

Importing this package imports nothing but itself: every public name is loaded on first use.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it for typing's; importing that doubles the cost

if TYPE_CHECKING:
    from typing import Any

    from ._explain.explanation import Explanation
    from ._preflight import preflight
    from ._preflight.estimate import MemoryEstimate, estimate_memory
    from ._preflight.result import CheckResult, Outcome, Preflight
    from ._version import __version__
    from .api import diagnose, patch
    from .detect import detect_facts
    from .engine.rule import Diagnosis, Finding, Problem, Rule, Severity, Undetermined
    from .errors import (
        GemmaCompatError,
        PatchConflict,
        PatchError,
        PatchRefused,
        PreflightFailed,
        UsageError,
    )
    from .facts import Facts
    from .hooks import install, uninstall
    from .hooks.callback import GemmaCompatCallback
    from .hooks.explaining import explain, explaining
    from .patching.apply import AppliedPatches

# Each public name and the module that has it; loaded when the name is first used.
# IPython looks for load_ipython_extension, so it is not in __all__.
_HOME = {
    "AppliedPatches": ".patching.apply",
    "CheckResult": "._preflight.result",
    "Diagnosis": ".engine.rule",
    "Explanation": "._explain.explanation",
    "Facts": ".facts",
    "Finding": ".engine.rule",
    "GemmaCompatCallback": ".hooks.callback",
    "GemmaCompatError": ".errors",
    "MemoryEstimate": "._preflight.estimate",
    "Outcome": "._preflight.result",
    "PatchConflict": ".errors",
    "PatchError": ".errors",
    "PatchRefused": ".errors",
    "Preflight": "._preflight.result",
    "PreflightFailed": ".errors",
    "Problem": ".engine.rule",
    "Rule": ".engine.rule",
    "Severity": ".engine.rule",
    "Undetermined": ".engine.rule",
    "UsageError": ".errors",
    "__version__": "._version",
    "detect_facts": ".detect",
    "diagnose": ".api",
    "estimate_memory": "._preflight.estimate",
    "explain": ".hooks.explaining",
    "explaining": ".hooks.explaining",
    "install": ".hooks",
    "load_ipython_extension": ".hooks.notebook",
    "patch": ".api",
    "preflight": "._preflight",
    "uninstall": ".hooks",
}

__all__ = [
    "AppliedPatches",
    "CheckResult",
    "Diagnosis",
    "Explanation",
    "Facts",
    "Finding",
    "GemmaCompatCallback",
    "GemmaCompatError",
    "MemoryEstimate",
    "Outcome",
    "PatchConflict",
    "PatchError",
    "PatchRefused",
    "Preflight",
    "PreflightFailed",
    "Problem",
    "Rule",
    "Severity",
    "Undetermined",
    "UsageError",
    "__version__",
    "detect_facts",
    "diagnose",
    "estimate_memory",
    "explain",
    "explaining",
    "install",
    "patch",
    "preflight",
    "uninstall",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name], __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
