"""What preflight prints: what a person has to read, on one screen, and everything if asked."""

from __future__ import annotations

from dataclasses import replace

from gemma_compat._preflight.result import CheckResult, Outcome, Preflight

RESULT = Preflight(
    "gemma3",
    (
        CheckResult("good", Outcome.PASS, "all of them"),
        CheckResult("blind", Outcome.NOT_RUN, "needs the tokenizer"),
        CheckResult("measured", Outcome.PASS, "loss 2.5", "at most 5"),
        CheckResult("idle", Outcome.NOT_RUN, "the model has no adapter", applies=False),
        CheckResult("odd", Outcome.WARNING, "it may be meant", help="look"),
        CheckResult("blind-too", Outcome.NOT_RUN, "needs the tokenizer"),
        CheckResult("bad", Outcome.FAIL, "nothing is trained", help="labels"),
    ),
)
SHORT = """\
gemma_compat preflight on gemma3
fail     bad                             nothing is trained
         try:  labels
warning  odd                             it may be meant
         try:  look
pass     measured                        loss 2.5 (at most 5)
pass     1 more: good
not run  needs the tokenizer: blind, blind-too
not run  1 with nothing to look at here: idle
1 failed, 1 warning, 2 unknown; cost: 0.0 forward-backward passes of the batch
Every check with its figure or reason: --verbose, or print(result.table())"""
LONG = """\
gemma_compat preflight on gemma3
fail     bad                             nothing is trained
         try:  labels
warning  odd                             it may be meant
         try:  look
pass     good                            all of them
pass     measured                        loss 2.5 (at most 5)
not run  blind                           needs the tokenizer
not run  idle                            the model has no adapter
not run  blind-too                       needs the tokenizer
1 failed, 1 warning, 2 unknown; cost: 0.0 forward-backward passes of the batch"""


def test_what_is_not_run_is_folded_by_its_reason() -> None:
    assert str(RESULT) == SHORT


def test_every_check_is_printed_if_asked() -> None:
    assert RESULT.table() == LONG
    assert str(replace(RESULT, verbose=True)) == LONG


def test_what_is_unknown_differs_from_what_has_nothing_to_look_at() -> None:
    assert [item.name for item in RESULT.unknown] == ["blind", "blind-too"]
    found = RESULT.to_dict()
    assert found["unknown"] == ["blind", "blind-too"]
    assert [item["name"] for item in found["checks"] if "applies" in item] == ["idle"]


def test_a_notebook_says_what_is_unknown_beside_what_failed() -> None:
    page = RESULT._repr_html_()
    card, _, rest = page.partition("<details>")
    assert "2 unknown" in card and "<td>blind, blind-too</td>" in card
    assert all(item.name in rest for item in RESULT.checks if item.name not in ("bad", "odd"))
