"""The stack that a requirements file or a lock file states, without installing or asking anything.

Read are pip's requirements (``requirements.txt``, with the files it includes), what ``pip list``
and ``conda list`` print, ``pylock.toml``, ``uv.lock``, ``poetry.lock`` and conda's
``environment.yml``. An exact version is taken; what leaves
the release open (``trl>=0.20``, a Git address) is noted, and so unknown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

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
_CONDA_NAMES = {"pytorch": "torch", "pytorch-gpu": "torch", "pytorch-cpu": "torch"}


@dataclass
class Requirements:
    """What a file states.

    Attributes:
        versions: distribution to its exact version.
        open: distribution to what is stated of it instead (``>=0.20``).
        complete: whether every package is listed, so that others are not installed (a lock file).
    """

    versions: dict[str, str] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    complete: bool = False

    def add(self, name: str, version: str | None, stated: str = "") -> None:
        """Add one package; its first exact version counts."""
        name = normalise(name)
        if version is None:
            if name not in self.versions:
                self.open.setdefault(name, stated or "any release")
            return
        self.versions.setdefault(name, version)
        self.open.pop(name, None)


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
    elif _BLOCK.search(text) and name.endswith((".toml", ".lock")):
        _read_lock(text, found)
    else:
        _read_lines(text, path, found, {os.path.normpath(path)})
    if not found.versions and not found.open:
        raise UsageError(f"{path}: names no package; a requirements or lock file is needed")
    return found


def _text(path: str) -> str:
    try:
        return _files.read_bytes(path, _LIMIT).decode("utf-8-sig", "replace")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


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
        line = re.sub(r"\s--hash[=\s]\S+", "", line).strip()[:_LONGEST]
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
    match = _REQUIREMENT.match(line)
    if match is None:
        return
    rest = match["rest"].partition(";")[0].strip()
    exact, columns = _EXACT.match(rest), _COLUMNS.match(line)
    if exact is not None:
        found.add(match["name"], exact["version"])
    elif columns is not None:
        name = columns["name"]
        found.add(_CONDA_NAMES.get(name.lower(), name), columns["version"])
    elif not rest or rest[0] in "<>=!~(@":
        found.add(match["name"], None, rest)


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
            name = _CONDA_NAMES.get(match["name"].lower(), match["name"])
            found.add(name, match["version"], entry[match.end("name") :].strip())


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
