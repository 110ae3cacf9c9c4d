"""Remember the releases that the last ``make atlas`` added to the index."""

from __future__ import annotations

import json

from gemma_compat.atlas._package import PackageIndex, indexed

from .download import CACHE

FILE = CACHE.with_name("new.json")


def shipped() -> dict[str, set[str]]:
    """Return distribution to the releases that the index has now."""
    found = [PackageIndex(module) for module in indexed()]
    return {index.distribution: {item.version for item in index.releases} for index in found}


def record(before: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Write down what was added since ``before``; a package that was not there adds nothing."""
    made = [
        (name, version)
        for name, versions in sorted(shipped().items())
        if name in before
        for version in sorted(versions - before[name])
    ]
    FILE.write_text(json.dumps(made), encoding="utf-8")
    return made


def added() -> list[tuple[str, str]]:
    """Return what :func:`record` wrote; nothing if it was never called."""
    if not FILE.exists():
        return []
    return [(name, version) for name, version in json.loads(FILE.read_text(encoding="utf-8"))]
