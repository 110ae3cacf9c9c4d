"""The record: ``runs.jsonl`` in the folder of a rule's proof, a JSON object a line, appended only.

A row is written whole and flushed before the next cell starts, so a runner that is killed loses
at most the observation under way; a torn last line is ignored when reading.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gemma_compat.facts import Facts, UnslothFacts
from gemma_compat.rules import all_rules

PROOF = Path(__file__).resolve().parent.parent.parent / "rules"
BROKEN, WORKING, INVALID = "broken", "working", "invalid"


@dataclass(frozen=True)
class Row:
    """One observation.

    Attributes:
        code: the rule.
        model_type, variant, patched: the case.
        environment: the pinned releases, ``transformers==4.50.3``, sorted and comma-joined.
        outcome: ``broken``, ``working``, or ``invalid`` (crash, timeout, not installable).
        seen: what was seen, one line.
        facts: ``Facts.to_dict()`` of the model as found, trimmed to what rules read.
    """

    code: str
    model_type: str
    variant: str
    patched: bool
    environment: str
    outcome: str
    seen: str
    facts: dict[str, Any]

    @property
    def key(self) -> tuple[str, str, str, bool, str]:
        return self.code, self.model_type, self.variant, self.patched, self.environment

    def known_facts(self) -> Facts:
        """The facts as a record. Every row was seen without Unsloth, which none of them says."""
        facts = Facts.from_dict(self.facts)
        if facts.unsloth.known("used"):
            return facts
        return facts.replace(unsloth=UnslothFacts(used=False, carries_shared_kv=False))


@lru_cache(maxsize=1)
def _folders() -> dict[str, str]:
    return {rule.code: f"{rule.family}/{rule.name.replace('-', '_')}" for rule in all_rules()}


def folder(code: str) -> Path:
    """Return ``tests/rules/<family>/<defect>`` of this rule. ``KeyError`` without it."""
    return PROOF / _folders()[code]


def path(code: str) -> Path:
    return folder(code) / "runs.jsonl"


def read(code: str) -> list[Row]:
    """The rows of a rule, the last one for each key, in the order of first appearance."""
    file = path(code)
    if not file.exists():
        return []
    rows: dict[tuple[str, str, str, bool, str], Row] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            row = Row(**json.loads(line))
        except json.JSONDecodeError:
            continue  # a line torn by a killed runner
        rows[row.key] = row
    return list(rows.values())


def append(row: Row) -> None:
    """Write one row and make sure it is on disk."""
    line = json.dumps(asdict(row), sort_keys=True, separators=(",", ":"))
    with path(row.code).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def rewrite(code: str) -> None:
    """Drop superseded and torn lines and sort, so that a diff shows what a run changed.

    A patched row goes as well where its case, observed again, is no longer broken unpatched.
    """
    found = read(code)
    broken = {
        row.key[:3] + row.key[4:] for row in found if row.outcome == BROKEN and not row.patched
    }
    kept = [row for row in found if not row.patched or row.key[:3] + row.key[4:] in broken]
    rows = sorted(kept, key=lambda row: row.key)
    text = "".join(
        json.dumps(asdict(row), sort_keys=True, separators=(",", ":")) + "\n" for row in rows
    )
    temporary = path(code).with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path(code))
