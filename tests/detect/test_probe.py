"""The probe: stub packages whose import fails, crashes or hangs, each in a child process."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from gemma_compat.detect._child import Child
from gemma_compat.detect._deadline import Deadline
from gemma_compat.detect.imports import ImportProbe, without_gpu, without_trying
from gemma_compat.engine.diagnosis import failed_imports
from gemma_compat.facts import Facts, Package


def write(site: Path, name: str, body: str) -> None:
    (site / name).mkdir(parents=True, exist_ok=True)
    (site / name / "__init__.py").write_text(body)


def probe(site: Path, torch: str, transformers: str = "", seconds: float = 20) -> dict[str, str]:
    write(site, "torch", torch)
    write(site, "transformers", transformers)
    return ImportProbe([str(site)], {}).answer(Deadline(seconds))[0]


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("", "ok"),
        ("print('noise')", "ok"),
        ("raise ImportError('libcudart.so.12: no')", "failed: ImportError: libcudart.so.12: no"),
        ("raise RuntimeError('first\\nsecond')", "failed: RuntimeError: first"),
        ("raise SystemExit(0)", "failed: SystemExit: 0"),
        ("raise KeyError", "failed: KeyError"),
        ("import os; os._exit(7)", "ended with exit status 7"),
    ],
)
def test_outcomes(tmp_path, body, outcome):
    assert probe(tmp_path, body) == {"torch": outcome, "transformers": "ok"}


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_crash_is_named_and_touches_nobody_else(tmp_path):
    answers = probe(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert answers == {"torch": "crashed with signal 11 (SIGSEGV)", "transformers": "ok"}


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_crash_on_shutdown_is_not_one_of_the_import(tmp_path):
    body = "import atexit, os; atexit.register(os.abort)"
    assert probe(tmp_path, body)["torch"] == "ok"


def test_all_children_share_one_deadline(tmp_path):
    hang = "import time; time.sleep(60)"
    started = time.monotonic()
    answers = probe(tmp_path, hang, hang, seconds=1)
    assert time.monotonic() - started < 2
    assert set(answers.values()) == {"not finished within 1 s"}


def test_a_grandchild_that_holds_the_pipe_does_not_hold_us(tmp_path):
    body = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "time.sleep(60)\n"
    )
    started = time.monotonic()
    assert probe(tmp_path, body, seconds=1)["torch"] == "not finished within 1 s"
    assert time.monotonic() - started < 2


def test_what_is_not_installed_is_not_tried():
    answers = ImportProbe([], {"torch": None, "transformers": None}).answer(Deadline(0))[0]
    assert answers == {"torch": "not installed", "transformers": "not installed"}


def test_others_are_tried_where_they_are_installed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "torch", "")
    write(tmp_path, "trl", "import os; open('cache', 'w').close(); raise ImportError(os.getcwd())")
    write(tmp_path, "peft", "raise RuntimeError")
    installed = {"transformers": None, "trl": Package(name="trl"), "unsloth": None}
    tried = ImportProbe([str(tmp_path)], installed)
    answers = tried.answer(Deadline(20))[0]
    assert list(answers) == ["torch", "transformers", "trl"]
    folder = answers["trl"].removeprefix("failed: ImportError: ")
    assert "gemma_compat-" in folder and not Path(folder).exists(), "removed with what it wrote"
    assert not Path("cache").exists()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            "failed: NotImplementedError: Unsloth cannot find any torch accelerator? "
            "You need a GPU.",
            0,
        ),
        ("failed: NotImplementedError: Unsloth: No NVIDIA GPU found?", 0),
        ("failed: ImportError: libGPU.so", 1),
        ("ok", 1),
    ],
)
def test_what_asks_for_a_gpu_has_not_failed_without_one(said, kept):
    found = without_gpu({"torch": "ok", "unsloth": said})
    assert (found["unsloth"] == said) == kept
    facts = Facts(imports=found)
    assert ("unsloth" in failed_imports(facts)) == (kept and said != "ok")


def test_without_probe_nothing_is_tried(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setitem(sys.modules, "transformers", sys)
    assert without_trying() == {"torch": "not tried", "transformers": "ok"}


def test_a_child_without_site_finds_the_standard_library_first(tmp_path):
    (tmp_path / "json.py").write_text("raise ImportError('shadowed')")
    child = Child("import json; print(json.dumps([1]))", [str(tmp_path)], site=False)
    assert child.finish(Deadline(20)).output.strip() == "[1]"


def test_no_interpreter_is_a_reason_and_no_crash(monkeypatch):
    monkeypatch.setattr(sys, "executable", "")
    answers = ImportProbe([], {}).answer(Deadline(1))[0]
    assert answers["torch"].startswith("not tried: ")


TORCH = """
class _C:
    @staticmethod
    def _cuda_getArchFlags(): return "sm_80 sm_90"
class cuda:
    @staticmethod
    def is_available():
        {available}
    @staticmethod
    def init():
        {init}
"""
WARN = "import warnings; warnings.warn('The NVIDIA driver on your system\\n is too old'); "
CRASH = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(
    ("available", "init", "devices"),
    [
        ("return True", "pass", {"cuda_available": True, "device_problem": None}),
        ("return False", "1 / 0", {"cuda_available": False, "device_problem": None}),
        (
            WARN + "return False",
            "pass",
            {
                "cuda_available": False,
                "device_problem": "The NVIDIA driver on your system is too old",
            },
        ),
        ("return True", "1 / 0", {"cuda_available": True, "device_problem": "division by zero"}),
    ],
)
def test_what_torch_says_of_its_devices(tmp_path, available, init, devices):
    write(tmp_path, "torch", TORCH.format(available=available, init=init))
    tried = ImportProbe([str(tmp_path)], {"transformers": None})
    answers, seen = tried.answer(Deadline(20))
    assert answers["torch"] == "ok"
    assert seen == {**devices, "arch_list": ("sm_80", "sm_90")}


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_crash_over_the_devices_is_not_one_of_the_import(tmp_path):
    write(tmp_path, "torch", TORCH.format(available=CRASH, init="pass"))
    tried = ImportProbe([str(tmp_path)], {"transformers": None})
    answers, seen = tried.answer(Deadline(20))
    assert answers["torch"] == "ok"
    problem = "asking torch for its CUDA devices crashed with signal 11 (SIGSEGV)"
    assert seen == {"device_problem": problem}
