"""Skeletons of a rule, its table test and its reproduction.

    make new-rule CODE=GC105 SUBSYSTEM=cache NAME=cache-read-twice

They pass `make lint`, and the contract tests fail until every FILL IN is filled in.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import gemma_compat
from gemma_compat.rules import all_rules

ROOT = Path(__file__).resolve().parent.parent

RULE = '''\
"""FILL IN: one sentence that states the defect and what it does to the run.

## What breaks
FILL IN: what the user sees, with the exact error text.

## Why
FILL IN: the mechanism, and which release brought it and which one ended it.

## Cure
FILL IN: what to upgrade or set by hand, and what `patch` does.
"""

from __future__ import annotations

from typing import Any

from ...conditions.run import evaluates
from ...errors import PatchTargetMissing
from ...facts import Facts
from ...rule import Applicability, Problem, Rule, Scope, Severity
from ...tree import text_models


def describe(facts: Facts) -> Problem:
    return Problem(
        message=f"transformers {{facts.version('transformers')}} FILL IN: values and consequence",
        help="FILL IN: the exact thing to type, quoted for a shell",
    )


def patch(model: Any, ledger: Any) -> None:
    """FILL IN; write through the ledger only. Without a cure: DISPLAY_ONLY, and no patch."""
    if not text_models(model):
        raise PatchTargetMissing("no module with embed_tokens and decoder layers")


RULE = Rule(
    code="{code}",
    name="{name}",
    severity=Severity.ERROR,
    applicability=Applicability.SAFE,
    # FILL IN: bounds name the first pre-release that changed, or the release.
    scopes=(Scope(frozenset({{"gemma3"}}), {{"transformers": ">=4.50.0.dev0,<4.51.0"}}),),
    when=(evaluates,),  # FILL IN: see conditions/
    describe=describe,
    patch=patch,
    symptoms=(),  # FILL IN: regular expressions of the error text; or silent=True
    upstream=(),
    since="{since}",
)
'''

TEST = """\
from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.rules import find

from ..made import answer, facts

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
"""FILL IN: what is done, and what is looked at."""

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


def write(code: str, subsystem: str, name: str, root: Path = ROOT) -> list[Path]:
    """Write the three files below ``root``; returns their paths.

    Raises:
        Refused: a malformed or taken code or name, or a file that exists.
    """
    _check(code, subsystem, name)
    stem = name.replace("-", "_")
    texts = {
        root / "gemma_compat" / "rules" / subsystem / f"{stem}.py": RULE,
        root / "tests" / "rules" / subsystem / f"test_{stem}.py": TEST,
        root / "tests" / "evidence" / code / "reproduce.py": REPRODUCE,
    }
    if taken := [str(path.relative_to(root)) for path in texts if path.exists()]:
        raise Refused(f"already there: {', '.join(taken)}")
    for path, text in texts.items():
        _make_package(path.parent, subsystem)
        values = {"code": code, "name": name, "since": gemma_compat.__version__}
        path.write_text(text.format(**values), encoding="utf-8")
    return list(texts)


def _check(code: str, subsystem: str, name: str) -> None:
    if not re.fullmatch(r"GC[1-9]\d{2,3}", code):
        raise Refused(f"CODE is like GC105, not {code!r}")
    if not re.fullmatch(r"[a-z]+", subsystem):
        raise Refused(f"SUBSYSTEM is a folder of gemma_compat/rules, not {subsystem!r}")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name):
        raise Refused(f"NAME states the defect, like cache-read-twice, not {name!r}")
    for rule in all_rules():
        if rule.code == code or rule.name == name:
            raise Refused(f"taken: {rule.code} {rule.name}")


def _make_package(folder: Path, subsystem: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / "__init__.py"
    if folder.name == subsystem and not marker.exists():
        marker.write_text(f'"""Rules about {subsystem}."""\n', encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Write, and say what to do next; 2 on wrong usage."""
    try:
        code, subsystem, name = arguments
        paths = write(code, subsystem, name)
    except (Refused, ValueError) as error:
        reason = error if isinstance(error, Refused) else "give CODE= SUBSYSTEM= NAME="
        print(f"new-rule: error: {reason}", file=sys.stderr)
        return 2
    print("Written; fill in every FILL IN:")
    for path in paths:
        print(f"  {path.relative_to(ROOT)}")
    print(f"Then: make evidence RULE={code}, and make test. See CONTRIBUTING.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
