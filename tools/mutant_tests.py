"""Run the tests of one fault in a fork, so that pytest and its plugins are imported only once.

A worker has a copy of the checkout. For each fault it writes the file, forks, and runs pytest in
the child, which writes the index of the rules, and imports the package and all the tests anew.
Nothing here imports the package.
"""

from __future__ import annotations

import gc
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
INDEX = [Path("gemma_compat/rules", n) for n in ("index.json", "pages.jsonl", "sought.json")]
CPU_LIMIT = 20  # seconds of a processor; a fault that makes a loop endless is killed
DATA_LIMIT = 6 * 2**30  # bytes; such a loop may also collect without end
WAIT_LIMIT = 900  # seconds; a fault that waits for ever is killed
PRELOADED = ("pytest", "hypothesis", "jsonschema", "torch")
ALL_PASSED, NONE_RAN = 0, 5


@dataclass(frozen=True)
class Tests:
    """Tests that must notice a fault.

    Attributes:
        files: files and folders, from the root of the checkout.
        only: codes of rules; where given, the tests over all rules are run for these alone.
        environment: the folder of another release of transformers, for tests on live models.
    """

    files: tuple[str, ...]
    only: tuple[str, ...] = ()
    environment: str = ""


class Worker:
    """A copy of the checkout and the modules that every run needs."""

    def __init__(self) -> None:
        self.copy = Path(tempfile.mkdtemp(prefix="mutants-"))
        ignore = shutil.ignore_patterns("__pycache__", ".*", "site", "build")
        shutil.copytree(ROOT, self.copy, ignore=ignore, dirs_exist_ok=True)
        for name in PRELOADED:
            if find_spec(name):
                import_module(name)
        self._parent = os.getppid()
        gc.freeze()  # what is imported by now is walked by no child
        self._passes: dict[Tests, bool] = {}

    def close(self) -> None:
        shutil.rmtree(self.copy)

    def passes(self, tests: Tests) -> bool:
        """Return whether the tests pass without a fault. Asked once, and compiles the package."""
        if tests not in self._passes:
            self._passes[tests] = self.run(tests)
        return self._passes[tests]

    def survives(self, file: str, text: str, tests: Tests) -> bool:
        """Return whether the tests pass with this text in a file of the package."""
        if os.getppid() != self._parent:
            os._exit(1)  # whoever asked was killed
        path = self.copy / file
        before = path.read_text(encoding="utf-8")
        index = {file: file.read_bytes() for file in map(self.copy.joinpath, INDEX)}
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            compiled.unlink()
        try:
            path.write_text(text, encoding="utf-8")
            return self.run(tests, keep_compiled=False)
        finally:
            path.write_text(before, encoding="utf-8")
            for written, content in index.items():
                written.write_bytes(content)

    def run(self, tests: Tests, *, keep_compiled: bool = True) -> bool:
        """Return whether pytest passes. ``ValueError`` where it has nothing to run."""
        run = self._in_process if tests.environment else self._in_fork
        code = run(tests, keep_compiled)
        if code == NONE_RAN:
            raise ValueError(f"no test was run for {tests}")
        return code == ALL_PASSED

    def _in_fork(self, tests: Tests, keep_compiled: bool) -> int:
        child = os.fork()
        if not child:
            try:
                code = _run_pytest(self.copy, tests, keep_compiled)
            except BaseException:
                code = 1
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def _in_process(self, tests: Tests, keep_compiled: bool) -> int:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(self.copy), tests.environment)),
            "PYTHONDONTWRITEBYTECODE": "" if keep_compiled else "1",
        }
        command = [sys.executable, "-m", "pytest", *_arguments(tests)]
        if tests.only:
            command += ["-k", " or ".join(tests.only)]
        for step in ([sys.executable, "-m", "tools.rule_index"], command):
            try:
                done = subprocess.run(
                    step, cwd=self.copy, env=environment, capture_output=True, timeout=WAIT_LIMIT
                )
            except subprocess.TimeoutExpired:
                return 1
            if done.returncode:
                break
        return done.returncode


def _arguments(tests: Tests) -> list[str]:
    quiet = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    return [*quiet, *tests.files]


def _run_pytest(copy: Path, tests: Tests, keep_compiled: bool) -> int:
    """Run in the child: limit it, silence it, and let it import from the copy alone."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT, CPU_LIMIT))
    resource.setrlimit(resource.RLIMIT_DATA, (DATA_LIMIT, DATA_LIMIT))
    signal.alarm(WAIT_LIMIT)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.chdir(copy)
    gc.set_threshold(100_000)
    sys.dont_write_bytecode = not keep_compiled
    for name in [name for name in sys.modules if name.partition(".")[0] in {"tools", "tests"}]:
        del sys.modules[name]
    sys.path[:] = [str(copy), *(item for item in sys.path if Path(item).resolve() != ROOT)]
    sys.path_importer_cache.clear()
    package: Any = import_module("gemma_compat")
    if not package.__file__.startswith(str(copy)):
        os._exit(NONE_RAN)
    index: Any = import_module("tools.rule_index")
    if index.main():
        return 1  # a file of a rule cannot be read
    pytest: Any = import_module("pytest")
    return int(pytest.main(_arguments(tests), plugins=[_OnlyRules(tests.only)]))


class _OnlyRules:
    """Makes the tests over all rules for some codes alone: collecting all takes most of a run."""

    def __init__(self, codes: Sequence[str]) -> None:
        self.codes = set(codes)

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Called before pytest's own, which reads the marks."""
        if self.codes:
            marks = metafunc.definition.own_markers
            marks[:] = [self._narrowed(mark) for mark in marks]

    pytest_generate_tests.tryfirst = True  # type: ignore[attr-defined]

    def _narrowed(self, mark: Any) -> Any:
        if mark.name != "parametrize" or mark.args[0] != "rule":
            return mark
        kept = [rule for rule in mark.args[1] if self._code(rule) in self.codes]
        make: Callable[..., Any] = type(mark)
        return make(mark.name, (mark.args[0], kept), mark.kwargs, _ispytest=True)

    @staticmethod
    def _code(rule: Any) -> str:
        return str(getattr(getattr(rule, "values", [rule])[0], "code", ""))
