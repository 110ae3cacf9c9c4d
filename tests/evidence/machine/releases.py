"""Which releases were published, from a file that ``refresh`` renews from the package index.

Tests read the file only: what the neighbour of a bound is must not depend on the network.
Yanked releases are listed too where the index lists them.
"""

from __future__ import annotations

import difflib
import json
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from gemma_compat import versions
from gemma_compat.errors import UsageError

FILE = Path(__file__).resolve().parent.parent / "releases.json"
PACKAGES = (
    "transformers",
    "accelerate",
    "peft",
    "trl",
    "bitsandbytes",
    "torch",
    "liger-kernel",
    "flash-attn",
    "unsloth",
    "unsloth-zoo",
    "deepspeed",
    "sentence-transformers",
)


@lru_cache(maxsize=None)
def _data() -> dict[str, list[str]]:
    data: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return data


def published(package: str) -> list[str]:
    """All published versions, oldest first, pre-releases included. ``UsageError`` if unknown."""
    if package not in _data():
        near = difflib.get_close_matches(package, _data(), n=3, cutoff=0.3) or sorted(_data())
        raise UsageError(f"no releases are known of {package!r}; nearest: {', '.join(near)}")
    return _data()[package]


def newest(package: str) -> str:
    """The newest final release."""
    final = [v for v in published(package) if not versions.parse(v).is_prerelease]
    return versions.newest(final)


def check(package: str, version: str) -> str:
    """The version, if it was published; ``UsageError`` names the nearest otherwise."""
    known = published(package)
    if version not in known:
        near = difflib.get_close_matches(version, known, n=3, cutoff=0.3) or known[-3:]
        raise UsageError(f"{package} {version} was not published; nearest: {', '.join(near)}")
    return version


def refresh() -> dict[str, list[str]]:
    """Ask the package index again; returns what is new by package and rewrites the file."""
    old = _data() if FILE.exists() else {}
    data = {package: _ask_index(package) for package in PACKAGES}
    FILE.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    _data.cache_clear()
    return {name: [v for v in found if v not in old.get(name, [])] for name, found in data.items()}


def _ask_index(package: str) -> list[str]:
    """``pip index versions`` lists what this interpreter could install."""
    command = [sys.executable, "-m", "pip", "index", "versions", "--pre", package]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    match = re.search(r"^Available versions: (.+)$", result.stdout, re.MULTILINE)
    if result.returncode or not match:
        reason = (result.stderr.strip().splitlines() or ["no answer"])[-1]
        raise UsageError(f"the package index did not list {package}: {reason}")
    return sorted(match.group(1).split(", "), key=versions.parse)
