"""The index of what explain looks for: fresh, the same as the files, and enough for most logs."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from gemma_compat._explain import index as indexed
from gemma_compat._explain.excerpt import words_of
from gemma_compat._explain.general import FILES, generals, kinds_of
from gemma_compat._explain.literals import told
from gemma_compat._explain.patterns import pattern
from gemma_compat._explain.read_log import _patterns
from gemma_compat.rules import own_rules, own_words
from tools import explain_index
from tools.explain_index import without_ticks_too

_LOADED = """
import io, sys
from gemma_compat._explain.explain import explain_log
from gemma_compat._explain import patterns
patterns.told = lambda text: print("parsed", text)
explain_log(io.BytesIO(sys.argv[1].encode()))
print(*(name for name in sys.argv[2:] if f"gemma_compat._explain.general.{name}" in sys.modules))
"""


def test_the_index_is_fresh() -> None:
    written = explain_index.INDEX.read_text(encoding="utf-8")
    assert written == explain_index.index(), "run `make index`"


def test_it_is_written_whatever_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge leaves marks of conflicts in it."""
    monkeypatch.setattr(indexed, "index", None)
    assert explain_index.index()


def test_the_kinds_come_in_the_order_of_the_files() -> None:
    kinds = [kind for file in FILES for kind in kinds_of(file)]
    stated = [(kind.name, without_ticks_too(kind.text), kind.alone) for kind in kinds]
    assert stated == [(kind.name, kind.text, kind.alone) for kind in generals()]


@pytest.mark.parametrize(
    ("text", "log"),
    [
        (r"Please specify `target_modules` in", "Please specify target_modules in peft_config"),
        (r"Please specify `target_modules` in", "Please specify `target_modules` in `peft_config`"),
        (r"by ['`]x['`]", "by `x`"),
        (r"a `{1,3}b", "a ``b"),
    ],
)
def test_a_message_counts_without_its_backticks_too(text: str, log: str) -> None:
    assert re.search(without_ticks_too(text), log)


def test_it_has_the_phrases_of_every_expression() -> None:
    for item in _patterns(own_rules()):
        assert indexed.index().literals[item.text] == item.phrases == told(item.text)


def test_an_expression_that_is_not_in_it_is_read() -> None:
    item = pattern("rule", "XX1", r"(strange|unheard) zebra\d")
    assert set(item.leads) == {(b"*strange", b"strange zebra"), (b"*unheard", b"unheard zebra")}


@pytest.mark.parametrize(
    ("log", "loaded"),
    [
        ("{'loss': 1.5}\nRuntimeError: of no kind that is known\n", []),
        (
            "RuntimeError: DataLoader worker (pid 4) is killed by signal: Killed.\n",
            ["memory.machine"],
        ),
    ],
)
def test_a_file_is_imported_when_one_of_its_kinds_answers(log: str, loaded: list[str]) -> None:
    command = [sys.executable, "-c", _LOADED, log, *sorted(set(FILES) - {"processes.processes"})]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert lines.split() == loaded


_NO_PAGE = """
import io
from gemma_compat import rules
rules._page = lambda place: exit(1)
from gemma_compat._explain.explain import explain_log
explain_log(io.BytesIO(b"ValueError: the frobnicator has 3 of 4 wheels"))
print("no page was read")
"""


def test_a_log_that_no_rule_knows_reads_no_page_of_a_rule() -> None:
    done = subprocess.run([sys.executable, "-c", _NO_PAGE], stdout=subprocess.PIPE, text=True)
    assert done.stdout.strip() == "no page was read"


def test_the_words_that_may_be_quoted_are_those_of_all_pages() -> None:
    words = {
        word for rule in own_rules() for word in words_of(rule.docs, rule.name, *rule.symptoms)
    }
    assert own_words() == words
