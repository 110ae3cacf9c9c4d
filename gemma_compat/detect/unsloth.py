"""Unsloth: is it used, when was it imported, what did it do? It is never imported here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from .. import _files
from ..errors import UnknownFact
from ..facts import Package, UnslothFacts
from ..live.snapshot import Snapshot
from ..live.upstream import (
    carries_shared_kv,
    patched_methods,
    rebuilt_classes,
    scales_embeddings_twice,
)
from ..values import Value
from ._ask import ask
from ._metadata import requirements

_PATCHED_LIBRARIES = ("transformers", "trl", "peft")
_MARK = "__UNSLOTH_VERSIONING__"
_HEADER = ("unsloth-zoo", "unsloth", "transformers", "trl")  # in the order of its lines


class _World(Value):
    """What the questions read.

    Attributes:
        package: Unsloth's distribution; ``None`` where it is known absent.
        live: the live model, or ``None``.
        modules: as ``sys.modules``: in the order in which imports began.
    """

    package: Package | None
    live: Snapshot | None
    environment: Mapping[str, str]
    modules: Mapping[str, Any]

    @property
    def imported(self) -> bool:
        return "unsloth" in self.modules


def read_unsloth(
    packages: Mapping[str, Package | None], live: Snapshot | None, environment: Mapping[str, str]
) -> tuple[UnslothFacts, dict[str, str]]:
    """Return the facts, and the reasons for what is unknown.

    Args:
        packages: what is installed.
        live: the live model, or ``None``.
        environment: the environment variables that matter.
    """
    if "unsloth" not in packages and "unsloth" not in sys.modules:
        return UnslothFacts(), {"unsloth": "whether it is installed is not known"}
    world = _World(packages.get("unsloth"), live, environment, sys.modules)
    answers, reasons = ask("unsloth", _OF_PROCESS, world)
    if live is not None:
        of_model, more = ask("unsloth", _OF_MODEL, live)
        answers, reasons = {**answers, **of_model}, {**reasons, **more}
    return UnslothFacts(**answers), reasons


def _used(world: _World) -> bool:
    if world.imported:
        return True
    if world.package is None or world.live is not None:
        return False
    raise UnknownFact("unsloth", "it is installed; whether the run imports it is not known")


def _imported_after(world: _World) -> tuple[str, ...]:
    """Compare by the order of ``sys.modules``: the order in which imports ended.

    A package ends after all that it imports, so Unsloth's own entry says nothing; the first of
    its submodules ends before it has imported anything else.
    """
    if not world.imported:
        return ()
    names = list(world.modules)
    first = next((i for i, name in enumerate(names) if _is_part_of_unsloth(name)), 0)
    before = set(names[:first])
    return tuple(name for name in _PATCHED_LIBRARIES if name in before)


def _is_part_of_unsloth(name: str) -> bool:
    return name.startswith(("unsloth.", "unsloth_zoo."))


def _backend(world: _World) -> str | None:
    if not world.imported:
        return None
    for module in ("unsloth_zoo", "unsloth_zoo.device_type", "unsloth"):
        found = vars(world.modules.get(module) or object).get("DEVICE_TYPE")
        if isinstance(found, str):
            return found
    return "cuda"  # releases before 2025.8 know no other


def _requires(world: _World) -> dict[str, str]:
    return requirements(world.package) if world.package is not None else {}


def _compiled_caches(world: _World) -> tuple[str, ...] | None:
    folder = world.environment.get("UNSLOTH_COMPILE_LOCATION", "unsloth_compiled_cache")
    if not os.path.isdir(folder):
        return None
    files = sorted(name for name in os.listdir(folder) if name.endswith(".py"))
    headers = (_header(os.path.join(folder, name)) for name in files)
    return tuple(sorted({header for header in headers if header}))


def _header(path: str) -> str:
    """Return ``unsloth-zoo 2026.10.9, unsloth 2026.10.9, ...``; empty for a file without a
    header.
    """
    try:
        head = _files.read_head(path, _files.LINE).decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line.strip() for line in head.splitlines()[: len(_HEADER) + 2]]
    if len(lines) < len(_HEADER) + 2 or lines[-1] != _MARK:
        return ""
    return ", ".join(f"{name} {line}" for name, line in zip(_HEADER, lines[1:], strict=False))


def _shared_kv(live: Snapshot) -> bool:
    return any(carries_shared_kv(text_model) for _, text_model in live.text_models)


def _scales_twice(live: Snapshot) -> bool:
    return any(scales_embeddings_twice(text_model) for _, text_model in live.text_models)


_OF_PROCESS: dict[str, Callable[[_World], Any]] = {
    "used": _used,
    "imported_after": _imported_after,
    "backend": _backend,
    "requires": _requires,
    "compiled_caches": _compiled_caches,
}
_OF_MODEL: dict[str, Callable[[Snapshot], Any]] = {
    "patches": lambda live: tuple(patched_methods(live)),
    "rebuilt": lambda live: tuple(rebuilt_classes(live)),
    "carries_shared_kv": _shared_kv,
    "scales_embeddings_twice": _scales_twice,
}
