"""Finds the ``reproduce.py`` of each rule and checks its form."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import util
from types import ModuleType

from gemma_compat.errors import UsageError

from .rows import HOME


@dataclass(frozen=True)
class Reproduction:
    """One rule's reproduction.

    Attributes:
        code: the rule.
        model_types: what it can run, the representative first.
        variants: circumstances, the failure itself first.
    """

    code: str
    model_types: tuple[str, ...]
    variants: tuple[str, ...]


def codes() -> list[str]:
    """The rules that have a reproduction."""
    return sorted(file.parent.name for file in HOME.glob("GC*/reproduce.py"))


def load(code: str) -> ModuleType:
    """The module; ``UsageError`` names the nearest code where there is none."""
    if code not in codes():
        near = difflib.get_close_matches(code, codes(), n=3, cutoff=0.0)
        raise UsageError(f"no reproduction for {code!r}; nearest: {', '.join(near) or 'none'}")
    spec = util.spec_from_file_location(f"reproduce_{code}", HOME / code / "reproduce.py")
    assert spec and spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def describe(code: str) -> Reproduction:
    module = load(code)
    return Reproduction(code, tuple(module.MODEL_TYPES), tuple(module.VARIANTS))
