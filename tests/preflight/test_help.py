"""Each failure and each warning says what to change or type."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import gemma_compat

CHECKS = Path(gemma_compat.__file__).parent / "_preflight" / "checks"
TELLING = {"failed", "warned", "tell"}


def without_help(text: str) -> Iterator[int]:
    """Yield the lines of calls that fail or warn and say nothing of what to do."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.IfExp)):
            tells = isinstance(node.func, ast.IfExp) or node.func.id in TELLING
            if tells and not any(keyword.arg == "help" for keyword in node.keywords):
                yield node.lineno


def test_every_answer_that_is_no_pass_has_a_help() -> None:
    files = sorted(CHECKS.glob("*.py"))
    found = [f"{file.name}:{line}" for file in files for line in without_help(file.read_text())]
    assert files and not found


def test_a_call_without_help_is_seen() -> None:
    assert list(without_help("failed('no')\nwarned('so', help='x')\n(passed if a else b)('')")) == [
        1,
        3,
    ]
