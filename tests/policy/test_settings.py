"""A policy file: every key is checked, and a wrong one names the right one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from gemma_compat.engine.rule import Severity
from gemma_compat.errors import UsageError
from gemma_compat.policy import policy_of
from gemma_compat.policy.settings import KEYS

TEXT = """\
fail-on = "warning"
ignore = [
  {rule = "GC101", reason = "a"},
  {reason = "b", rule = "GC607"},
]
"""
ENTRY = {"rule": "GC607", "reason": "patched by hand"}


def test_everything_is_read() -> None:
    policy = policy_of(
        "p.toml",
        {
            "ignore": [{"rule": "GC101", "reason": "a"}, {**ENTRY, "expires": date(2027, 1, 31)}],
            "severity": {"GC402": "notice"},
            "fail-on": "warning",
            "fail-on-undetermined": True,
            "select": ["GC101"],
            "model": "google/gemma-3-4b-it",
            "args": {"bf16": True},
            "gpu": "T4",
            "with": ["trl==1.0.0"],
            "without": ["unsloth"],
            "requirements": "r.txt",
            "adapter": "a",
            "tokenizer": "t",
        },
        TEXT,
    )
    assert [item.expires for item in policy.ignore] == [None, date(2027, 1, 31)]
    assert [item.place.line for item in policy.ignore] == [3, 4]
    assert policy.severity == {"GC402": Severity.NOTICE}
    assert (policy.fail_on, policy.fail_on_undetermined, policy.select) == (
        "warning",
        True,
        ("GC101",),
    )
    assert policy.target == {
        "model": "google/gemma-3-4b-it",
        "args": {"bf16": True},
        "gpu": "T4",
        "with": ("trl==1.0.0",),
        "without": ("unsloth",),
        "requirements": "r.txt",
        "adapter": "a",
        "tokenizer": "t",
    }


@pytest.mark.parametrize("expires", [date(2027, 1, 31), datetime(2027, 1, 31, 5), "2027-01-31"])
def test_a_day_as_toml_has_it_or_as_a_text(expires: Any) -> None:
    (item,) = policy_of("p.toml", {"ignore": [{**ENTRY, "expires": expires}]}).ignore
    assert item.expires == date(2027, 1, 31)
    assert not item.is_over(date(2027, 1, 31)) and item.is_over(date(2027, 2, 1))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"fail_on": "error"}, "no key is called 'fail_on'; nearest: fail-on"),
        ({"ignroe": []}, "nearest: ignore"),
        ({"qqqqqqqq": 1}, "known: ignore, severity"),
        ({"ignore": [{**ENTRY, "expire": 1}]}, "'ignore[0].expire'; nearest: expires"),
        ({"ignore": ["GC607"]}, "ignore[0]: expected a table"),
        ({"ignore": [{"rule": "GC607"}]}, "ignore[0]: reason is missing"),
        ({"ignore": [{**ENTRY, "reason": " "}]}, "ignore[0].reason: expected a text"),
        ({"ignore": [{"reason": "x"}]}, "ignore[0]: rule is missing"),
        ({"ignore": [ENTRY, ENTRY]}, "ignore[1]: GC607 is ignored already"),
        ({"ignore": [{**ENTRY, "expires": "soon"}]}, "expected a date, as in 2027-01-31"),
        ({"ignore": [{**ENTRY, "expires": 2027}]}, "expected a date"),
        ({"ignore": ENTRY}, "ignore: expected a list"),
        ({"severity": {"GC607": "fatal"}}, "severity.GC607: expected error, warning, notice"),
        ({"severity": "error"}, "severity: expected a table"),
        ({"fail-on": "notice"}, "fail-on: expected error, warning, never, not 'notice'"),
        ({"fail-on": ["error"]}, "fail-on: expected"),
        ({"fail-on-undetermined": 1}, "expected true or false"),
        ({"select": "GC101"}, "select: expected a list of texts"),
        ({"with": [1]}, "with: expected a list of texts"),
        ({"model": ""}, "model: expected a text"),
        ({"args": 3}, "args: expected a text"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_file(table: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        policy_of("p.toml", table)
    text = str(caught.value)
    assert text.startswith("p.toml: ") and said in text and "\n" not in text


def test_the_documentation_names_every_key() -> None:
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
    assert [key for key in KEYS if f"`{key}`" not in page] == []
