"""Colour is for a terminal and changes no text; the shapes that it knows are those of reports."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from gemma_compat._cli import output
from gemma_compat._cli.colour import is_wanted, painted
from gemma_compat._explain.explain import explain_log
from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.plan import make_plan
from gemma_compat.facts import Facts
from gemma_compat.report import explanation, text
from gemma_compat.rules import all_rules

LOG = Path(__file__).parent / "explain" / "logs" / "F7-hybridcache-at-evaluation.log"
CODES = re.compile(r"\x1b\[\d+m")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def report() -> str:
    diagnosis = judge_all(Facts(), all_rules())
    return text.render_diagnosis(diagnosis, make_plan(diagnosis))


def explained() -> str:
    with LOG.open("rb") as log:
        return explanation.render_text(explain_log(log))


@pytest.mark.parametrize("render", [report, explained])
def test_colour_changes_no_text(render) -> None:
    plain = render()
    shown = painted(plain)
    assert shown != plain
    assert CODES.sub("", shown) == plain


def test_a_command_and_a_severity_are_marked() -> None:
    lines = painted(explained()).splitlines()
    command = next(line for line in lines if "pip install" in line)
    assert command.startswith("\x1b[1m\x1b[32m    pip install")
    assert any("\x1b[31merror\x1b[0m" in line and "GC101" in line for line in lines)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_the_user_decides(environment: dict[str, str], expected: bool, monkeypatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert is_wanted(Terminal(), environment) == expected
    assert not is_wanted(io.StringIO(), environment)


@pytest.mark.parametrize(
    ("stream", "form", "coloured"),
    [(Terminal(), "text", True), (Terminal(), "json", False), (io.StringIO(), "text", False)],
)
def test_only_text_on_a_terminal_is_coloured(stream, form, coloured, monkeypatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout", stream)
    output.write("error GC101 a-rule\n", form)
    assert bool(CODES.search(stream.getvalue())) == coloured
