"""A small index of releases that are made up, written by the real builder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gemma_compat.atlas import _container as container
from gemma_compat.atlas._package import TEXTS
from tools.atlas.pack import packed
from tools.atlas.selection import Package
from tools.atlas.store import Store
from tools.atlas.wheels import Release


def make_index(
    folder: Path, module: str, releases: Mapping[str, Mapping[str, str]], **options: object
) -> Path:
    """Write the index of one package: version to path to text. Returns the index's folder."""
    name = module.replace("_", "-")
    package = Package(name, module, kept=(f"{module}/**/*.py",), **options)  # type: ignore[arg-type]
    store = Store(folder / "cache" / f"{module}.sqlite")
    for version, files in releases.items():
        release = Release(package.key, version, "2025-01-01", False, "", 0, "")
        store.add(release, [(path, text.encode()) for path, text in files.items()])
    out = folder / "index"
    place = out / TEXTS if package.texts else out
    place.mkdir(parents=True, exist_ok=True)
    directory, blocks = packed(package, store)
    container.write(place / f"{module}{container.SUFFIX}", directory, blocks)
    return out
