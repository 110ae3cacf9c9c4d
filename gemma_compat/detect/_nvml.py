"""The child process that asks NVML and prints one JSON line. Runs by itself, never imported."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any


def main() -> None:
    """Print ``{"absent": true}``, ``{"error": "..."}`` or the driver and its devices."""
    print(json.dumps(_answer()), flush=True)
    os._exit(0)  # unloading the driver's library takes 10 ms


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
        driver = _text(pynvml.nvmlSystemGetDriverVersion())
        return {"driver": driver, **_cuda(pynvml), "devices": _devices(pynvml)}
    except pynvml.NVMLError as error:
        return {"error": str(error)}


def _load_problem() -> dict[str, Any] | None:
    """Return why NVML cannot be loaded, or begin to start it; no library means no driver."""
    if sys.platform == "win32":  # pynvml knows the places
        return None
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError as error:
        if "No such file" in str(error):
            return {"absent": True}
        return {"error": f"the library cannot be loaded: {error}"}
    if hasattr(library, "nvmlInit_v2"):
        # NVML takes as long to start as pynvml to be imported, so let both go on at once.
        # pynvml starts it once more, which then costs nothing, and reads what it says.
        threading.Thread(target=library.nvmlInit_v2, daemon=True).start()
    return None


def _cuda(nvml: Any) -> dict[str, str]:
    """Return the CUDA release that ``libcuda`` supports: 13000 is 13.0. Nothing where it is not
    there.
    """
    try:
        number = nvml.nvmlSystemGetCudaDriverVersion_v2()
    except (nvml.NVMLError, AttributeError):
        return {}
    return {"cuda_driver": f"{number // 1000}.{number % 1000 // 10}"}


def _devices(nvml: Any) -> list[dict[str, Any]]:
    return [_device(nvml, index) for index in range(nvml.nvmlDeviceGetCount())]


def _device(nvml: Any, index: int) -> dict[str, Any]:
    """Return one GPU, and its MIG instances or ``None`` where it is not in MIG mode."""
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    gpu = {
        "index": index,
        "mig": False,
        **_facts(nvml, handle),
        **_answers(nvml, {"ecc": lambda: _ecc(nvml, handle)}),
    }
    return {"gpu": gpu, "instances": _instances(nvml, handle, gpu) if _mig(nvml, handle) else None}


def _facts(nvml: Any, handle: Any) -> dict[str, Any]:
    """Return the answers; leave out what the GPU does not support (memory where it is shared)."""
    return _answers(
        nvml,
        {
            "name": lambda: _text(nvml.nvmlDeviceGetName(handle)),
            "uuid": lambda: _text(nvml.nvmlDeviceGetUUID(handle)),
            "compute_capability": lambda: list(nvml.nvmlDeviceGetCudaComputeCapability(handle)),
            "memory_total": lambda: nvml.nvmlDeviceGetMemoryInfo(handle).total // 2**20,
            "memory_free": lambda: nvml.nvmlDeviceGetMemoryInfo(handle).free // 2**20,
        },
    )


def _ecc(nvml: Any, handle: Any) -> bool | None:
    """Return whether ECC is on, which costs memory on some cards; ``None`` without ECC."""
    try:
        return bool(nvml.nvmlDeviceGetEccMode(handle)[0])
    except nvml.NVMLError_NotSupported:
        return None


def _mig(nvml: Any, handle: Any) -> bool:
    try:
        return bool(nvml.nvmlDeviceGetMigMode(handle)[0])
    except nvml.NVMLError:
        return False


def _instances(nvml: Any, handle: Any, gpu: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the MIG instances in NVML's order, each with the names that CUDA knows it by."""
    found = []
    for number in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        try:
            part = nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, number)
        except nvml.NVMLError:  # no instance in that place
            continue
        ids = (nvml.nvmlDeviceGetGpuInstanceId(part), nvml.nvmlDeviceGetComputeInstanceId(part))
        facts = {**gpu, **_facts(nvml, part), "mig": True}
        old_name = "MIG-{}/{}/{}".format(gpu.get("uuid", ""), *ids)
        found.append({"gpu": facts, "names": [facts.get("uuid", old_name), old_name]})
    return found


def _answers(nvml: Any, questions: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """Return the answers to those questions that NVML can answer."""
    found = {}
    for name, question in questions.items():
        try:
            found[name] = question()
        except nvml.NVMLError:
            continue
    return found


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
