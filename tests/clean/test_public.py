"""Stacks of other projects get no error and no warning that is not shown to be true."""

from __future__ import annotations

import re

import pytest

from gemma_compat import versions
from gemma_compat.advise import load_releases
from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.rule import Severity
from gemma_compat.rules import all_rules

from .public import ENTRIES, NOT_CLEAN, PUBLIC, PUBLIC_STACKS
from .sets import Clean
from .stacks import STACKS


def said(clean: Clean) -> set[str]:
    """Errors and warnings, and errors that are not decided although every fact is known."""
    found = judge_all(clean.facts(), all_rules())
    fired = [item.rule for item in found.findings]
    open_ = [item.rule for item in found.undetermined if item.rule.severity is Severity.ERROR]
    return {rule.code for rule in (*fired, *open_) if rule.severity is not Severity.NOTICE}


@pytest.mark.parametrize("source", PUBLIC_STACKS)
def test_nothing_is_said_that_is_not_true(source: str) -> None:
    codes = set().union(*(said(clean) for clean in PUBLIC if clean.stack == source))
    true, why = NOT_CLEAN.get(source, (set(), "listed as clean"))
    assert codes == true, why


def test_there_are_enough_and_of_several_projects() -> None:
    clean = PUBLIC_STACKS.keys() - NOT_CLEAN.keys()
    assert len(clean) >= 50 and len(clean) + len(STACKS) >= 60
    assert len({source.partition("/")[0] for source in clean}) >= 5
    assert all(why for _, why in NOT_CLEAN.values())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["source"])
def test_each_names_its_source_and_was_published_by_its_day(entry: dict[str, str]) -> None:
    assert re.fullmatch(r"[\w-]+/[\w.-]+@[0-9a-f]{7,10} \S.*", entry["source"])
    packages = PUBLIC_STACKS[entry["source"]].packages()
    for name in packages.keys() & set(load_releases().names):
        release = load_releases().get(name, packages[name])
        assert release is not None, (name, packages[name])
        if name in entry["newest_that_day"].split():
            assert release.date <= entry["date"]
    # transformers itself is pinned by its source, or the newest that its range allows
    assert versions.contains(">=4.50", packages["transformers"])
