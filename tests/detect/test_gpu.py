"""GPUs: a stub NVML library that fails or hangs, a stub ``pynvml``, and CUDA_VISIBLE_DEVICES."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gemma_compat.detect import _machine, detect_facts, gpu, other_gpus
from gemma_compat.detect._deadline import Deadline
from gemma_compat.detect.gpu import GpuQuestion, driver_traces
from gemma_compat.detect.other_gpus import find_other_gpus
from gemma_compat.detect.visible import Instance, Undecided, select
from gemma_compat.facts import UNKNOWN, Gpu

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the stub library is an ELF file")

T4 = {"name": "Tesla T4", "compute_capability": (7, 5), "memory_total": 15360}
H200 = {"name": "NVIDIA H200", "compute_capability": (9, 0), "memory_total": 143771}


def gpus(*kinds: dict) -> list[Gpu]:
    return [Gpu(index=i, uuid=f"GPU-{i}a{i}b", **kind) for i, kind in enumerate(kinds)]


FOUR = gpus(H200, H200, H200, H200)


@pytest.mark.parametrize(
    ("value", "indices"),
    [
        (None, [0, 1, 2, 3]),
        ("", []),
        ("-1", []),
        ("0", [0]),
        ("2,0", [2, 0]),
        (" 1 , 3 ", [1, 3]),
        ("0,1,-1,2", [0, 1]),
        ("0,x,1", [0]),
        ("0,,1", [0]),
        ("x", []),
        ("0,9,1", [0]),
        ("4", []),
        ("1,1", []),
        ("0,1,0", []),
        ("0,-1,0", [0]),
        ("1a,2", [1, 2]),
        ("+1", [1]),
        ("GPU-2a", [2]),
        ("GPU-3a3b,GPU-0", [3, 0]),
        ("GPU-", []),
        ("GPU-9,GPU-0", []),
        ("GPU-1a,2", [1]),
        ("GPU-1a,GPU-1a1b", []),
        ("none", []),
    ],
)
def test_cuda_visible_devices(value, indices):
    environ = {} if value is None else {"CUDA_VISIBLE_DEVICES": value}
    assert [gpu.index for gpu in select(FOUR, {}, environ)] == indices


def instance(parent: int, number: int, memory: int = 9856) -> Instance:
    gpu = Gpu(
        index=parent,
        uuid=f"MIG-{parent}{number}ab",
        name="NVIDIA H200 MIG 1g.18gb",
        memory_total=memory,
    )
    return Instance(gpu, (gpu.uuid, f"MIG-GPU-{parent}a{parent}b/{number}/0"))


SPLIT = {1: [instance(1, 3), instance(1, 4)], 2: [instance(2, 3)]}


@pytest.mark.parametrize(
    ("value", "uuids"),
    [
        ("MIG-14", ["MIG-14ab"]),
        ("MIG-14ab", ["MIG-14ab"]),
        ("MIG-GPU-1a1b/4/0", ["MIG-14ab"]),
        # CUDA shows one instance, whatever the list
        ("MIG-23,MIG-13", ["MIG-23ab"]),
        ("MIG-23,nonsense", ["MIG-23ab"]),
        ("MIG-1", []),
        ("MIG-9,MIG-14", []),
        ("MIG-14,MIG-14ab", []),
        ("MIG-GPU-1a1b", []),
        # a GPU in MIG mode, named as a whole: CUDA takes the first of its equal instances
        ("1", ["MIG-13ab"]),
        ("2", ["MIG-23ab"]),
        ("GPU-2a", ["MIG-23ab"]),
        ("0,3", ["GPU-0a0b", "GPU-3a3b"]),
    ],
)
def test_mig(value, uuids):
    chosen = select(FOUR, SPLIT, {"CUDA_VISIBLE_DEVICES": value})
    assert [gpu.uuid for gpu in chosen] == uuids


@pytest.mark.parametrize(
    ("split", "value"),
    [
        (SPLIT, None),
        (SPLIT, "0,1"),
        ({1: []}, "1"),
        ({1: [instance(1, 3), instance(1, 4, memory=20096)]}, "1"),
    ],
    ids=["all", "beside another", "no instance", "different instances"],
)
def test_a_gpu_in_mig_mode_is_not_decided_where_cuda_has_a_choice(split, value):
    with pytest.raises(Undecided, match="MIG mode"):
        select(FOUR, split, {} if value is None else {"CUDA_VISIBLE_DEVICES": value})


def test_an_index_among_different_gpus_needs_the_bus_order():
    mixed = gpus(T4, H200)
    with pytest.raises(Undecided, match="CUDA_DEVICE_ORDER"):
        select(mixed, {}, {"CUDA_VISIBLE_DEVICES": "0"})
    assert select(mixed, {}, {"CUDA_DEVICE_ORDER": "nonsense"}) == ()
    assert select(mixed[:1], {}, {"CUDA_VISIBLE_DEVICES": "GPU-"}) == ()
    ordered = {"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    assert select(mixed, {}, ordered) == (mixed[0],)
    assert select(mixed, {}, {"CUDA_VISIBLE_DEVICES": "GPU-1"}) == (mixed[1],)
    assert select(mixed, {}, {"CUDA_VISIBLE_DEVICES": ""}) == ()


@pytest.fixture
def no_driver(monkeypatch):
    """This machine as one without any driver; a stub on LD_LIBRARY_PATH is still found."""
    monkeypatch.setattr(gpu, "_LIBRARY_DIRECTORIES", ())
    monkeypatch.setattr(gpu, "_DRIVER_FILES", ())
    monkeypatch.setattr(gpu, "_is_in_loader_cache", lambda: False)
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@linux_only
def test_without_a_driver_no_child_is_started(no_driver, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    reading = GpuQuestion(sys.path).answer(Deadline(0))
    assert (reading.gpus, reading.driver, reading.cuda_driver) == ((), None, None)
    assert not reading.reasons


@linux_only
def test_a_trace_of_a_library_that_is_gone_is_no_driver(no_driver, monkeypatch, tmp_path):
    monkeypatch.setattr(gpu, "_is_in_loader_cache", lambda: True)
    real = any(Path(d, "libnvidia-ml.so.1").exists() for d in ("/usr/lib", "/usr/lib64"))
    if real or shutil.which("nvidia-smi"):
        pytest.skip("this machine has a driver")
    reading = GpuQuestion(sys.path).answer(Deadline(10))
    assert (reading.gpus, reading.driver) == ((), None)


@linux_only
def test_a_library_that_cannot_be_loaded_leaves_the_gpus_unknown(no_driver, monkeypatch, tmp_path):
    (tmp_path / "libnvidia-ml.so.1").write_text("not a library")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    assert list(driver_traces({"LD_LIBRARY_PATH": str(tmp_path)})) == [str(tmp_path)]
    reading = GpuQuestion(sys.path).answer(Deadline(10))
    assert reading.gpus is UNKNOWN
    assert reading.driver is UNKNOWN
    assert "cannot be loaded" in reading.reasons["gpus"]


@pytest.fixture
def library(no_driver, tmp_path, monkeypatch):
    """Builds a ``libnvidia-ml.so.1`` from C source and puts it on LD_LIBRARY_PATH."""
    if sys.platform != "linux" or not shutil.which("gcc"):
        pytest.skip("needs gcc on Linux")

    def build(source: str) -> None:
        (tmp_path / "nvml.c").write_text(source)
        command = ["gcc", "-shared", "-fPIC", "-o", "libnvidia-ml.so.1", "nvml.c"]
        subprocess.run(command, cwd=tmp_path, check=True)
        monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))

    return build


HANGS = "#include <unistd.h>\nint nvmlInitWithFlags(unsigned f) { for (;;) sleep(1); }\n"
HANGS += "int nvmlInit_v2(void) { for (;;) sleep(1); }\n"
HANGS_ON_LOAD = "#include <unistd.h>\n__attribute__((constructor)) void f(void) { sleep(60); }\n"
FAILS = "int nvmlInitWithFlags(unsigned f) { return 18; }\nint nvmlInit_v2(void) { return 18; }\n"
FAILS += 'const char *nvmlErrorString(int e) { return "Driver/library version mismatch"; }\n'
CRASHES = "#include <stdlib.h>\nint nvmlInitWithFlags(unsigned f) { abort(); }\n"
CRASHES += "int nvmlInit_v2(void) { abort(); }\n"


@pytest.mark.parametrize("source", [HANGS, HANGS_ON_LOAD], ids=["init", "load"])
def test_an_nvml_that_hangs_costs_the_deadline_and_no_more(library, source):
    pytest.importorskip("pynvml")
    library(source)
    started = time.monotonic()
    reading = GpuQuestion(sys.path).answer(Deadline(1))
    assert time.monotonic() - started < 2
    assert reading.gpus is UNKNOWN
    assert reading.reasons["gpus"] == "NVML: not finished within 1 s"


SLOW_TO_LEAVE = FAILS + "#include <unistd.h>\n"
SLOW_TO_LEAVE += "__attribute__((destructor)) void f(void) { sleep(60); }\n"


def test_a_library_that_is_slow_to_unload_is_not_waited_for(library):
    pytest.importorskip("pynvml")
    library(SLOW_TO_LEAVE)
    reading = GpuQuestion(sys.path).answer(Deadline(10))
    assert "ismatch" in reading.reasons["gpus"]


@pytest.mark.parametrize(
    ("source", "reason"), [(FAILS, "ismatch"), (CRASHES, "crashed with signal 6 (SIGABRT)")]
)
def test_an_nvml_that_fails(library, source, reason):
    pytest.importorskip("pynvml")
    library(source)
    reading = GpuQuestion(sys.path).answer(Deadline(10))
    assert reading.gpus is UNKNOWN
    assert reason in reading.reasons["gpus"]


def test_a_driver_without_pynvml(library, tmp_path):
    library("int nothing;")
    reading = GpuQuestion([str(tmp_path)]).answer(Deadline(10))
    assert reading.gpus is UNKNOWN
    assert "nvidia-ml-py is not usable: No module named 'pynvml'" in reading.reasons["gpus"]


PYNVML = """
import types
class NVMLError(Exception): pass
class NVMLError_NotSupported(NVMLError): pass
def nvmlInit(): print("noise on stdout")
def nvmlSystemGetDriverVersion(): return b"550.54.15"
def nvmlDeviceGetCount(): return 3
def nvmlDeviceGetHandleByIndex(index): return index
def nvmlDeviceGetName(handle): return "Tesla T4"
def nvmlDeviceGetUUID(handle): return f"GPU-{handle}"
def nvmlDeviceGetCudaComputeCapability(handle): return (7, 5)
def nvmlDeviceGetMemoryInfo(handle):
    if handle == 2: raise NVMLError("Not Supported")
    return types.SimpleNamespace(total=16106127360, free=15728640000)
def nvmlSystemGetCudaDriverVersion_v2(): return 12040
def nvmlDeviceGetMigMode(handle): raise NVMLError("Not Supported")
def nvmlDeviceGetEccMode(handle):
    if handle == 2: raise NVMLError_NotSupported("Not Supported")
    return (1, 1)
"""
MIG = """
def nvmlDeviceGetMigMode(handle): return (1, 1)
def nvmlDeviceGetMaxMigDeviceCount(handle): return 7
def nvmlDeviceGetMigDeviceHandleByIndex(handle, number):
    if number not in (0, 2): raise NVMLError("Not Found")
    return 10 + number
def nvmlDeviceGetGpuInstanceId(handle): return handle
def nvmlDeviceGetComputeInstanceId(handle): return 0
"""


def test_devices_come_from_pynvml(library, tmp_path, monkeypatch):
    library("int nothing;")
    stub = tmp_path / "stub"
    stub.mkdir()
    (stub / "pynvml.py").write_text(PYNVML)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,0")
    reading = GpuQuestion([str(stub), *sys.path]).answer(Deadline(10))
    assert reading.driver == "550.54.15"
    bare, whole = reading.gpus
    assert (whole.index, whole.name, whole.uuid) == (0, "Tesla T4", "GPU-0")
    assert whole.compute_capability == (7, 5)
    assert (whole.memory_total, whole.memory_free) == (15360, 15000)
    assert (whole.architecture, whole.ecc, whole.mig) == ("Turing", True, False)
    assert bare.index == 2
    assert not bare.known("memory_total")
    assert bare.ecc is None
    assert reading.cuda_driver == "12.4"


STARTS = '#include <stdio.h>\nint nvmlInit_v2(void) {{ fclose(fopen("{}", "w")); return 0; }}\n'
WAITS = """
import os, time
for _ in range(500):
    if os.path.exists({!r}): break
    time.sleep(0.01)
else: raise ImportError("NVML was not started")
"""


def test_nvml_starts_while_pynvml_is_imported(library, tmp_path):
    started = str(tmp_path / "started")
    library(STARTS.format(started))
    stub = tmp_path / "stub"
    stub.mkdir()
    (stub / "pynvml.py").write_text(WAITS.format(started) + PYNVML)
    reading = GpuQuestion([str(stub), *sys.path]).answer(Deadline(10))
    assert reading.driver == "550.54.15"


def test_mig_instances_come_from_pynvml(library, tmp_path, monkeypatch):
    library("int nothing;")
    stub = tmp_path / "stub"
    stub.mkdir()
    (stub / "pynvml.py").write_text(PYNVML + MIG)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-GPU-1/12/0")
    (gpu,) = GpuQuestion([str(stub), *sys.path]).answer(Deadline(10)).gpus
    assert (gpu.index, gpu.uuid, gpu.mig) == (1, "GPU-12", True)
    assert gpu.compute_capability == (7, 5)


@pytest.mark.parametrize(
    ("devices", "driver", "found"),
    [
        ({}, False, ()),
        ({"a": ("0x8086", "0x060000")}, False, ()),  # a bridge of Intel's
        ({"a": ("0x8086", "0x030000")}, True, ("Intel GPU",)),
        ({"a": ("0x10de", "0x030200")}, False, ("NVIDIA GPU on the bus, but no driver here",)),
        ({"a": ("0x10de", "0x030200")}, True, ()),
        (
            {"a": ("0x1002", "0x038000"), "b": ("0x1002", "0x038000")},
            False,
            ("AMD GPU (without its compute driver, {kfd})",),
        ),
    ],
)
def test_other_gpus(devices, driver, found, tmp_path, monkeypatch):
    for name, (vendor, kind) in devices.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "vendor").write_text(vendor + "\n")
        (tmp_path / name / "class").write_text(kind + "\n")
    kfd = str(tmp_path / "kfd")
    monkeypatch.setattr(other_gpus.sys, "platform", "linux")
    monkeypatch.setattr(other_gpus, "_PCI", str(tmp_path))
    monkeypatch.setattr(other_gpus, "_AMD_DRIVER", kfd)
    monkeypatch.setattr(other_gpus, "_JETSON", ())
    expected = tuple(item.format(kfd=kfd) for item in found)
    assert find_other_gpus(driver) == (expected, "")


def test_a_bus_that_cannot_be_read_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(other_gpus.sys, "platform", "linux")
    monkeypatch.setattr(other_gpus, "_PCI", str(tmp_path / "none"))
    assert find_other_gpus(False) == ((), "AMD and Intel GPUs were not looked for")


@pytest.mark.parametrize(("machine", "found"), [("arm64", ("Apple GPU (Metal)",)), ("x86_64", ())])
def test_apple(machine, found, monkeypatch):
    monkeypatch.setattr(other_gpus.sys, "platform", "darwin")
    monkeypatch.setattr("platform.machine", lambda: machine)
    known, not_looked_for = find_other_gpus(False)
    assert known == found
    assert bool(not_looked_for) == (not found)


class Live:
    """As much of a live model as decides whether the GPUs are asked again."""

    def named_modules(self):
        return iter(())


def test_a_live_model_does_not_ask_a_second_time(library, monkeypatch):
    """``patch`` runs before every train and evaluate: a driver that hangs must cost once."""
    pytest.importorskip("pynvml")
    library(HANGS)
    first = detect_facts(deadline_seconds=0.5)
    monkeypatch.setattr(_machine, "GpuQuestion", None)  # asking again would raise
    again = detect_facts(Live(), deadline_seconds=0.5)
    assert again.reason("gpus") == first.reason("gpus") == "NVML: not finished within 0.5 s"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with pytest.raises(TypeError):
        detect_facts(Live(), deadline_seconds=0.5)
