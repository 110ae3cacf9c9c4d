"""CUDA libraries: what is installed, what torch was built for, and what does not fit."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from gemma_compat.detect._deadline import Deadline
from gemma_compat.detect.imports import ImportProbe
from gemma_compat.detect.libraries import read_libraries
from gemma_compat.engine.libraries import mismatches
from gemma_compat.facts import Facts, TorchBuild

METADATA = """\
Name: torch
Version: 2.6.0
Requires-Dist: filelock
Requires-Dist: nvidia-cudnn-cu12==9.1.0.70; platform_system == "Linux"
Requires-Dist: nvidia-nccl-cu12 (==2.21.5) ; platform_system == "Linux"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site-packages with torch's wheel, the libraries that it pins, and bitsandbytes."""
    folder = tmp_path / "site"
    (folder / "torch-2.6.0.dist-info").mkdir(parents=True)
    (folder / "torch-2.6.0.dist-info" / "METADATA").write_text(METADATA)
    for name in ("nvidia_cudnn_cu12-9.1.0.70", "nvidia_nccl_cu12-2.21.5"):
        (folder / f"{name}.dist-info").mkdir()
    (folder / "bitsandbytes").mkdir()
    for name in ("__init__.py", "libbitsandbytes_cuda118.so", "libbitsandbytes_cuda124.so"):
        (folder / "bitsandbytes" / name).write_text("")
    return folder


def read(site: Path, **environ: str) -> dict[str, str]:
    return read_libraries([str(site)], {"PATH": "", **environ})


WHEELS = {
    "NCCL": "2.21.5",
    "NCCL for torch": "2.21.5",
    "bitsandbytes for CUDA": "11.8, 12.4",
    "cuDNN": "9.1.0.70",
    "cuDNN for torch": "9.1.0.70",
}


def without_toolkit(found: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in found.items() if name != "CUDA toolkit"}


def test_wheels_and_what_torch_pins(site: Path) -> None:
    assert without_toolkit(read(site)) == WHEELS


def test_an_empty_machine_has_none(tmp_path: Path) -> None:
    assert without_toolkit(read_libraries([str(tmp_path), "none.zip"], {"PATH": ""})) == {}


def test_the_library_path(site: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    folder.mkdir()
    for name in ("libcudnn.so.9", "libcudnn.so.9.5.1", "libnccl.so.2", "libcudnn_ops.so.9"):
        (folder / name).write_text("")
    found = read(site, LD_LIBRARY_PATH=f"{tmp_path / 'none'}{os.pathsep}{folder}")
    assert found["cuDNN on LD_LIBRARY_PATH"] == "9.5.1"
    assert found["NCCL on LD_LIBRARY_PATH"] == "2"


def test_the_toolkit(site: Path, tmp_path: Path) -> None:
    home = tmp_path / "cuda"
    (home / "include").mkdir(parents=True)
    (home / "include" / "cuda.h").write_text("#define CUDA_VERSION 12040\n")
    assert read(site, CUDA_HOME=str(home))["CUDA toolkit"] == "12.4"
    (home / "version.json").write_text(json.dumps({"cuda": {"version": "12.4.1"}}))
    assert read(site, CUDA_HOME=str(home))["CUDA toolkit"] == "12.4.1"
    (home / "version.json").write_text("[1]")
    (home / "bin").mkdir()
    (home / "bin" / "nvcc").write_text("")
    (home / "bin" / "nvcc").chmod(0o755)
    assert read(site, PATH=str(home / "bin"))["CUDA toolkit"] == "12.4"


def test_a_toolkits_header_is_read_as_far_as_its_release(tmp_path: Path) -> None:
    """That of a real toolkit has a MiB, and was the peak of a report's memory."""
    (tmp_path / "include").mkdir()
    text = "/* of CUDA */\n" * 1000 + "#define CUDA_VERSION 13000\n" + "/* a function */\n" * 60_000
    (tmp_path / "include" / "cuda.h").write_text(text)
    read_libraries([], {"PATH": "", "CUDA_HOME": str(tmp_path)})
    tracemalloc.start()
    found = read_libraries([], {"PATH": "", "CUDA_HOME": str(tmp_path)})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found["CUDA toolkit"] == "13.0"
    assert peak < len(text) / 4


TORCH = """
class _C: pass
class cuda:
    is_available = staticmethod(lambda: False)
    class nccl:
        version = staticmethod(lambda: {nccl})
class backends:
    class cudnn:
        version = staticmethod(lambda: {cudnn})
"""


@pytest.mark.parametrize(
    ("cudnn", "nccl", "loaded"),
    [
        ("90100", "(2, 21, 5)", {"cuDNN loaded": "9.1.0", "NCCL loaded": "2.21.5"}),
        ("8902", "1 / 0", {"cuDNN loaded": "8.9.2"}),
        ("None", "1 / 0", {}),
        ("91002", "'x'", {"cuDNN loaded": "9.10.2"}),
    ],
)
def test_what_is_loaded(cudnn: str, nccl: str, loaded: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(TORCH.format(cudnn=cudnn, nccl=nccl))
    tried = ImportProbe([str(tmp_path)], {"transformers": None})
    assert tried.answer(Deadline(20))[1].get("libraries", {}) == loaded


def said(cuda: str = "12.4", **libraries: Any) -> list[tuple[str, str]]:
    facts = Facts(
        libraries={**WHEELS, **libraries},
        torch=TorchBuild(version="2.6.0", cuda=cuda),
        environment={},
    )
    return [(item.severity.value, item.message) for item in mismatches(facts)]


@pytest.mark.parametrize(
    ("libraries", "severity", "text"),
    [
        ({"cuDNN": "9.5.1.17"}, "warning", "cuDNN 9.5.1.17 is installed; this torch was built"),
        ({"NCCL loaded": "2.19.3"}, "warning", "NCCL 2.19.3 is loaded; this torch was built"),
        ({"cuDNN on LD_LIBRARY_PATH": "9.5.1"}, "notice", "LD_LIBRARY_PATH holds cuDNN 9.5.1"),
        ({"cuda": "13.0"}, "warning", "bitsandbytes has libraries for CUDA 11.8, 12.4"),
        ({"CUDA toolkit": "11.8.0"}, "notice", "the CUDA toolkit is 11.8.0"),
    ],
)
def test_what_does_not_fit(libraries: dict[str, str], severity: str, text: str) -> None:
    ((level, message),) = said(**libraries)
    assert level == severity and message.startswith(text)


@pytest.mark.parametrize(
    "libraries",
    [
        {},
        {"cuDNN loaded": "9.1.0", "cuDNN on LD_LIBRARY_PATH": "9.5.1"},  # and not taken
        {"cuDNN on LD_LIBRARY_PATH": "9"},
        {"CUDA toolkit": "12.8"},
    ],
)
def test_what_fits(libraries: dict[str, str]) -> None:
    assert said(**libraries) == []


def test_nothing_is_said_of_an_assumed_stack_or_a_chosen_library() -> None:
    torch = TorchBuild(version="2.9.0", cuda="13.0")
    facts = Facts(libraries=WHEELS, torch=torch, environment={"BNB_CUDA_VERSION": "124"})
    assert list(mismatches(facts)) == []
    facts = facts.replace(environment={}, assumed={"packages.torch": "--with"})
    assert list(mismatches(facts)) == []
