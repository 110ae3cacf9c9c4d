"""The entry points of installed packages, read from their metadata.

``importlib.metadata`` costs several times an empty interpreter, and every ``import`` hook of ours
asks; so the one small file of each package is read here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from .. import _files
from ..values import Value

GROUP = "gemma_compat.rules"
_SUFFIXES = (".dist-info", ".egg-info")


class EntryPoint(Value):
    """One entry of the group.

    Attributes:
        package: the distribution that states it, normalised: ``acme-gemma-rules``.
        version: of that distribution.
        module: what is imported.
    """

    package: str
    version: str
    module: str


def entry_points(path: Sequence[str]) -> list[EntryPoint]:
    """Return the entries of all packages on the path; the first copy of a package counts."""
    found: dict[str, list[EntryPoint]] = {}
    for folder in path:
        for package, version, file in _candidates(folder or os.curdir):
            if package not in found:
                modules = _modules(file)
                if modules:
                    found[package] = [EntryPoint(package, version, module) for module in modules]
    entries = (entry for group in found.values() for entry in group)
    return sorted(entries, key=lambda entry: (entry.package, entry.module))


def _candidates(folder: str) -> Iterator[tuple[str, str, str]]:
    try:
        names = os.listdir(folder)
    except OSError:  # a zip archive, or not there
        return
    for name in names:
        if name.endswith(_SUFFIXES):
            package, _, version = name.rpartition(".")[0].partition("-")
            normal = package.lower().replace("_", "-").replace(".", "-")
            yield normal, version.split("-")[0], os.path.join(folder, name, "entry_points.txt")


def _modules(file: str) -> list[str]:
    """Return the modules that the group names: ``name = module`` in its section."""
    try:
        data = _files.read_bytes(file, _files.ENTRY_POINTS)
    except OSError:  # not there, or no file that a package has
        return []
    if GROUP.encode() not in data:
        return []
    modules, inside = [], False
    for raw in data.decode("utf-8", "replace").splitlines():
        line = raw.strip()
        if line.startswith("["):
            inside = line == f"[{GROUP}]"
        elif inside and "=" in line and not line.startswith(("#", ";")):
            modules.append(line.partition("=")[2].strip())
    return modules
