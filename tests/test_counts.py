"""What README and docs count is what there is."""

from __future__ import annotations

import pytest

from gemma_compat.rules import all_rules
from tools.counts import COUNTED, FAMILIES, counted, main


def test_nothing_counted_is_out_of_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_every_family_is_named() -> None:
    assert {rule.order // 100 for rule in all_rules()} <= FAMILIES.keys()


@pytest.mark.parametrize("name", sorted(COUNTED))
def test_a_wrong_figure_is_found(name: str) -> None:
    text = f"<!-- counted: {name} -->\n1,000 rules\n<!-- end -->\nrest"
    written = counted(text, all_rules())
    assert written != text and written.endswith("<!-- end -->\nrest")
    assert counted(written, all_rules()[1:]) != written  # one rule less
