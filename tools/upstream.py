"""Run the Gemma tests of transformers, PEFT and TRL plain, patched and reverted; compare.

    python -m tools.upstream ../transformers ../peft

Each directory is a source tree of one of them. Its tests run three times, each time in a process of
its own; a test whose outcome differs from the plain one is printed. Exit status 1 where one is not
explained.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from pathlib import Path

from gemma_compat.testing import MODES, VARIABLE

ROOT = Path(__file__).resolve().parent.parent
# By what a tree holds: the files of tests, and what is selected in them.
SUITES: dict[str, tuple[tuple[str, ...], str]] = {
    "src/transformers": (
        ("tests/models/*gemma*/test_modeling_*.py",),
        "not slow and not Integration and not generate_from_inputs_embeds_with_static_cache",
    ),
    "src/peft": (("tests/test_decoder_models.py", "tests/test_custom_models.py"), "gemma"),
    "trl": (("tests/test_sft_trainer.py", "tests/test_grpo_trainer.py"), "gemma"),
}
# Test (the end of its name), and why a cure changes its outcome. None is known.
EXPLAINED: dict[str, str] = {}


def main(arguments: Iterable[str]) -> int:
    """Compare all suites; 1 where a difference is not explained, 2 where there is no suite."""
    folders = [Path(item).resolve() for item in arguments]
    suites = [(folder, *suite) for folder in folders for suite in suites_in(folder)]
    if not suites:
        print("no source tree of transformers, PEFT or TRL; usage: make upstream DIR=PATH")
        return 2
    left = [line for folder, files, chosen in suites for line in compare(folder, files, chosen)]
    return 1 if left else 0


def suites_in(folder: Path) -> Iterator[tuple[list[str], str]]:
    """Return the files with tests of each suite in this tree, and the selection among them."""
    for mark, (patterns, chosen) in SUITES.items():
        files = sorted(str(path) for pattern in patterns for path in folder.glob(pattern))
        if (folder / mark).is_dir() and files:
            yield files, chosen


def compare(folder: Path, files: list[str], chosen: str) -> list[str]:
    """Run one suite in each mode, and print the tests that end otherwise than plain ones."""
    outcomes = {mode: run(folder, files, chosen, mode) for mode in MODES}
    plain = outcomes["plain"]
    print(f"{folder.name}: {len(plain)} tests, plain: {counts(plain.values())}")
    left = []
    for mode in MODES[1:]:
        print(f"  {mode}: {counts(outcomes[mode].values())}")
        for line in differences(plain, outcomes[mode]):
            why = next((why for end, why in EXPLAINED.items() if line.split()[0].endswith(end)), "")
            print(f"    {line}" + (f"  ({why})" if why else ""))
            left += [] if why else [line]
    return left


def run(folder: Path, files: list[str], chosen: str, mode: str) -> dict[str, str]:
    """Return the outcome of every test, by its name."""
    with tempfile.TemporaryDirectory() as made:
        report = Path(made, "junit.xml")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen]
        # Their own options ask for plugins (coverage) that say nothing here.
        command += ["-p", "gemma_compat.testing", f"--junitxml={report}", "-o", "addopts=", *files]
        source = [str(path) for path in (folder / "src", folder) if path.is_dir()]
        path = os.pathsep.join([str(ROOT), *source, os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": path, VARIABLE: mode, "HF_HUB_OFFLINE": "1"}
        subprocess.run(command, cwd=folder, env=environment, check=False)
        return outcomes_in(report) if report.exists() else {}


def outcomes_in(report: Path) -> dict[str, str]:
    """Return ``passed``, ``skipped``, ``failed`` or ``error`` of each test in pytest's XML."""
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        ends = [child.tag for child in case if child.tag in {"skipped", "failure", "error"}]
        end = ends[0] if ends else "passed"
        name = f"{case.get('classname')}::{case.get('name')}"
        found[name] = "failed" if end == "failure" else end
    return found


def differences(plain: dict[str, str], other: dict[str, str]) -> list[str]:
    """Return one line for each test whose outcome differs."""
    return [
        f"{name} was {plain.get(name, 'not run')}, is {other.get(name, 'not run')}"
        for name in sorted(plain.keys() | other.keys())
        if plain.get(name) != other.get(name)
    ]


def counts(outcomes: Iterable[str]) -> str:
    """Return ``12 passed, 1 failed``."""
    found = list(outcomes)
    return ", ".join(f"{found.count(kind)} {kind}" for kind in sorted(set(found))) or "none"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
