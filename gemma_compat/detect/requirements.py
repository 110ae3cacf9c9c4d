"""The stack that a requirements file or a lock file states, without installing or asking anything.

Read are pip's requirements (``requirements.txt``, with the files it includes), what ``pip list``
and ``conda list`` print or export, ``pylock.toml``, ``uv.lock``, ``poetry.lock``, ``Pipfile.lock``
and conda's ``environment.yml``. An exact version is taken; what leaves
the release open (``trl>=0.20``, a Git address, two releases for two machines) is noted, and so
unknown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from .. import _files
from ..errors import UsageError
from .packages import normalise

_LIMIT = 32 * (1 << 20)  # a uv.lock of a large project: 2 MiB
_MOST_FILES = 100  # that include each other; each is read once
_LONGEST = 4000  # characters of one requirement, without its hashes
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_REQUIREMENT = re.compile(rf"(?P<name>{_NAME})\s*(?:\[[^\]]*\])?\s*(?P<rest>.*)", re.DOTALL)
_EXACT = re.compile(r"\(?\s*={2,3}\s*(?P<version>[^\s,;*)]+)\s*\)?$")
_COLUMNS = re.compile(rf"(?P<name>{_NAME})\s+(?P<version>\d[\w.+!-]*)(?:\s.*)?$")
# 'torch==2.1.2', ... as in a Python list; a marker in quotes has no name before its operator.
_QUOTED = re.compile(rf"['\"]({_NAME}(?:\[[^\]]*\])?[=<>!~][^'\"]*)['\"]")
INCLUDED = re.compile(r"\s*(?:-r|--requirement)[\s=]+(\S+)")
_BLOCK = re.compile(r"^\[\[\s*packages?\s*\]\]\s*$", re.MULTILINE)
_KEY = r'^{}\s*=\s*"([^"]*)"'
_GIT = re.compile(rf"git\+\S*?/(?P<name>{_NAME}?)(?:\.git)?(?:[@#]\S*)?$")
_CONDA = re.compile(
    rf"(?:\S+::)?(?P<name>{_NAME})\s*(?:={{1,2}}\s*(?P<version>[\w.+!]+)(?:=\S+)?)?"
)
_CONDA_ROW = re.compile(rf"(?P<name>{_NAME})=(?P<version>[\w.+!]+)=\S+$")  # conda list --export
# The last part of an address: name-version-build.conda, or a wheel's five or six parts.
_CONDA_FILE = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-[^-]+\.(?:conda|tar\.bz2)(?:#\S*)?$")
_WHEEL = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl")
_OPERATOR = re.compile(r"[<>~!=]=|[<>@(]")
_CONDA_NAMES = {"pytorch": "torch", "pytorch-gpu": "torch", "pytorch-cpu": "torch"}


@dataclass
class Requirements:
    """What a file states.

    Attributes:
        versions: distribution to its exact version.
        open: distribution to what is stated of it instead (``>=0.20``, ``2.2.6 or 2.4.1``).
        complete: whether every package is listed, so that others are not installed (a lock file).
    """

    versions: dict[str, str] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    complete: bool = False
    _exact: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, version: str | None, stated: str = "") -> None:
        """Add one package. Several exact versions of it leave its release open: a lock file
        lists one for each platform and Python, and which of them is meant is not known.
        """
        name = normalise(name)
        exact = self._exact.setdefault(name, [])
        if version is not None and version not in exact:
            exact.append(version)
        if not exact:
            self.open.setdefault(name, stated or "any release")
            return
        one = _shared(exact)
        if one is not None:
            self.versions[name] = one
            self.open.pop(name, None)
        else:
            self.versions.pop(name, None)
            self.open[name] = " or ".join(exact)


def _shared(exact: list[str]) -> str | None:
    """Return the version that all are: without its build (``+cpu``) where only that differs."""
    if len(exact) == 1:
        return exact[0]
    releases = {version.partition("+")[0] for version in exact}
    return releases.pop() if len(releases) == 1 else None


def read_requirements(path: str) -> Requirements:
    """Return the stack of a file; its kind is read off its name and its text.

    Raises:
        UsageError: a file that cannot be read, or that states no package.
    """
    found = Requirements()
    text = _text(path)
    name = os.path.basename(path).lower()
    if name.endswith((".yml", ".yaml")):
        _read_conda(text, found)
    elif re.match(r"\s*(?:\{|\[\s*\{)", text):
        _read_json(text, path, found)
    elif _BLOCK.search(text) and name.endswith((".toml", ".lock")):
        _read_lock(text, found)
    else:
        _read_lines(text, path, found, {os.path.normpath(path)})
    if not found.versions and not found.open:
        raise UsageError(f"{path}: names no package; a requirements or lock file is needed")
    return found


def _text(path: str) -> str:
    try:
        data = _files.read_bytes(path, _LIMIT)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))  # ``pip freeze > FILE`` in PowerShell
    return data.decode("utf-16" if wide else "utf-8-sig", "replace")


def _read_json(text: str, path: str, found: Requirements) -> None:
    """Read ``Pipfile.lock``, or the rows of ``pip list --format=json``.

    Raises:
        UsageError: text that is not JSON, or of another shape.
    """
    try:
        value = _files.parse_json(text)
    except ValueError as error:
        raise UsageError(f"{path}: not a JSON file ({error})") from error
    if isinstance(value, dict):
        locked = value.get("default")
        found.complete = isinstance(locked, dict)
        rows = list(locked.items()) if isinstance(locked, dict) else []
    else:
        rows = [(row.get("name"), row) for row in value if isinstance(row, dict)]
    for name, row in rows:
        version = row.get("version") if isinstance(row, dict) else None
        if isinstance(name, str) and re.fullmatch(_NAME, name):
            exact = version.removeprefix("==") if isinstance(version, str) else None
            found.add(name, exact, "no version in the file")


def _read_lock(text: str, found: Requirements) -> None:
    """Read ``name`` and ``version`` of each block of a TOML lock file, above its first
    sub-table.
    """
    found.complete = True
    for block in _BLOCK.split(text)[1:]:
        head = re.split(r"^\[", block, maxsplit=1, flags=re.MULTILINE)[0]
        name = re.search(_KEY.format("name"), head, re.MULTILINE)
        version = re.search(_KEY.format("version"), head, re.MULTILINE)
        if name is not None:
            found.add(name[1], version[1] if version else None, "no version in the lock file")


def unread(path: str, named: str, seen: set[str]) -> list[str]:
    """Return the file that ``path`` includes under this name; nothing if it was read already.

    Args:
        seen: the files that were read; this one is added.

    Raises:
        UsageError: more files than any project has.
    """
    inner = os.path.normpath(os.path.join(os.path.dirname(path), named))
    if inner in seen:
        return []
    seen.add(inner)
    if len(seen) > _MOST_FILES:
        raise UsageError(f"{path}: more than {_MOST_FILES} files include each other")
    return [inner]


def _read_lines(text: str, path: str, found: Requirements, seen: set[str]) -> None:
    """Parse pip's format; accept the columns of ``pip list`` and ``conda list``, and a Python
    list of requirements.
    """
    joined = re.sub(r"\\\r?\n", " ", text)
    for raw in joined.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw)
        line = re.sub(r"\s--[a-z][a-z-]*[=\s]\S+", "", line).strip()[:_LONGEST]
        included = INCLUDED.match(line)
        if included is not None:
            for inner in unread(path, included[1], seen):
                _read_lines(_text(inner), inner, found, seen)
        elif quoted := _QUOTED.findall(line):
            for requirement in quoted:
                _read_requirement(requirement, found)
        elif line and (not line.startswith("-") or line.startswith(("-e ", "--editable"))):
            _read_requirement(line, found)


def _read_requirement(line: str, found: Requirements) -> None:
    line = re.sub(r"^(?:-e|--editable)[\s=]+", "", line)
    egg = re.search(rf"#egg=({_NAME})", line)
    git = _GIT.match(line)
    if egg or git:
        name = egg[1] if egg else git["name"] if git else ""
        found.add(name, None, "a Git address")
        return
    built = _built(line) or _CONDA_ROW.match(line)
    if built is not None:
        _add_conda(built["name"], unquote(built["version"]), found)
        return
    match = _REQUIREMENT.match(line)
    if match is None:
        return
    rest = match["rest"].partition(";")[0].strip()
    exact, columns = _EXACT.match(rest), _COLUMNS.match(line)
    if exact is not None:
        found.add(match["name"], exact["version"])
    elif columns is not None:
        _add_conda(columns["name"], columns["version"], found)
    elif not rest or _OPERATOR.match(rest):
        found.add(match["name"], None, rest)


def _built(line: str) -> re.Match[str] | None:
    """Return the name and version of the wheel or conda package that an address ends in."""
    address = line.partition(" @ ")[2] or line
    if "://" not in address:
        return None
    name = address.partition(";")[0].strip().rpartition("/")[2]
    return _WHEEL.match(name) or _CONDA_FILE.match(name)


def _add_conda(name: str, version: str | None, found: Requirements, stated: str = "") -> None:
    """Add a package by the name that conda or pip has for it."""
    found.add(_CONDA_NAMES.get(name.lower(), name), version, stated)


def _read_conda(text: str, found: Requirements) -> None:
    """Yield the entries under ``dependencies``; those under ``pip`` are pip's."""
    for indent, entry in _entries(text):
        if entry.startswith(("pip:", "-")):
            continue
        entry = entry.strip("'\"")
        if indent > 1:
            _read_requirement(entry, found)
            continue
        match = _CONDA.match(entry)
        if match is not None and match["name"] not in {"pip", "python"}:
            stated = entry[match.end("name") :].strip()
            _add_conda(match["name"], match["version"], found, stated)


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Yield the depth (1 or 2) and text of each entry of the list of dependencies."""
    inside, first = False, None
    for raw in text.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).rstrip()
        if not line:
            continue
        if not line.startswith((" ", "-")):
            inside, first = line.startswith("dependencies"), None
            continue
        match = re.match(r"(\s*)-\s+(.*)", line)
        if inside and match is not None:
            first = len(match[1]) if first is None else first
            yield (1 if len(match[1]) <= first else 2), match[2].strip()
