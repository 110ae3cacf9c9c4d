"""Mutation testing of the engine, the ledger, conditions and rules: faults that no test would see.

    make mutants                    4 mutants of each file, the same ones each time
    make mutants MUTANTS=20         20 of each; 0 for all of them
    make mutants TARGET=diagnosis   only the files whose path has this
    make mutants CURES=1            faults in the ``patch`` of rules, with tests on live models

One fault at a time is planted in a copy of the checkout, and the tests of that file are run. Exit
1 where a survivor is not named in ``tools/mutants.toml`` with its reason. Where tests fail without
a fault, nothing is measured.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from . import mutant_faults
from .mutant_tests import Tests, Worker

ROOT = Path(__file__).resolve().parent.parent
KNOWN = ROOT / "tools" / "mutants.toml"
PACKAGE = ROOT / "gemma_compat"
RULES = PACKAGE / "rules"
SEED = 20260101
MATRIX = "tests/test_matrix_of_made_rules.py"
ENGINE = {
    "engine/condition.py": ["tests/test_condition.py"],
    "engine/diagnosis.py": ["tests/test_condition.py", "tests/test_diagnosis.py"],
    "engine/evidence.py": [MATRIX, "tests/test_matrix.py", "tests/test_diagnosis.py"],
    "engine/help.py": ["tests/test_help.py"],
    "engine/matrix.py": [MATRIX, "tests/test_matrix.py"],
    "engine/plan.py": ["tests/test_plan.py"],
    "engine/rule.py": ["tests/test_rule.py", "tests/test_help.py", "tests/test_diagnosis.py"],
    "engine/what_if.py": ["tests/test_what_if.py"],
}
LEDGER = ("_slots", "_values", "_weak", "ledger")
LEDGER_TESTS = (
    Tests(("tests/patching/test_slots.py", "tests/patching/test_ledger.py")),
    Tests(("tests/patching/test_laws.py",)),
)
VALUES = "tests/test_engine_values.py"
OVER_ALL_RULES = tuple(f"tests/rules/test_{name}.py" for name in ("bounds", "golden", "contract"))
_NOT_RUN = ("if TYPE_CHECKING", "if not TYPE_CHECKING")  # only a type checker reads it


# Rules with a cure in their own file: a release that they cover, and what runs it on live models.
CURES = {
    "GC101": ("4.50.3", "test_cache_family"),
    "GC102": ("5.23.0", "test_cache_family"),
    "GC103": ("5.5.4", "test_cache_family"),
    "GC104": ("4.57.6", "test_kv_sharing"),
    "GC201": ("5.23.0", "test_kv_sharing"),
    "GC202": ("4.50.3", "test_checkpointed_cache"),
    "GC203": ("5.23.0", "test_checkpointed_cache"),
    "GC204": ("4.57.6", "test_checkpointed_cache"),
    "GC301": ("4.57.6", "test_softcapping"),
    "GC401": ("5.23.0", "test_residual_in_float32"),
    "GC404": ("5.23.0", "test_four_bit_dtype"),
    "GC501": ("4.50.3", "test_accumulated_loss"),
    "GC601": ("5.23.0", "test_patch_contract"),
    "GC606": ("5.5.4", "test_patch_contract"),
    "GC607": ("5.23.0", "test_loading"),
    "GC801": ("5.5.4", "test_token_types"),
    "GC804": ("5.23.0", "test_patch_contract"),
    "GC1001": ("5.5.4", "test_patch_contract"),
    "_caller_cache": ("4.57.6", "test_checkpointed_cache"),
}


@dataclass(frozen=True)
class Target:
    """A file to plant faults in, from the package down, and the tests that must notice.

    Attributes:
        stages: run one after the other, until one fails.
        cure: in their place for faults in ``patch`` and what stands below it, which only models
            show.
    """

    file: str
    stages: tuple[Tests, ...]
    cure: tuple[Tests, ...] = ()


@dataclass(frozen=True)
class Mutant:
    """One fault: the text of the file with it, a name that says where it is, what must notice."""

    target: Target
    name: str
    text: str
    stages: tuple[Tests, ...]


def targets() -> Iterator[Target]:
    """Yield the engine, the ledger, the shared conditions and every rule."""
    for file, tests in ENGINE.items():
        yield Target(file, (Tests((*tests, VALUES)),))
    for name in LEDGER:
        yield Target(f"patching/{name}.py", LEDGER_TESTS)
    for path in sorted(PACKAGE.glob("conditions/[!_]*.py")):
        shared = Tests(("tests/conditions",))
        yield Target(f"conditions/{path.name}", (*_proof(_rules_that_import(path)), shared))
    for path in sorted((*RULES.glob("*/[!_]*.py"), *RULES.glob("*/*.md"))):
        live = _live(_code_of(path)) if _code_of(path) in CURES else ()
        yield Target(path.relative_to(PACKAGE).as_posix(), _proof([path]), live)
    for path in sorted(RULES.glob("*/_[!_]*.py")):
        is_cure = path.stem in CURES
        stages, live = _proof(_rules_that_import(path)), _live(path.stem) if is_cure else ()
        yield Target(path.relative_to(PACKAGE).as_posix(), () if is_cure else stages, live)


def _rules_that_import(path: Path) -> list[Path]:
    """Return the rules that take something from this module, in Python or by name."""
    names = rf"import {path.stem}\b|\.{path.stem} import|\"{path.stem}\.\w+\""
    files = [*RULES.glob("*/[!_]*.py"), *RULES.glob("*/*.md")]
    return [file for file in sorted(files) if re.search(names, file.read_text(encoding="utf-8"))]


def _proof(rules: Sequence[Path]) -> tuple[Tests, ...]:
    """Return what must notice a fault in these rules: their proof, and the tests over all rules."""
    folders = [f"tests/rules/{path.parent.name}/{path.stem}" for path in rules]
    codes = tuple(_code_of(path) for path in rules)
    return (Tests((*folders, *OVER_ALL_RULES), codes),)


def _live(cure: str) -> tuple[Tests, ...]:
    """Return the tests on live models for the cure of a rule, or of rules that share it."""
    release, name = CURES[cure]
    only = (cure,) if name == "test_patch_contract" else ()
    folder = ROOT / ".environments" / f"transformers-{release}"
    return (Tests((f"tests/live/{name}.py",), only, str(folder)),)


def _code_of(path: Path) -> str:
    found = re.search(r'code ?= ?"(GC\d+)"', path.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{path} has no code")
    return found[1]


def mutants(target: Target, *, cures: bool = False) -> list[Mutant]:
    """Return every mutant of a file that is another program, of cures or of all else."""
    path = PACKAGE / target.file
    text = path.read_text(encoding="utf-8")
    seen, found = {mutant_faults.program(path, text)}, []
    names: Counter[str] = Counter()
    for operator, changed in mutant_faults.faults(path):
        try:
            program = mutant_faults.program(path, changed)
        except (SyntaxError, ValueError):
            continue
        line = _line(text, changed)
        is_cure = bool(target.cure) and (not target.stages or _is_below_patch(text, changed))
        if program not in seen and not line.startswith(_NOT_RUN) and is_cure is cures:
            seen.add(program)
            name = f"{target.file}: {operator}: {line}"
            names[name] += 1
            number = f" ({names[name]})" if names[name] > 1 else ""
            stages = target.cure if cures else target.stages
            found.append(Mutant(target, name + number, changed, stages))
    return found


def _line(before: str, after: str) -> str:
    """Return the first line that differs, as it was, and what became of it."""
    old, new = before.splitlines(), after.splitlines()
    pairs = enumerate(zip(old, new, strict=False))
    place = next((at for at, (was, now) in pairs if was != now), -1)
    if len(old) != len(new):
        gone = next((was for was in old[place:] if was.strip()), "")
        return f"{gone.strip()} -> left out"
    return f"{old[place].strip()} -> {new[place].strip()}"


def _is_below_patch(before: str, after: str) -> bool:
    """Return whether all that a fault changes stands from ``def patch`` on."""
    head = before.partition("\ndef patch(")[0]
    return head != before and after.startswith(head)


_worker: Worker | None = None


def survives(mutant: Mutant) -> bool:
    """Return whether the tests pass with the fault. Runs in a process of the pool.

    Raises:
        ValueError: if they fail without it.
    """
    global _worker
    _worker = _worker or Worker()
    for tests in mutant.stages:
        if not _worker.passes(tests):
            raise ValueError(f"these tests fail without a fault: {tests}")
        if not _worker.survives(f"{PACKAGE.name}/{mutant.target.file}", mutant.text, tests):
            return False
    return True


def reasons() -> dict[str, str]:
    """Return the survivors that are known, each with why no test can or need see it."""
    toml: Any = import_module("tomllib")  # Python 3.11 and newer
    found: dict[str, str] = toml.loads(KNOWN.read_text(encoding="utf-8"))["survivors"]
    return found


def run(chosen: Sequence[Mutant], jobs: int) -> list[Mutant]:
    """Test each mutant, ``jobs`` at a time; return those that survive."""
    survivors = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for mutant, lives in zip(chosen, pool.map(survives, chosen), strict=True):
            if lives:
                survivors.append(mutant)
                print(f"survived: {mutant.name}", flush=True)
    return survivors


def main(arguments: Sequence[str]) -> int:
    """Print the rate and each survivor; 1 where one has no reason."""
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("--mutants", type=int, default=4, help="of each target; 0 for all")
    parser.add_argument("--target", default="", help="a part of the path of the file")
    parser.add_argument("--cures", action="store_true", help="the code of cures, on live models")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    chosen: list[Mutant] = []
    files = [target for target in targets() if options.target in target.file]
    for target in files:
        every = mutants(target, cures=options.cures)
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
