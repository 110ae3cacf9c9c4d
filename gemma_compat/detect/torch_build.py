"""What torch was built for, from its files: importing torch takes seconds."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from .. import _files
from ..facts import TorchBuild
from .packages import find_module

_LIBRARY = "torch_python.dll" if sys.platform == "win32" else "libtorch_python.so"
_FIELDS = {"__version__": "version", "cuda": "cuda", "hip": "hip"}


def read_torch_build(path: Sequence[str]) -> tuple[TorchBuild, dict[str, str]]:
    """Return the build of the torch that this search path holds, and why it is unknown."""
    package = find_module("torch", path)
    if package is None:
        return TorchBuild(), {"torch": "no torch/version.py on the search path"}
    file = os.path.join(package, "version.py")
    try:
        lines = _files.read_text(file, _files.VERSION).splitlines()
        found: dict[str, Any] = dict(filter(None, map(_assignment, lines)))
    except OSError as error:
        return TorchBuild(), {"torch": f"cannot read {file}: {error.strerror or error}"}
    missing = [name for name in _FIELDS.values() if name not in found]
    reasons = {f"torch.{name}": f"{file} does not state it" for name in missing}
    kernels = () if found.get("cuda", "") is None else _read_arch_list(package)
    if kernels is None:
        reasons["torch.arch_list"] = "torch's libraries do not show it; --probe asks torch"
    else:
        found["arch_list"] = kernels
    return TorchBuild(**found), reasons


def files_of_torch_build(path: Sequence[str], _: object) -> list[str]:
    """Return the files that :func:`read_torch_build` depends on, those that are missing too."""
    files = [os.path.join(entry, "torch", "__init__.py") for entry in path]
    package = find_module("torch", path)
    if package is not None:
        files += [os.path.join(package, "version.py"), os.path.join(package, "lib", _LIBRARY)]
    return files


def _assignment(line: str) -> tuple[str, str | None] | None:
    """Return ``cuda: Optional[str] = '12.6'`` as ``("cuda", "12.6")``; ``None`` for other lines."""
    left, equals, right = line.partition("=")
    name = _FIELDS.get(left.partition(":")[0].strip())
    value = right.strip()
    if not equals or name is None:
        return None
    if value == "None":
        return name, None
    quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return (name, value[1:-1]) if quoted else None


def _read_arch_list(package: str) -> tuple[str, ...] | None:
    """Return what ``torch.cuda.get_arch_list()`` returns: one text in the library, ``sm_80 sm_90``.

    It is the value of ``CUDA_ARCH_FLAGS`` (torch/csrc/cuda/Module.cpp). ``None`` if not found.
    """
    import mmap

    try:
        with _files.opened(os.path.join(package, "lib", _LIBRARY), _files.LIBRARY) as file:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return _find_flags(content)
    except (OSError, ValueError):  # not there, or empty
        return None


def _find_flags(content: Any) -> tuple[str, ...] | None:
    """Return the first C string that consists of such names only."""
    start = content.find(b"\0sm_")
    while start >= 0:
        end = content.find(b"\0", start + 1)
        names = content[start + 1 : end].split() if end > 0 else []
        if names and all(map(_is_flag, names)):
            return tuple(name.decode("ascii") for name in names)
        start = content.find(b"\0sm_", start + 1)
    return None


def _is_flag(name: bytes) -> bool:
    number = name.removeprefix(b"sm_").removeprefix(b"compute_").rstrip(b"af")
    return number != name and number.isdigit()
