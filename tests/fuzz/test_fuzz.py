"""A few of the cases that ``make fuzz`` runs a million of, and that its checks can fail."""

from __future__ import annotations

import pytest

from gemma_compat.detect import config

from . import cases, run


@pytest.mark.long
def test_two_thousand_cases() -> None:
    kinds, failures, _ = run.run_chunk((0, 2000))
    assert not failures, failures[0]
    assert len(kinds) == len(cases.MIX)


def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_text_of", lambda config: 1 / 0)
    _, failures, _ = run.run_chunk((0, 50))
    assert failures and "ZeroDivisionError" in failures[0]


def test_a_case_that_hangs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(seed: int) -> str:
        while True:
            pass

    monkeypatch.setattr(run, "LONGEST", 0.2)
    monkeypatch.setattr(cases, "run", hang)
    _, failures, _ = run.run_chunk((0, 1))
    assert failures and "more than 0.2 s" in failures[0]
