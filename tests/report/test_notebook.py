"""What a notebook shows: the verdict first, the line to paste, and nothing that is not escaped."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._preflight.result import CheckResult, Outcome, Preflight
from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.plan import Plan
from gemma_compat.facts import Facts, ModelFacts, Package
from gemma_compat.patching.apply import AppliedPatches
from gemma_compat.report.notebook.page import Card, Fold, Page, render, to_paste
from gemma_compat.rules import all_rules
from gemma_compat.shown import Shown

from .made import with_model
from .test_shown import results

HOSTILE = "</pre></code><script>alert(1)</script><img src=x onerror=alert(2)>\"'`<b>`&amp;\x1b[31m"
ALLOWED = {
    *("div", "style", "p", "b", "span", "pre", "code", "button", "details", "summary"),
    *("table", "tr", "th", "td", "br"),
}
FROM_US = re.compile(r"<style>.*?</style>|onclick=\"[^\"]*\"", re.DOTALL)


class Elements(HTMLParser):
    """Collects the elements, and whether each that is opened is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(page: str) -> Elements:
    """Return the elements of a page that is well formed and made of ours only."""
    found = Elements()
    found.feed(page)
    assert found.open == []
    assert found.seen <= ALLOWED
    assert found.attributes <= {"class", "type", "onclick"}
    assert page.isprintable() or "\n" in page
    return found


@pytest.mark.parametrize("result", results(), ids=lambda result: type(result).__name__)
def test_every_result_has_a_view_that_begins_with_the_verdict(result: Shown) -> None:
    page = result._repr_html_()
    checked(page)
    body = FROM_US.sub("", page)
    assert body.index("gc-verdict") < body.index("<b>") < 200
    assert not re.search(r"https?://|url\(|@import|src=", page)


def hostile_results() -> list[Shown]:
    packages = {"transformers": Package(name="transformers", version="5.5.0", problem=HOSTILE)}
    facts = with_model().replace(packages=packages, platform=HOSTILE)
    facts = facts.replace(model=ModelFacts(model_type="gemma3", class_name=HOSTILE, dtype=HOSTILE))
    diagnosis = judge_all(facts, all_rules())
    check = CheckResult(HOSTILE, Outcome.FAIL, HOSTILE, HOSTILE, ("GC101",), 1, HOSTILE, HOSTILE)
    log = f"ValueError: {HOSTILE}\nTraceback (most recent call last):\nKeyError: {HOSTILE}\n"
    other = judge_all(Facts(model=ModelFacts(model_type=HOSTILE)), all_rules())
    return [
        diagnosis,
        replace(diagnosis, not_checked=(HOSTILE,)),
        other,
        AppliedPatches(diagnosis, Plan()),
        AppliedPatches(diagnosis, Plan(), note=HOSTILE),
        Preflight(HOSTILE, (check, replace(check, outcome=Outcome.PASS))),
        explain_log(io.BytesIO(log.encode())),
    ]


@pytest.mark.parametrize("number", range(7))
def test_hostile_values_are_shown_and_not_obeyed(number: int) -> None:
    page = hostile_results()[number]._repr_html_()
    checked(page)
    body = FROM_US.sub("", page)
    assert "alert(" in body, "the value is not shown at all"
    assert "<script" not in body and "<img" not in body and "\x1b" not in body


def test_each_part_of_a_page_is_escaped() -> None:
    card = Card("error", HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), ((HOSTILE, HOSTILE),), HOSTILE)
    fold = Fold(HOSTILE, ((HOSTILE, HOSTILE),), (HOSTILE,), HOSTILE)
    page = render(Page("error", HOSTILE, HOSTILE, (HOSTILE,), (card,), (fold,)))
    checked(page)
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)") == 15


def test_a_confirmed_cause_has_its_command_ready_to_copy() -> None:
    log = b"transformers==4.50.3\nmodel: google/gemma-3-4b-it bf16=True eval_strategy=steps\n"
    log += b"Traceback (most recent call last):\n"
    log += b"AttributeError: 'HybridCache' object has no attribute 'float'\n"
    page = explain_log(io.BytesIO(log))._repr_html_()
    command = "<pre><code>pip install -U &#x27;transformers&gt;=4.51.0&#x27;</code></pre><button"
    assert command in page and "GC101" in page


def test_only_what_can_be_typed_is_offered_for_pasting() -> None:
    assert to_paste("pip install -U 'peft>=0.18'") == "pip install -U 'peft>=0.18'"
    assert to_paste("bf16=True, fp16=False") == "bf16=True, fp16=False"
    assert to_paste("call `gemma_compat.patch(model)` first") == "gemma_compat.patch(model)"
    assert to_paste("kwargs={'use_reentrant': False}") == "kwargs={'use_reentrant': False}"
    assert to_paste("tokenizer.padding_side = 'right'") == "tokenizer.padding_side = 'right'"
    assert to_paste("add_special_tokens=False where the text comes from a template") == ""
    assert to_paste("Upgrade PEFT to 0.18.0 or newer") == ""
    assert to_paste("Have the collator pass `token_type_ids`") == ""
