"""A copy of the package with many rules, and a stub environment that makes all of them work.

The copies stand in for the rules of years to come: each is a rule file of today, in Python or
Markdown, under another code and name. Its upper bounds are bounds of its own, so that no specifier
is parsed once for all, and lie on the same side of the stub environment: as many copies as rules
matter there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from itertools import cycle
from pathlib import Path
from zlib import crc32

ROOT = Path(__file__).resolve().parent.parent
_UPPER_BOUND = r'(<\d+(?:\.\d+)+(?:rc\d+)?)(?:\.dev\d+)?(?=[",])'
_STUBS = {"transformers": "4.50.3", "torch": "2.6.0+cu124", "accelerate": "1.5.2", "peft": "0.15.2"}


def make_package(source: Path, folder: Path, count: int) -> None:
    """Copy the package into ``folder``, and add rule files until it holds ``count``."""
    package = folder / "gemma_compat"
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    originals = _files(package)
    turns = cycle(originals)
    for number in range(count - count_of(package)):
        original = next(turns)
        text = _renamed(original.read_text(encoding="utf-8"), number)
        copy = original.with_name(f"{original.stem}_{number}{original.suffix}")
        copy.write_text(text, encoding="utf-8")
    _write_index(folder)


def _write_index(folder: Path) -> None:
    """Write the index of the copy: the copied rules count only if it has them."""
    shutil.copytree(ROOT / "tools", folder / "tools")
    command = [sys.executable, "-m", "tools.rule_index"]
    subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": ""}, check=True)


def count_of(package: Path) -> int:
    """Return how many rules a package has."""
    return len(_files(package))


def _files(package: Path) -> list[Path]:
    """Return the files of its rules, all families mixed: a hundred of them are like all."""
    found = [path for path in package.glob("rules/*/[!_]*.*") if path.suffix in {".py", ".md"}]
    return sorted(found, key=lambda path: (crc32(path.name.encode()), path))


def _renamed(text: str, number: int) -> str:
    text = re.sub(r'^( *code ?= ?")GC\d+', rf"\g<1>GC{9000 + number}", text, flags=re.MULTILINE)
    return re.sub(_UPPER_BOUND, rf"\g<1>.dev{number}", text)


def make_stubs(folder: Path) -> None:
    """Metadata of an old stack, so that rules compare versions and fire on every machine."""
    for name, version in _STUBS.items():
        info = folder / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise RuntimeError('must not be imported')\n")
    text = "__version__ = '2.6.0+cu124'\ncuda = '12.4'\nhip = None\n"
    (folder / "torch" / "version.py").write_text(text)
