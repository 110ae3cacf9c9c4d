"""Of a release beyond both ends of what was read, an answer claims nothing and excludes nothing."""

from __future__ import annotations

import io

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.general.released import Released
from gemma_compat.atlas import Missing
from gemma_compat.atlas.intervals import Interval
from gemma_compat.report.explanation import render_text

_SEEDED = "TypeError: Accelerator.__init__() got an unexpected keyword argument '{}'"
_NAME = "ImportError: cannot import name 'Gemma3ForCausalLM' from 'transformers' (/x/__init__.py)"


def told(log: str) -> str:
    """Return the answer to a log in one line."""
    return " ".join(render_text(explain_log(io.BytesIO(log.encode()))).split())


def released(version: str, *spans: Interval) -> Released:
    """Return what is said of an argument of accelerate, of which 0.28.0 to 1.15.0 were read."""
    found = Missing("argument", "x", "f", "accelerate", spans, oldest="0.28.0", newest="1.15.0")
    return Released(found, version)


@pytest.mark.parametrize("stated", ["", "accelerate==1.5.2\n"])
def test_the_oldest_release_read_is_no_oldest_release(stated: str) -> None:
    """accelerate took the argument from 0.26.0 on, and 0.28.0 is the oldest that was read."""
    answer = told(stated + _SEEDED.format("use_seedable_sampler"))
    assert "in accelerate 0.28.0 (the oldest read) to 1.0.0rc1 only, of those read" in answer
    assert "pip install 'accelerate>=0.28.0,<1.0.0'" in answer  # no pre-release
    assert "and older" not in answer


@pytest.mark.parametrize(
    ("stated", "command"),
    [
        ("", "pip install -U 'transformers>=4.50.0'"),
        ("transformers==4.49.0\n", "pip install -U 'transformers>=4.50.0'"),
        ("transformers==99.0.0\n", "pip install 'transformers>=4.50.0,<="),
    ],
)
def test_the_newest_release_read_is_no_newest_release(stated: str, command: str) -> None:
    """What a release lacks that is newer than all that were read, an upgrade does not bring."""
    answer = told(stated + _NAME)
    assert command in answer
    assert "(the newest read) only, of those read" in answer


def test_what_no_release_has_is_said_of_those_read() -> None:
    assert released("").happened == "no accelerate from 0.28.0 to 1.15.0 has an argument x of f()"


@pytest.mark.parametrize(
    ("version", "span", "command"),
    [
        # An older one than the first satisfies an upper bound alone, and pip would leave it.
        ("1.0.0", Interval("1.2.0", "1.4.0"), ">=1.2.0,<=1.4.0"),
        ("", Interval("0.28.0", "1.15.0", from_start=True, to_end=True), ">=0.28.0,<=1.15.0"),
        ("1.99.0", Interval("0.28.0", "1.15.0", from_start=True, to_end=True), "<=1.15.0"),
        ("1.99.0", Interval("1.2.0", "1.15.0", to_end=True), ">=1.2.0,<=1.15.0"),
        ("", Interval("1.0.0rc1", "1.0.0rc2"), ">=1.0.0rc1,<=1.0.0rc2"),
    ],
)
def test_a_command_names_no_release_beyond_what_was_read(
    version: str, span: Interval, command: str
) -> None:
    assert command in released(version, span).command
    assert "-U" not in released(version, span).command


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (Interval("1.0", "1.2", from_start=True), "1.0 (the oldest read) to 1.2"),
        (Interval("1.0", "1.0", from_start=True), "1.0 (the oldest read)"),
        (Interval("1.0", "1.2", to_end=True), "1.0 to 1.2 (the newest read)"),
        (Interval("1.2", "1.2", to_end=True), "1.2 (the newest read)"),
        (Interval("1.0", "1.2", from_start=True, to_end=True), "every release from 1.0 to 1.2"),
        (Interval("1.1", "1.1"), "1.1"),
    ],
)
def test_an_end_of_what_was_read_is_marked(span: Interval, text: str) -> None:
    assert str(span) == text
