"""Finds the ``reproduce.py`` of each rule and checks its form."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import util
from types import ModuleType

from gemma_compat.errors import UsageError
from gemma_compat.rules import all_rules

from . import rows


@dataclass(frozen=True)
class Reproduction:
    """One rule's reproduction.

    Attributes:
        code: the rule.
        model_types: what it can run, the representative first.
        variants: circumstances, the failure itself first.
        every_minor: also run on the last patch of every minor release, not only next to the
            bounds and on the newest (``EVERY_MINOR = True``).
        pins: further packages to pin by distribution name (``PINS``), for a rule about two
            packages at once: where the bounds of ``peft`` are walked, ``{"transformers":
            "5.0.0"}`` says on which transformers. The package that is walked is not pinned.
    """

    code: str
    model_types: tuple[str, ...]
    variants: tuple[str, ...]
    every_minor: bool = False
    pins: Mapping[str, str] = field(default_factory=dict)


def codes() -> list[str]:
    """The rules that have a reproduction."""
    known = (rule.code for rule in all_rules())
    return sorted(code for code in known if (rows.folder(code) / "reproduce.py").exists())


def load(code: str) -> ModuleType:
    """The module; ``UsageError`` names the nearest code where there is none."""
    if code not in codes():
        near = difflib.get_close_matches(code, codes(), n=3, cutoff=0.0)
        raise UsageError(f"no reproduction for {code!r}; nearest: {', '.join(near) or 'none'}")
    spec = util.spec_from_file_location(f"reproduce_{code}", rows.folder(code) / "reproduce.py")
    assert spec and spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def describe(code: str) -> Reproduction:
    module = load(code)
    return Reproduction(
        code,
        tuple(module.MODEL_TYPES),
        tuple(module.VARIANTS),
        getattr(module, "EVERY_MINOR", False),
        getattr(module, "PINS", {}),
    )
