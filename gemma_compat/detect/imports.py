"""Do the packages import? Tried in child processes, and only when asked: it takes seconds."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import _files
from ..facts import Package
from ._deadline import Deadline

if TYPE_CHECKING:
    from ._child import Child

_MODULES = ("torch", "transformers")
_IF_INSTALLED = ("peft", "trl", "bitsandbytes", "unsloth")
_NEEDS_GPU = "needs a GPU"  # the first words of an outcome; the rest is what the import said
_REPORTED = 3  # exit status: the import raised, and the last line says what
# os._exit, since a crash while the interpreter shuts down is not one of the import.
_CODE = """
import os
try:
    import {module}
except BaseException as error:
    first = (str(error).strip()[:{longest}].splitlines() or [""])[0]
    print("\\n" + ": ".join(filter(None, [type(error).__name__, first])), flush=True)
    os._exit({status})
print("\\n{done}", flush=True)
{then}os._exit(0)
"""
_DONE = "imported"
_LONGEST = 1000  # characters of an error's first line
# What torch says of its devices, on the last line. No context is created: only counting and
# the comparison of capabilities that torch itself makes on first use.
_DEVICES = """
import json, warnings
found = {}
try:
    found["arch_list"] = (torch._C._cuda_getArchFlags() or "").split()
except AttributeError:
    found["arch_list"] = []
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    try:
        found["cuda_available"] = torch.cuda.is_available()
        if found["cuda_available"]:
            torch.cuda.init()
    except Exception as error:
        said.append(error)
found["libraries"] = {}
for name, read in (
    ("cuDNN", lambda: torch.backends.cudnn.version()),
    ("NCCL", lambda: torch.cuda.nccl.version()),
):
    try:
        found["libraries"][name] = read()
    except Exception:  # probe boundary: a version that torch does not tell is unknown
        pass
texts = [" ".join(str(getattr(item, "message", item)).split()) for item in said]
found["device_problem"] = texts[0] if texts else None
print("\\n" + json.dumps(found), flush=True)
"""


class ImportProbe:
    """Import each module in a separate child process, all at once.

    The children run in an empty folder, which is removed: an import may write a cache beside it.

    Args:
        path: the module search path.
        packages: what is installed. torch and transformers are tried unless they are known to be
            absent, other packages if they are known to be installed.
    """

    def __init__(self, path: Sequence[str], packages: Mapping[str, Package | None]) -> None:
        import tempfile

        self._answers: dict[str, str] = {}
        self._children: dict[str, Child] = {}
        self._folder = tempfile.TemporaryDirectory(
            prefix="gemma_compat-", ignore_cleanup_errors=True
        )
        path = [os.path.abspath(entry or os.curdir) for entry in path]
        others = [name for name in _IF_INSTALLED if packages.get(name) is not None]
        for module in (*_MODULES, *others):
            if module in packages and packages[module] is None:
                self._answers[module] = "not installed"
            else:
                self._start(module, path)

    def _start(self, module: str, path: Sequence[str]) -> None:
        from ._child import Child

        then = _DEVICES if module == "torch" else ""
        code = _CODE.format(
            module=module, status=_REPORTED, done=_DONE, longest=_LONGEST, then=then
        )
        try:
            self._children[module] = Child(code, path, folder=self._folder.name)
        except OSError as error:
            self._answers[module] = f"not tried: {error}"

    def answer(self, deadline: Deadline) -> tuple[dict[str, str], dict[str, Any]]:
        """Return ``ok``, ``failed: ...``, ``crashed with signal ...`` or not finished by module.

        Also return the fields of ``TorchBuild`` that importing torch showed.
        """
        devices: dict[str, Any] = {}
        for module, child in self._children.items():
            outcome = child.finish(deadline)
            lines = outcome.output.strip().splitlines()
            if outcome.problem is None or _DONE in lines:
                self._answers[module] = "ok"
            elif outcome.problem.endswith(f"status {_REPORTED}") and lines:
                self._answers[module] = f"failed: {lines[-1]}"
            else:
                self._answers[module] = outcome.problem
            if module == "torch":
                devices = _devices(lines, outcome.problem)
        self._folder.cleanup()
        tried = [name for name in (*_MODULES, *_IF_INSTALLED) if name in self._answers]
        return {name: self._answers[name] for name in tried}, devices


def without_gpu(answers: Mapping[str, str]) -> dict[str, str]:
    """Return the outcomes on a machine that has no GPU: what asks for one has not failed.

    Unsloth raises at its import where torch sees no accelerator.
    """
    found = dict(answers)
    said = found.get("unsloth", "")
    if said.startswith("failed: NotImplementedError") and "GPU" in said.partition("Error")[2]:
        found["unsloth"] = f"{_NEEDS_GPU}: {said}"
    return found


def _devices(lines: Sequence[str], problem: str | None) -> dict[str, Any]:
    """Return the fields of ``TorchBuild`` that importing showed; empty if it stopped earlier."""
    if _DONE not in lines:
        return {}
    if problem is not None:
        return {"device_problem": f"asking torch for its CUDA devices {problem}"}
    try:
        found = _files.parse_json(lines[-1])
        flags = tuple(found.pop("arch_list"))
    except (ValueError, TypeError, AttributeError, KeyError):
        return {"device_problem": "what torch said of its CUDA devices cannot be read"}
    libraries = dict(_loaded(found.pop("libraries", {})))
    if libraries:
        found["libraries"] = libraries
    return {**found, "arch_list": flags} if flags else found


def _loaded(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield ``cuDNN loaded`` and ``NCCL loaded``: 90100 is 9.1.0, 8902 is 8.9.2, (2, 21, 5) 2.21.5.

    torch asks the library that it has loaded; no CUDA context is needed for it.
    """
    number, parts = said.get("cuDNN"), said.get("NCCL")
    if isinstance(number, int) and number > 0:
        major = 10_000 if number >= 90_000 else 1_000
        yield "cuDNN loaded", f"{number // major}.{number % major // 100}.{number % 100}"
    if isinstance(parts, list) and len(parts) > 1 and all(type(part) is int for part in parts):
        yield "NCCL loaded", ".".join(map(str, parts))


def without_trying() -> dict[str, str]:
    """Return the answers where no import may be tried: what this process has imported already."""
    return {module: "ok" if module in sys.modules else "not tried" for module in _MODULES}
