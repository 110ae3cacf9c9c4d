"""Mutation testing of the engine, the ledger and rules: which faults no test would see.

    make mutants                    4 mutants of each target, the same ones each time
    make mutants MUTANTS=20         20 of each; 0 for all of them
    make mutants TARGET=diagnosis   only the files whose path has this

cosmic-ray makes the mutants, one fault in a copy of the checkout each; a few tests are run for
each target. Exit 1 where a survivor is not named in ``tools/mutants.toml``, with its reason.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from queue import Queue
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
KNOWN = ROOT / "tools" / "mutants.toml"
PACKAGE = "gemma_compat"
TIMEOUT = 240  # seconds for the tests of one mutant; a mutant that hangs is killed
SEED = 20260101
ENGINE = {
    "engine/condition.py": ["tests/test_condition.py"],
    "engine/diagnosis.py": ["tests/test_condition.py", "tests/test_diagnosis.py"],
    "engine/plan.py": ["tests/test_plan.py"],
    "engine/help.py": ["tests/test_help.py"],
    "engine/evidence.py": ["tests/test_matrix.py", "tests/test_diagnosis.py"],
    "engine/matrix.py": ["tests/test_matrix.py"],
    "patching/ledger.py": ["tests/patching/test_ledger.py", "tests/patching/test_laws.py"],
}

# A signature's ``*`` and what only a type checker reads: changed, the program does the same.
_NOT_RUN = ("def ", "if TYPE_CHECKING", "if not TYPE_CHECKING")
# One fault of each kind; the rest of cosmic-ray's operators change the same places once more.
OPERATORS = (
    "AddNot",
    "ExceptionReplacer",
    "NumberReplacer",
    "RemoveDecorator",
    "ReplaceAndWithOr",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_BitAnd_BitOr",
    "ReplaceBinaryOperator_BitOr_BitAnd",
    "ReplaceBinaryOperator_Mul_Div",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBreakWithContinue",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceContinueWithBreak",
    "ReplaceFalseWithTrue",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ZeroIterationForLoop",
)


@dataclass(frozen=True)
class Target:
    """A file to mutate, and the tests that must notice."""

    file: str
    tests: tuple[str, ...]
    only: str = ""


@dataclass(frozen=True)
class Mutant:
    """One fault: the code with it, and the line that it is on."""

    target: Target
    operator: str
    code: str
    line: str

    @property
    def name(self) -> str:
        return f"{self.target.file}: {self.operator}: {self.line}"


def targets() -> Iterator[Target]:
    """Return the engine, the ledger, and every rule in Python."""
    for file, tests in ENGINE.items():
        yield Target(file, tuple(tests))
    for path in sorted((ROOT / PACKAGE / "rules").glob("*/*.py")):
        if not path.name.startswith("_"):
            code = ast.literal_eval(_code_of(path))
            proof = f"tests/rules/{path.parent.name}/{path.stem}"
            contract = [f"tests/rules/test_{name}.py" for name in ("bounds", "golden", "contract")]
            only = f"{code} or {path.stem}"
            yield Target(f"rules/{path.parent.name}/{path.name}", (proof, *contract), only)


def _code_of(path: Path) -> ast.expr:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == "code":
            return node.value
    raise ValueError(f"{path} has no code")


def mutants(target: Target) -> list[Mutant]:
    """Return every mutant that changes the program, not only an annotation or a docstring."""
    plugins: Any = import_module("cosmic_ray.plugins")
    mutating: Any = import_module("cosmic_ray.mutating")
    code = (ROOT / PACKAGE / target.file).read_text(encoding="utf-8")
    seen, found = {_program(code)}, []
    for name in OPERATORS:
        operator = plugins.get_operator(f"core/{name}")
        occurrence = 0
        while (changed := mutating.mutate_code(code, operator(), occurrence)) is not None:
            occurrence += 1
            try:
                program = _program(changed)
            except SyntaxError:
                continue
            line = _line(code, changed)
            if program not in seen and not line.startswith(_NOT_RUN):
                seen.add(program)
                found.append(Mutant(target, name, changed, line))
    return found


def _program(code: str) -> str:
    tree = ast.parse(code)
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if hasattr(node, field):
                setattr(node, field, None)
    return ast.dump(tree)


def _line(before: str, after: str) -> str:
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return next((new.strip() for old, new in pairs if old != new), "a line removed")


def survives(mutant: Mutant, copy: Path) -> bool:
    """Return whether the tests pass with the fault in this copy of the checkout."""
    file = copy / PACKAGE / mutant.target.file
    before = file.read_text(encoding="utf-8")
    file.write_text(mutant.code, encoding="utf-8")
    only = ["-k", mutant.target.only] if mutant.target.only else []
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *only]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [*command, *mutant.target.tests],
            cwd=copy,
            env=environment,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    finally:
        file.write_text(before, encoding="utf-8")
    return done.returncode == 0


def reasons() -> dict[str, str]:
    """Return the known survivors, each with the reason why no test can or need notice it."""
    toml: Any = import_module("tomllib")  # Python 3.11 and newer
    found: dict[str, str] = toml.loads(KNOWN.read_text(encoding="utf-8"))["survivors"]
    return found


def run(chosen: Sequence[Mutant], jobs: int) -> list[Mutant]:
    """Test each mutant in one of ``jobs`` copies of the checkout; return those that survive."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        copies: Queue[Path] = Queue()
        for number in range(jobs):
            copy = Path(folder) / str(number)
            ignore = shutil.ignore_patterns("__pycache__", ".*", "site", "build")
            shutil.copytree(ROOT, copy, ignore=ignore)
            copies.put(copy)

        def test(mutant: Mutant) -> bool:
            copy = copies.get()
            try:
                lives = survives(mutant, copy)
            finally:
                copies.put(copy)
            if lives:
                print(f"survived: {mutant.name}", flush=True)
            return lives

        lived = list(pool.map(test, chosen))
    return [mutant for mutant, lives in zip(chosen, lived, strict=True) if lives]


def main(arguments: Sequence[str]) -> int:
    """Print the rate and each survivor; 1 where one has no reason."""
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("--mutants", type=int, default=4, help="of each target; 0 for all")
    parser.add_argument("--target", default="", help="a part of the path of the file")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    chosen: list[Mutant] = []
    files = [target for target in targets() if options.target in target.file]
    for target in files:
        every = mutants(target)
        count = min(len(every), options.mutants or len(every))
        chosen += random.Random(SEED).sample(every, count)
    known, survivors = reasons(), run(chosen, options.jobs)
    dead = len(chosen) - len(survivors)
    rate = f"{dead} of {len(chosen)} mutants killed ({dead / len(chosen):.1%})"
    print(f"{rate}, in {len(files)} files")
    unknown = [mutant.name for mutant in survivors if mutant.name not in known]
    for mutant in survivors:
        print(f"{known.get(mutant.name, 'no reason is given for')}: {mutant.name}")
    return int(bool(unknown))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
