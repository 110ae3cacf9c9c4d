"""Skeletons of a rule and of its proof. Needs no virtual environment: any Python from 3.10 on.

    make new-rule CODE=GC105 FAMILY=cache NAME=cache-read-twice
    make new-rule CODE=GC1166 FAMILY=unsloth NAME=cache-read-twice KIND=markdown

``KIND=markdown`` is for a rule whose conditions are all shared ones. The contract tests fail until
every FILL IN is filled in.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "gemma_compat" / "rules"
KINDS = ("python", "markdown")
PLACEHOLDER = "FILL IN"
_NEAR = 0.7  # how alike two names of families are that a slip of the keyboard may have changed

PAGE = """\
FILL IN: one sentence that states the defect and what it does to the run.

## What breaks
FILL IN: what the user sees, with the exact error text.

## Why
FILL IN: the mechanism, and which release brought it and which one ended it.

## Cure
FILL IN: what to upgrade or set by hand, and what `patch` does.
"""

RULE = (
    '"""'
    + PAGE
    + '"""'
    + """

from __future__ import annotations

from ...conditions.run import evaluates
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

RULE = Rule(
    code="{code}",
    since="{since}",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,  # RAN once `make evidence` has seen it on both sides of each bound
    effects=("crash-in-evaluation",),  # FILL IN: names in engine/effects.py
    # FILL IN: bounds name the first pre-release that changed, or the release.
    scopes=(Scope({{"gemma3"}}, {{"transformers": ">=4.50.0.dev0,<4.51.0"}}),),
    when=(evaluates,),  # FILL IN: conditions/ has those that rules share
    fix=Fix(fixed_in={{"transformers": "4.51.0"}}),  # FILL IN: and setting="..." if there is one
    symptoms=(),  # FILL IN: regular expressions of the error text; empty for a silent defect
    reports=(),  # FILL IN: "owner/repository#123"
    read_in=("FILL IN: transformers 4.50.3: src/transformers/FILE.py",),
)


def describe(facts: Facts) -> Problem:
    return Problem(f"transformers {{facts.version('transformers')}} FILL IN: the consequence")
"""
)

MARKDOWN = (
    """\
+++
code = "{code}"
since = "{since}"
severity = "error"
evidence = "source"
effects = ["crash-in-evaluation"]  # FILL IN: names in engine/effects.py
scopes = [
    {{ model_types = ["gemma3"], packages = {{ transformers = ">=4.50.0.dev0,<4.51.0" }} }},
]
when = ["run.evaluates"]  # FILL IN: conditions/run.py has evaluates
breaks = "FILL IN: the consequence, to follow the installed releases"
fix = {{ fixed_in = {{ transformers = "4.51.0" }} }}
symptoms = []  # FILL IN: regular expressions of the error text; empty for a silent defect
reports = []  # FILL IN: "owner/repository#123"
read_in = ["FILL IN: transformers 4.50.3: src/transformers/FILE.py"]
+++

# """
    + PAGE
)

TEST = """\
from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.rules import find
from tests.rules.made import answer, facts

RULE = find("{code}")
MODEL: dict[str, Any] = {{"model_type": "gemma3"}}
TRAINING: dict[str, Any] = {{"evaluates": True}}


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("FILL IN: both sides of each bound", "no"),
        ("4.50.3", "fires"),
        (None, "? packages.transformers"),
    ],
)
def test_releases(release: str | None, expected: str) -> None:
    assert answer(RULE, facts(release, MODEL, TRAINING)) == expected


@pytest.mark.parametrize(
    ("model", "training", "expected"),
    [
        ({{}}, {{"evaluates": False}}, "no"),
        # FILL IN: each condition taken away, and each left unknown
    ],
)
def test_conditions(model: dict[str, Any], training: dict[str, Any], expected: str) -> None:
    made = facts("4.50.3", {{**MODEL, **model}}, {{**TRAINING, **training}})
    assert answer(RULE, made) == expected
"""

REPRODUCE = '''\
"""FILL IN: what is done, and what is looked at. Remove this file if it cannot be run here."""

from __future__ import annotations

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation

MODEL_TYPES = ("gemma3",)
VARIANTS = ("FILL IN: the failure itself", "FILL IN: one of its conditions taken away")


def observe(case: Case) -> Observation:
    model = tiny.build(case.model_type)
    training = TrainingFacts(evaluates=case.variant == VARIANTS[0])
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    if case.patched:
        gemma_compat.patch(model, select=["{code}"])
    raise NotImplementedError("FILL IN: run it, and say what was seen")
    return Observation(facts, broken=False, seen="")
'''


class Refused(Exception):
    """The skeletons cannot be written; the message says why."""


def write(code: str, family: str, name: str, kind: str = "python", root: Path = ROOT) -> list[Path]:
    """Write the files below ``root``; return their paths.

    Raises:
        Refused: a malformed or taken code or name, or a file that exists.
    """
    _check(code, family, name, kind)
    stem = name.replace("-", "_")
    rules, proof = root / "gemma_compat" / "rules", root / "tests" / "rules" / family / stem
    texts = (
        {
            rules / family / f"{stem}.py": RULE,
            proof / f"test_{stem}.py": TEST,
            proof / "reproduce.py": REPRODUCE,
        }
        if kind == "python"
        else {rules / family / f"{stem}.md": MARKDOWN}
    )
    if taken := [str(path.relative_to(root)) for path in texts if path.exists()]:
        raise Refused(f"already there: {', '.join(taken)}")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(code=code, since=_version()), encoding="utf-8")
    package = rules / family / "__init__.py"
    if not package.exists():
        package.write_text(f'"""Rules about {family}."""\n', encoding="utf-8")
    return list(texts)


def _check(code: str, family: str, name: str, kind: str) -> None:
    if not re.fullmatch(r"GC[1-9]\d{2,3}", code):
        raise Refused(f"CODE is like GC105, not {code!r}")
    if not re.fullmatch(r"[a-z]+", family):
        raise Refused(f"FAMILY is a folder of gemma_compat/rules, not {family!r}")
    if near := _misspelt(family):
        raise Refused(
            f"no FAMILY is called {family!r}; nearest: {near}. "
            f"If it is a new one, make the folder gemma_compat/rules/{family} first"
        )
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name):
        raise Refused(f"NAME states the defect, like cache-read-twice, not {name!r}")
    if kind not in KINDS:
        raise Refused(f"KIND is {' or '.join(KINDS)}, not {kind!r}")
    for taken, known in _known():
        if taken == code:
            raise Refused(f"taken: {taken} {known}; free: {_free(family)}")
        if known == name:
            raise Refused(f"taken: {taken} {known}; give it another NAME")


def _misspelt(family: str) -> str:
    """Return the family whose name this one resembles; empty if it exists, or resembles none."""
    folders = [path.name for path in RULES.iterdir() if path.is_dir()]
    near = difflib.get_close_matches(family, folders, n=1, cutoff=_NEAR)
    return "" if family in folders or not near else near[0]


def _free(family: str) -> str:
    """Return the number after the last one of the family."""
    numbers = [int(code.removeprefix("GC")) for code, _ in _known(family)]
    return f"GC{max(numbers) + 1}" if numbers else "whichever hundred has no rule"


def _known(family: str = "*") -> Iterator[tuple[str, str]]:
    """Code and name of every rule, read from the files: nothing of the package is imported."""
    for file in sorted((*RULES.glob(f"{family}/*.py"), *RULES.glob(f"{family}/*.md"))):
        found = re.search(r'^ *code ?= ?"(GC\d+)"', file.read_text(encoding="utf-8"), re.M)
        if found:
            yield found[1], file.stem.replace("_", "-")


def _version() -> str:
    text = (ROOT / "gemma_compat" / "_version.py").read_text(encoding="utf-8")
    found = re.search(r'"([\d.]+)', text)
    assert found, "the version stands in _version.py"
    return found[1]


def main(arguments: Sequence[str]) -> int:
    """Write, and say what to do next; 2 on wrong usage."""
    try:
        code, family, name, *rest = [text for text in arguments if text]
        paths = write(code, family, name, rest[0] if rest else "python")
    except (Refused, ValueError) as error:
        reason = error if isinstance(error, Refused) else "give CODE= FAMILY= NAME="
        print(f"new-rule: error: {reason}", file=sys.stderr)
        return 2
    print("Written; fill in every FILL IN:")
    for path in paths:
        print(f"  {path.relative_to(ROOT)}")
    print(f"Then: make test-rule RULE={code}. See CONTRIBUTING.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
