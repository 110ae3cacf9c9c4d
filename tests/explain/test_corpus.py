"""Logs in the form that public issues show, and what ``explain`` makes of them.

``expected.json`` names the rules of each failure: any of them must be among the causes. Logs that
are not in it (``healthy-``, ``other-``) hold nothing that a rule may claim.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.explanation import Explanation
from gemma_compat.rules import all_rules

LOGS = sorted((Path(__file__).parent / "logs").glob("*.log"))
EXPECTED: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "expected.json").read_text(encoding="utf-8")
)
FAILURES = [log for log in LOGS if log.name in EXPECTED]
INNOCENT = [log for log in LOGS if log not in FAILURES]
# vLLM raises it, and the rule is Unsloth's: the general layer answers.
NOT_THE_RULES = {"U50-ambiguous-head-dim.log"}


def expected(log: Path) -> set[str]:
    """Codes of the rules that explain the log."""
    return set(EXPECTED[log.name])


@lru_cache(maxsize=None)
def explained(log: Path) -> Explanation:
    with log.open("rb") as file:
        return explain_log(file)


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    codes = {rule.code for rule in all_rules() if rule.symptoms}
    assert {log.name for log in FAILURES} == EXPECTED.keys()
    assert all(expected(log) and expected(log) <= codes for log in FAILURES)
    assert len(FAILURES) >= 40 and len(INNOCENT) >= 20


def test_recall_and_precision() -> None:
    """A failure's rule is among the causes, and nearly always the first of them."""
    covered = [log for log in FAILURES if log.name not in NOT_THE_RULES]
    missed = [log.name for log in covered if not expected(log) & set(explained(log).codes)]
    second = [
        log.name
        for log in covered
        if log.name not in missed and explained(log).codes[0] not in expected(log)
    ]
    assert len(missed) <= 1 + len(covered) // 20, f"not found: {missed}"
    assert len(second) <= 1 + len(covered) // 10, f"found, but not first: {second}"


@pytest.mark.parametrize("log", INNOCENT, ids=lambda log: log.stem)
def test_nothing_is_claimed_of_what_is_not_gemmas_failure(log: Path) -> None:
    assert explained(log).codes == ()


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_an_exception_is_explained_or_said_to_be_unknown(log: Path) -> None:
    found = explained(log)
    raised = "Traceback (most recent call last)" in log.read_text(encoding="utf-8")
    stopped = any(seen.notice.name == "stopped-by-hand" for seen in found.notices)
    if raised and not stopped:
        assert found.causes or found.unrecognised or found.generally
    if log.name.startswith("healthy"):
        assert not found.unrecognised and not found.ruled_out


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_nothing_private_comes_out(log: Path) -> None:
    from gemma_compat.report import explanation as renderer

    for form in ("markdown", "json"):  # the text is for the terminal of who has the log
        printed = getattr(renderer, f"render_{form}")(explained(log))
        for secret in ("lovelace", "/home", "checkpoint-500/", "Root=1-67e"):
            assert secret not in printed
