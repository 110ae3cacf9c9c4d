"""What is installed, from the metadata next to the packages; none of them is imported.

``importlib.metadata`` alone costs five times an empty interpreter and answers for one arbitrary
copy where there are two, so the few entries that matter are read here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence

from .. import _files
from ..facts import Package
from ..values import Value

# Normalised distribution name (PEP 503) to the module it installs.
DISTRIBUTIONS = {
    "accelerate": "accelerate",
    "bitsandbytes": "bitsandbytes",
    "datasets": "datasets",
    "deepspeed": "deepspeed",
    "flash-attn": "flash_attn",
    "huggingface-hub": "huggingface_hub",
    "liger-kernel": "liger_kernel",
    "mergekit": "mergekit",
    "numpy": "numpy",
    "nvidia-ml-py": "pynvml",
    "peft": "peft",
    "safetensors": "safetensors",
    "sentencepiece": "sentencepiece",
    "tokenizers": "tokenizers",
    "torch": "torch",
    "torchao": "torchao",
    "torchvision": "torchvision",
    "transformers": "transformers",
    "triton": "triton",
    "trl": "trl",
    "unsloth": "unsloth",
    "unsloth-zoo": "unsloth_zoo",
    "weave": "weave",
    "xformers": "xformers",
}
_STATED = r"^__version__\s*(?::\s*str\s*)?=\s*[\"']([^\"'\n]{1,100})[\"']"
_READ_OF_A_PACKAGE = ("METADATA", "PKG-INFO", "direct_url.json", "RECORD")  # by _metadata.py
_SUFFIXES = (".dist-info", ".egg-info", ".egg-link")
# pip renames what it is about to remove: "transformers" to "~ransformers", "~-ansformers" ...
_LEFTOVER = "~-.=%0123456789"
# Its module is also that of the distribution called pynvml, so the module proves nothing.
_SHARED_MODULE = {"nvidia-ml-py"}


class Inventory(Value):
    """What a search found.

    Attributes:
        packages: every name of :data:`DISTRIBUTIONS`: the package, or ``None`` if known absent.
            A name that could not be decided is left out.
        reasons: why, by dotted topic.
    """

    packages: dict[str, Package | None] = {}
    reasons: dict[str, str] = {}


class _Directory(Value):
    """One directory of the search path: its entries, and the metadata by distribution."""

    path: str
    entries: frozenset[str]
    metadata: dict[str, list[str]]
    leftovers: dict[str, str]


def take_inventory(path: Sequence[str]) -> Inventory:
    """Search the directories of ``path`` in order; the first that records a name wins."""
    inventory = Inventory()
    directories = list(_list_all(path, inventory.reasons))
    for name in DISTRIBUTIONS:
        package = _find(name, directories)
        if package is not None or "packages" not in inventory.reasons:
            inventory.packages[name] = package
        left = [d for d in directories if name in d.leftovers]
        if package is None and left:
            inventory.reasons[f"packages.{name}"] = _leftover_text(left[0], name)
    return inventory


def files_of_inventory(path: Sequence[str], inventory: Inventory) -> list[str] | None:
    """Return the files and folders that an inventory depends on, those that are missing too.

    ``None`` where a directory could not be read, or an ``.egg-link`` leads to another one.
    """
    if "packages" in inventory.reasons:
        return None
    files = list(_directories(path))
    for directory in _list_all(path, {}):
        for name, module in DISTRIBUTIONS.items():
            if module in directory.entries:
                files.append(os.path.join(directory.path, module, "__init__.py"))
            for entry in directory.metadata.get(name, ()):
                if entry.endswith(".egg-link"):
                    return None
                info = os.path.join(directory.path, entry)
                files += [info, *(os.path.join(info, file) for file in _READ_OF_A_PACKAGE)]
    return files


def find_module(name: str, path: Sequence[str]) -> str | None:
    """Return the directory of the package that ``import name`` would take, or ``None``."""
    for directory in _directories(path):
        if os.path.isfile(os.path.join(directory, name, "__init__.py")):
            return os.path.join(directory, name)
    return None


def _find(name: str, directories: list[_Directory]) -> Package | None:
    """Return the first copy with metadata, unless a copy without metadata comes before it."""
    for directory in directories:
        if name in directory.metadata:
            return _read_recorded(name, directory)
        if _holds_unrecorded(name, directory) and not _is_editable_elsewhere(name, directories):
            return _unrecorded(name, directory.path)
    return None


def _unrecorded(name: str, directory: str) -> Package:
    """Return a copy without metadata, perhaps a source tree: known by the ``__version__`` it
    states.
    """
    start = os.path.join(directory, DISTRIBUTIONS[name], "__init__.py")
    try:
        stated = re.search(
            _STATED,
            _files.read_head(start, _files.VERSION).decode("utf-8", "replace"),
            re.MULTILINE,
        )
    except OSError:
        stated = None
    if stated is not None:
        return Package(name=name, location=directory, version=stated[1])
    text = f"{directory} holds a copy that no metadata records"
    return Package(name=name, location=directory, problem=text)


def _read_recorded(name: str, directory: _Directory) -> Package:
    package = _read_copies(name, directory)
    if name in directory.leftovers and package.problem is None:
        return package.replace(problem=_leftover_text(directory, name))
    return package


def _is_editable_elsewhere(name: str, directories: list[_Directory]) -> bool:
    """Return the source tree of an editable install, which has no metadata beside it."""
    recorded = next((d for d in directories if name in d.metadata), None)
    return recorded is not None and _read_copies(name, recorded).editable


def _read_copies(name: str, directory: _Directory) -> Package:
    """Return one package from all metadata of this name in one directory."""
    from ._metadata import read_package

    copies = [
        read_package(name, DISTRIBUTIONS[name], directory.path, entry)
        for entry in directory.metadata[name]
    ]
    versions = sorted({copy.version for copy in copies if copy.known("version")})
    if len(versions) < 2:
        return next((copy for copy in copies if copy.known("version")), copies[0])
    text = f"two versions are recorded: {' and '.join(versions)}"
    return Package(
        name=name,
        location=directory.path,
        editable=any(copy.editable for copy in copies),
        problem=text,
    )


def _list_all(path: Sequence[str], reasons: dict[str, str]) -> Iterator[_Directory]:
    for directory in _directories(path):
        try:
            with os.scandir(directory) as entries:
                names = [entry.name for entry in entries]
        except (FileNotFoundError, NotADirectoryError):  # a zip archive, or nothing at all
            continue
        except OSError as error:
            reasons["packages"] = f"cannot read {directory}: {error.strerror or error}"
            continue
        yield _Directory(directory, frozenset(names), _metadata_in(names), _leftovers_in(names))


def _directories(path: Iterable[str]) -> Iterator[str]:
    """Yield each directory once; the empty entry is the working directory."""
    seen: set[str] = set()
    for entry in path:
        directory = os.path.abspath(os.fspath(entry) or os.curdir)
        if directory not in seen:
            seen.add(directory)
            yield directory


def _metadata_in(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry in sorted(names):
        if entry.endswith(_SUFFIXES) and not entry.startswith("~"):
            name = _distribution_of(entry)
            if name is not None:
                found.setdefault(name, []).append(entry)
    return found


def _distribution_of(entry: str) -> str | None:
    """Return the package's name: ``flash-attn`` for ``flash_attn-2.7.4.dist-info``."""
    stem = _without_version(normalise(entry.rpartition(".")[0]))
    return stem if stem in DISTRIBUTIONS else None


def _without_version(stem: str) -> str:
    """Return what comes before the first part that starts with a digit."""
    parts = stem.split("-")
    count = next((i for i, part in enumerate(parts) if part[:1].isdigit()), len(parts))
    return "-".join(parts[:count])


def _leftovers_in(names: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in sorted(names):
        if not entry.startswith("~"):
            continue
        rest = entry.lstrip(_LEFTOVER)
        tail = _without_version(normalise(rest.removesuffix(".dist-info")))
        cut = len(entry) - len(rest)  # as many letters were replaced
        for name in DISTRIBUTIONS:
            if tail and tail == name[cut:]:
                found.setdefault(name, entry)
    return found


def normalise(name: str) -> str:
    """Return a distribution name as PEP 503 compares it."""
    parts = name.lower().replace("_", "-").replace(".", "-").split("-")
    return "-".join(part for part in parts if part)


def _holds_unrecorded(name: str, directory: _Directory) -> bool:
    """Return whether an import would find the module here, where no metadata is."""
    module = DISTRIBUTIONS[name]
    if name in _SHARED_MODULE:
        return False
    if module + ".py" in directory.entries:
        return True
    init = os.path.join(directory.path, module, "__init__.py")
    return module in directory.entries and os.path.isfile(init)


def _leftover_text(directory: _Directory, name: str) -> str:
    entry = directory.leftovers[name]
    return f"an interrupted uninstall left {os.path.join(directory.path, entry)}"
