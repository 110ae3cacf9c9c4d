"""One distribution from one ``.dist-info``, ``.egg-info`` or ``.egg-link``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from .. import _files
from ..facts import Package


def read_package(name: str, module: str, directory: str, entry: str) -> Package:
    """Return the distribution ``name`` as ``directory/entry`` records it.

    Args:
        module: the module that it installs.
    """
    path = os.path.join(directory, entry)
    if entry.endswith(".egg-link"):
        return _read_egg_link(name, module, path)
    fields: dict[str, Any] = {"name": name, "location": directory}
    fields.update(_origin(path))
    version, problem = _version_in(path)
    if version is not None:
        fields["version"] = version
    if problem is None and not fields.get("editable"):
        problem = _what_is_missing(directory, module, path)
    if problem is not None:
        fields["problem"] = problem
    return Package(**fields)


def _read_egg_link(name: str, module: str, path: str) -> Package:
    """Return the source directory of a ``setup.py develop`` link: its first line."""
    directory = os.path.dirname(path)
    lines = _read_text(path).splitlines()
    source = os.path.join(directory, lines[0].strip()) if lines else ""
    info = os.path.join(source, name.replace("-", "_") + ".egg-info")
    if not source or not os.path.isdir(info):
        problem = f"{os.path.basename(path)} points to {source or 'nothing'}, which has no metadata"
        return Package(name=name, location=directory, editable=True, problem=problem)
    return read_package(name, module, source, os.path.basename(info)).replace(editable=True)


def _version_in(path: str) -> tuple[str | None, str | None]:
    """Return the version that the metadata states, and what is wrong with it."""
    files = [os.path.join(path, "METADATA"), os.path.join(path, "PKG-INFO")]
    if os.path.isfile(path):  # distutils wrote the PKG-INFO itself as name.egg-info
        files = [path]
    entry = os.path.basename(path)
    found = [file for file in files if os.path.lexists(file)]
    if not found:
        return None, f"{entry} has no METADATA: a broken or half-removed installation"
    try:
        version = _header(found[0], "version")
    except OSError as error:
        return None, f"{found[0]} cannot be read: {error.strerror or error}"
    if not version:
        return None, f"the {os.path.basename(found[0])} of {entry} states no version"
    return version, None


def _header(path: str, name: str) -> str | None:
    """Return a field of the header block, which ends at the first empty line."""
    for line in _files.read_text(path, _files.METADATA).splitlines():
        if not line.strip():
            return None
        key, colon, value = line.partition(":")
        if colon and key.lower() == name:
            return value.strip()
    return None


def requirements(package: Package) -> dict[str, str]:
    """Return the specifiers in an installed distribution's metadata, by normalised name.

    Those that hold for an extra only are left out, and so are markers: what is asked for on this
    platform is asked for on the others too.
    """
    found: dict[str, str] = {}
    for line in _metadata_lines(package, "requires-dist"):
        text, _, marker = line.partition(";")
        match = re.match(r"([\w.-]+)\s*(?:\[[^\]]*\])?\s*\(?([^)]*)\)?", text.strip())
        if match and "extra ==" not in marker and match[2].strip():
            name = re.sub(r"[-_.]+", "-", match[1]).lower()
            found[name] = match[2].replace(" ", "").strip()
    return found


def _metadata_lines(package: Package, field: str) -> Iterator[str]:
    """Yield the values of a field that may come several times, from the ``.dist-info`` of a
    package.
    """
    entry = f"{package.name.replace('-', '_')}-{package.version}.dist-info"
    text = _read_text(os.path.join(package.location, entry, "METADATA"))
    for line in text.partition("\n\n")[0].splitlines():
        key, colon, value = line.partition(":")
        if colon and key.lower() == field:
            yield value.strip()


def _origin(path: str) -> dict[str, Any]:
    """Return ``editable`` and ``vcs`` from ``direct_url.json`` (PEP 610)."""
    text = _read_text(os.path.join(path, "direct_url.json"))
    if not text:
        return {}
    try:
        data = _files.parse_json(text)
    except ValueError:
        return {"problem": "its direct_url.json is not JSON"}
    if not isinstance(data, dict):
        return {"problem": "its direct_url.json is not an object"}
    editable = _object(data.get("dir_info")).get("editable") is True
    vcs = _object(data.get("vcs_info"))
    if not vcs:
        return {"editable": editable}
    commit = vcs.get("commit_id") or vcs.get("requested_revision")
    address = f"{vcs.get('vcs', 'vcs')}+{data.get('url', '')}"
    return {"editable": editable, "vcs": f"{address}@{commit}" if commit else address}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _what_is_missing(directory: str, module: str, info: str) -> str | None:
    """Return what is missing of the package after an interrupted uninstall or copy, or ``None``."""
    package = os.path.join(directory, module)
    if os.path.isfile(os.path.join(package, "__init__.py")) or os.path.isfile(package + ".py"):
        return None
    entry = os.path.basename(info)
    if not os.path.isdir(package):
        return f"{entry} is there, its package {module} is not: half-removed"
    record = _read_text(os.path.join(info, "RECORD"), _files.RECORD)
    if record and f"{module}/__init__.py" not in record:
        return None  # a package that never had one
    return f"{entry} is there, {module}/__init__.py is not: half-removed"


def _read_text(path: str, limit: int = _files.METADATA) -> str:
    """Return the file's text, empty where there is none to read."""
    try:
        return _files.read_text(path, limit)
    except OSError:
        return ""
