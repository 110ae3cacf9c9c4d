"""Which CUDA libraries are installed, and which torch was built for: read from files, without CUDA.

The versions are those of wheels (``nvidia-cudnn-cu12``), of the toolkit's own files, and of file
names. What a process really loads, only ``--probe`` shows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence

from .. import _files
from .packages import find_module

# As the wheels and the shared libraries call it, to what people call it.
_LIBRARIES = {"cudnn": "cuDNN", "nccl": "NCCL"}
_WHEEL = r"nvidia_(cudnn|nccl)_cu\d+-([\w.]+)\.dist-info"
_WANTED = r"^Requires-Dist:\s*nvidia-(cudnn|nccl)-cu\d+\s*\(?==\s*([\w.]+)"
_SHARED = r"lib(cudnn|nccl)\.so\.(\d[\d.]*)$"
_BUILD = r"libbitsandbytes_cuda(\d+)(\d)(?:_nocublaslt)?\.(?:so|dll)$"
_CUDA_H = rb"#define\s+CUDA_VERSION\s+(\d{4,6})"
TOOLKIT, BITSANDBYTES = "CUDA toolkit", "bitsandbytes for CUDA"
WANTED, ON_PATH, LOADED = "for torch", "on LD_LIBRARY_PATH", "loaded"


def read_libraries(search: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the version of each library that was found, by what it is: ``cuDNN``,
    ``cuDNN for torch``, ``NCCL on LD_LIBRARY_PATH``, ``CUDA toolkit``, ``bitsandbytes for CUDA``.

    Args:
        search: the module search path.
        environ: the environment variables.
    """
    found = {f"{name} {WANTED}": version for name, version in _wanted(search)}
    for name, version in _wheels(search):
        found.setdefault(name, version)
    for name, version in _on_library_path(environ.get("LD_LIBRARY_PATH", "")):
        found.setdefault(f"{name} {ON_PATH}", version)
    toolkit = _toolkit(environ)
    builds = _builds(search)
    if toolkit:
        found[TOOLKIT] = toolkit
    if builds:
        found[BITSANDBYTES] = ", ".join(builds)
    return dict(sorted(found.items()))


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder or os.curdir))
    except OSError:  # not there, or a zip archive
        return []


def _wheels(search: Sequence[str]) -> Iterator[tuple[str, str]]:
    for folder in search:
        for entry in _names(folder):
            match = re.fullmatch(_WHEEL, entry, re.IGNORECASE)
            if match is not None:
                yield _LIBRARIES[match[1].lower()], match[2]


def _wanted(search: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what the installed wheel of torch pins; the first one on the path counts."""
    for folder in search:
        for entry in _names(folder):
            if re.fullmatch(r"torch-[^-]+\.dist-info", entry):
                path = os.path.join(folder, entry, "METADATA")
                try:
                    text = _files.read_text(path, _files.METADATA)
                except OSError:
                    return
                for name, version in re.findall(_WANTED, text, re.M | re.I):
                    yield _LIBRARIES[name.lower()], version
                return


def _on_library_path(variable: str) -> Iterator[tuple[str, str]]:
    """Yield the copies that a loader finds there, by the longest version that a name states."""
    for folder in filter(None, variable.split(os.pathsep)):
        longest: dict[str, str] = {}
        for entry in _names(folder):
            match = re.fullmatch(_SHARED, entry)
            if match is not None:
                name = _LIBRARIES[match[1]]
                longest[name] = max(longest.get(name, ""), match[2])
        yield from longest.items()


def _toolkit(environ: Mapping[str, str]) -> str | None:
    """Return the release of the toolkit whose ``nvcc`` a build would take."""
    nvcc = _on_path("nvcc.exe" if os.name == "nt" else "nvcc", environ.get("PATH", ""))
    beside = None if nvcc is None else os.path.dirname(os.path.dirname(os.path.realpath(nvcc)))
    homes = (environ.get("CUDA_HOME"), environ.get("CUDA_PATH"), beside, "/usr/local/cuda")
    for home in filter(None, homes):
        version = _toolkit_in(home)
        if version is not None:
            return version
    return None


def _on_path(program: str, variable: str) -> str | None:
    """Return the program as a shell finds it, without the cost of importing ``shutil``."""
    for folder in filter(None, variable.split(os.pathsep)):
        path = os.path.join(folder, program)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def _toolkit_in(home: str) -> str | None:
    try:
        document = _files.parse_json(
            _files.read_bytes(os.path.join(home, "version.json"), _files.JSON)
        )
        return str(document["cuda"]["version"])[:20]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        return _release_in(os.path.join(home, "include", "cuda.h"))
    except OSError:
        return None


def _release_in(header: str) -> str | None:
    """Return the release that ``cuda.h`` defines, near its beginning; the file has a MiB."""
    with _files.opened(header, _files.JSON) as file:
        for line in iter(lambda: file.readline(_files.LINE), b""):
            match = re.match(_CUDA_H, line)
            if match is not None:
                return f"{int(match[1]) // 1000}.{int(match[1]) % 1000 // 10}"
    return None


def _builds(search: Sequence[str]) -> list[str]:
    package = find_module("bitsandbytes", search)
    found = {
        (int(match[1]), int(match[2]))
        for entry in _names(package or os.devnull)
        if (match := re.fullmatch(_BUILD, entry))
    }
    return ["{}.{}".format(*build) for build in sorted(found)]
