"""The versions that ``--requirements``, ``--with`` and ``--without`` assume."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..errors import UsageError
from .output import note

if TYPE_CHECKING:
    from ..facts import Facts

_MISSPELT = 0.85  # how alike a name is to a known one to be taken for a slip of the keyboard


def versions(options: argparse.Namespace, facts: Facts | None) -> dict[str, str | None]:
    """Return those of ``--requirements``, and over them those of ``--with`` and ``--without``."""
    found: dict[str, str | None] = dict(_required(options))
    for text in split(options.versions):
        name, equals, version = (part.strip() for part in text.partition("=="))
        known = _distribution(name, text)
        if known is not None:
            found[known] = _version(version, text) if equals else _installed(known, facts)
    for text in split(options.without):
        absent = _distribution(text, text)
        if absent is not None:
            found[absent] = None
    return found


def names_unsloth(path: str) -> bool:
    """Return whether the file lists Unsloth, in whatever release."""
    from ..detect.requirements import read_requirements

    found = read_requirements(path)
    return "unsloth" in {*found.versions, *found.open}


def _required(options: argparse.Namespace) -> dict[str, str | None]:
    """Return the releases of ``--requirements``; of a lock file also what is not installed."""
    path = getattr(options, "stack_file", None)
    if path is None:
        return {}
    from ..detect.packages import DISTRIBUTIONS
    from .inputs import read_stack

    stack = read_stack(path)
    found: dict[str, str | None] = {}
    if stack.complete:
        found = {name: None for name in DISTRIBUTIONS if name not in stack.open}
    return {**found, **{n: v for n, v in stack.versions.items() if n in DISTRIBUTIONS}}


def split(texts: list[str]) -> list[str]:
    """Return the items of comma-separated texts."""
    return [item.strip() for text in texts for item in text.split(",") if item.strip()]


def _distribution(name: str, text: str) -> str | None:
    """Return the distribution that is meant; ``None``, and a note, for one that no rule asks
    about.
    """
    from ..detect.packages import DISTRIBUTIONS, normalise

    known = normalise(name.partition("[")[0])
    if known in DISTRIBUTIONS:
        return known
    import difflib

    if not known or any(char in name for char in "<>!~="):
        raise UsageError(f"--with {text!r}: give one version, as in 'transformers==4.50.3'")
    near = difflib.get_close_matches(known, DISTRIBUTIONS, n=1, cutoff=_MISSPELT)
    if near:
        raise UsageError(f"{text!r}: no package of that name is known; nearest: {near[0]}")
    note(f"{text}: no rule asks about a package of that name")
    return None


def _version(version: str, text: str) -> str:
    from ..versions import is_valid

    if not is_valid(version):
        raise UsageError(
            f"--with {text!r}: {version!r} is not a version, as in 'transformers==4.50.3'"
        )
    return version


def _installed(name: str, facts: Facts | None) -> str:
    package = facts.packages.get(name) if facts is not None else None
    version = package.get("version") if package is not None else None
    if version is None:
        raise UsageError(f"--with {name}: it is not installed here; write {name}==VERSION")
    return str(version)
