"""The child process that asks NVML and prints one JSON line. Runs by itself, never imported."""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable
from typing import Any


def main() -> None:
    """Print ``{"absent": true}``, ``{"error": "..."}`` or the driver and its devices."""
    print(json.dumps(_answer()), flush=True)


def _answer() -> dict[str, Any]:
    problem = _load_problem()
    if problem is not None:
        return problem
    try:
        import pynvml
    except ImportError as error:
        return {"error": f"nvidia-ml-py is not usable: {error}"}
    try:
        pynvml.nvmlInit()
        return {"driver": _text(pynvml.nvmlSystemGetDriverVersion()), "devices": _devices(pynvml)}
    except pynvml.NVMLError as error:
        return {"error": str(error)}


def _load_problem() -> dict[str, Any] | None:
    """A library that is not there is a machine without a driver; a broken one is an error."""
    if sys.platform == "win32":  # pynvml knows the places
        return None
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError as error:
        if "No such file" in str(error):
            return {"absent": True}
        return {"error": f"the library cannot be loaded: {error}"}
    return None


def _devices(nvml: Any) -> list[dict[str, Any]]:
    return [_device(nvml, index) for index in range(nvml.nvmlDeviceGetCount())]


def _device(nvml: Any, index: int) -> dict[str, Any]:
    """One GPU; what it does not support (memory of a shared-memory GPU) is left out."""
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    questions: dict[str, Callable[[], Any]] = {
        "name": lambda: _text(nvml.nvmlDeviceGetName(handle)),
        "uuid": lambda: _text(nvml.nvmlDeviceGetUUID(handle)),
        "compute_capability": lambda: list(nvml.nvmlDeviceGetCudaComputeCapability(handle)),
        "memory_total": lambda: nvml.nvmlDeviceGetMemoryInfo(handle).total // 2**20,
        "memory_free": lambda: nvml.nvmlDeviceGetMemoryInfo(handle).free // 2**20,
    }
    gpu: dict[str, Any] = {"index": index}
    for name, question in questions.items():
        try:
            gpu[name] = question()
        except nvml.NVMLError:
            continue
    return {"gpu": gpu, "mig": _is_split(nvml, handle)}


def _is_split(nvml: Any, handle: Any) -> bool:
    try:
        return bool(nvml.nvmlDeviceGetMigMode(handle)[0])
    except nvml.NVMLError:
        return False


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
