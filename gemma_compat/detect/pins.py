"""On which line a requirements file or lock file states a package: for annotations.

The counterpart of ``requirements.py``, which reads the versions: a test holds both to the same
names.
"""

from __future__ import annotations

import os
import re

from ..engine.place import Place
from .packages import DISTRIBUTIONS, normalise
from .requirements import _NAME, INCLUDED, _built, _text, read_requirements, unread

_WORD = re.compile(_NAME)


def find_pins(path: str) -> dict[str, Place]:
    """Return the first line that names each known distribution of this file, by distribution.

    Raises:
        UsageError: a file that cannot be read.
    """
    stated = read_requirements(path)
    names = {*stated.versions, *stated.open} & DISTRIBUTIONS.keys()
    found: dict[str, Place] = {}
    _find(path, names, found, {os.path.normpath(path)})
    return found


def _find(path: str, names: set[str], found: dict[str, Place], seen: set[str]) -> None:
    for number, line in enumerate(_text(path).splitlines(), start=1):
        included = INCLUDED.match(line)
        if included is not None:
            for inner in unread(path, included[1], seen):
                _find(inner, names, found, seen)
            continue
        for name in _named(line) & names:
            found.setdefault(name, Place(path, number))


def _named(line: str) -> set[str]:
    """Return the distributions that a line may name; its comment names none."""
    text = re.sub(r"(^|\s)#(?!egg=).*$", "", line)
    text = re.sub(r"--hash[=\s]\S+|;.*$", "", text)
    words = {normalise(word.removesuffix(".git")) for word in _WORD.findall(text)}
    built = _built(text.strip())
    if built is not None:
        words.add(normalise(built["name"]))
    return {"torch" if word in _CONDA_TORCH else word for word in words}


_CONDA_TORCH = {"pytorch", "pytorch-gpu", "pytorch-cpu"}
