"""GPUs through NVML, which is only ever loaded in a child process: it can hang for minutes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import _files
from ..facts import UNKNOWN, Gpu
from ._deadline import Deadline
from .other_gpus import find_other_gpus

if TYPE_CHECKING:
    from ._child import Child

_LIBRARY = "libnvidia-ml.so.1"
# Where a loader looks beside LD_LIBRARY_PATH and its cache; and what a driver shows of itself.
_LIBRARY_DIRECTORIES = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/wsl/lib",
    "/usr/local/nvidia/lib64",
    "/run/opengl-driver/lib",
)
_DRIVER_FILES = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg")
_CODE = "from gemma_compat.detect import _nvml; _nvml.main()"


class GpuReading:
    """What is known of the GPUs; ``UNKNOWN`` fields have a reason.

    Attributes:
        gpus: visible GPUs, empty where there are known to be none.
        driver: release, ``None`` without a driver.
        cuda_driver: the CUDA release that the driver supports, ``None`` likewise.
        other_gpus: GPUs that NVML does not describe, one text each.
    """

    def __init__(
        self,
        gpus: Any = UNKNOWN,
        driver: Any = UNKNOWN,
        cuda_driver: Any = UNKNOWN,
        other_gpus: tuple[str, ...] = (),
        reasons: dict[str, str] | None = None,
    ) -> None:
        self.gpus, self.driver, self.cuda_driver = gpus, driver, cuda_driver
        self.other_gpus, self.reasons = other_gpus, reasons or {}


class GpuQuestion:
    """Ask NVML in the background; start no child process without a trace of a driver.

    Args:
        path: the module search path, to find ``pynvml``.
    """

    def __init__(self, path: Sequence[str]) -> None:
        self._child: Child | None = None
        self._problem: str | None = None
        self._possible = any(driver_traces(os.environ))
        if self._possible:
            self._start(path)

    def _start(self, path: Sequence[str]) -> None:
        from ._child import Child

        package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        try:
            self._child = Child(_CODE, [*path, package], site=False)
        except OSError as error:
            self._problem = f"NVML could not be asked: {error}"

    def answer(self, deadline: Deadline) -> GpuReading:
        """Return the reading, at the deadline at the latest."""
        reading = self._answer(deadline)
        found, not_looked_for = find_other_gpus(reading.driver is not None)
        reading.other_gpus = found
        if not_looked_for:
            reading.reasons["other_gpus"] = not_looked_for
        return reading

    def gpus(self, seconds: float) -> tuple[Gpu, ...]:
        """Return the visible GPUs; empty where there are none or NVML does not say."""
        found = self._answer(Deadline(seconds)).gpus
        return () if found is UNKNOWN else tuple(found)

    def _answer(self, deadline: Deadline) -> GpuReading:
        if not self._possible:
            return _no_driver()
        if self._child is None:
            return _unknown(self._problem or "NVML could not be asked")
        outcome = self._child.finish(deadline)
        if outcome.problem is not None:
            return _unknown(f"NVML: {outcome.problem}")
        return _interpret(outcome.output, os.environ)


def driver_traces(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield every sign that NVML may be installed, found without loading anything."""
    if sys.platform == "win32":
        system = os.path.join(environ.get("SystemRoot", r"C:\Windows"), "System32")
        programs = os.path.join(environ.get("ProgramFiles", ""), "NVIDIA Corporation", "NVSMI")
        folders = (os.path.join(folder, "nvml.dll") for folder in (system, programs))
        yield from filter(os.path.exists, folders)
        return
    if sys.platform == "darwin":
        return
    searched = [d for d in environ.get("LD_LIBRARY_PATH", "").split(os.pathsep) if d]
    for directory in (*searched, *_LIBRARY_DIRECTORIES):
        if os.path.exists(os.path.join(directory, _LIBRARY)):
            yield directory
    yield from filter(os.path.exists, _DRIVER_FILES)
    if _is_in_loader_cache():
        yield "/etc/ld.so.cache"


def _is_in_loader_cache() -> bool:
    try:
        cache = _files.read_bytes("/etc/ld.so.cache", _files.LOADER_CACHE)
        return _LIBRARY.encode() in cache
    except OSError:
        return False


def _interpret(output: str, environ: Mapping[str, str]) -> GpuReading:
    """Return the child's last line, with ``CUDA_VISIBLE_DEVICES`` applied."""
    try:
        data = _files.parse_json(output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        data = None
    if not isinstance(data, dict):
        return _unknown("NVML: the child printed no answer")
    if data.get("absent"):
        return _no_driver()
    if "error" in data:
        return _unknown(f"NVML: {data['error']}")
    return _reading(data, environ)


def _reading(data: Mapping[str, Any], environ: Mapping[str, str]) -> GpuReading:
    """Return what NVML said, with ``CUDA_VISIBLE_DEVICES`` applied."""
    from .visible import Instance, Undecided, select

    reading = GpuReading(driver=data["driver"])
    if "cuda_driver" in data:
        reading.cuda_driver = data["cuda_driver"]
    else:
        reading.reasons["cuda_driver"] = "NVML did not say which CUDA release the driver supports"
    gpus = [_gpu(item["gpu"]) for item in data["devices"]]
    split = {
        item["gpu"]["index"]: [
            Instance(_gpu(part["gpu"]), tuple(part["names"])) for part in item["instances"]
        ]
        for item in data["devices"]
        if item["instances"] is not None
    }
    try:
        reading.gpus = select(gpus, split, environ)
    except Undecided as error:
        reading.reasons["gpus"] = str(error)
    return reading


def _gpu(fields: Mapping[str, Any]) -> Gpu:
    """Return the facts that NVML gave, and the architecture that follows from them."""
    from ..tables.gpu_tables import ARCHITECTURES

    gpu = Gpu.from_dict(dict(fields))
    names = {item.compute_capability: item.name for item in ARCHITECTURES}
    name = names.get(gpu.get("compute_capability"))
    return gpu if name is None else gpu.replace(architecture=name)


def _no_driver() -> GpuReading:
    return GpuReading(gpus=(), driver=None, cuda_driver=None)


def _unknown(reason: str) -> GpuReading:
    reading = GpuReading()
    reading.reasons.update({"gpus": reason, "driver": reason, "cuda_driver": reason})
    return reading
