"""What a policy makes of a diagnosis, and until when."""

from __future__ import annotations

from datetime import date

from gemma_compat.engine.condition import Condition
from gemma_compat.engine.gate import Gate
from gemma_compat.engine.place import Place
from gemma_compat.engine.rule import Severity
from gemma_compat.policy import Ignore, apply_policy, with_severities
from tests.report import made

TODAY = date(2026, 11, 27)
PLACE = Place("gemma-compat.toml", 3)
OPEN = Condition("the run is packed", lambda facts: facts.training.packing)


def ignore(code: str, expires: date | None = None) -> dict[str, Ignore]:
    return {code: Ignore(code, "patched by hand", expires, PLACE)}


def test_a_finding_and_an_open_question_are_left_out_with_the_reason() -> None:
    for rule in (made.rule(1), made.rule(1, when=(OPEN,))):
        whole = made.diagnosis(made.with_model(), rule, made.rule(2))
        outcome = apply_policy(whole, ignore("GC101"), TODAY)
        left = [item.rule.code for item in outcome.diagnosis.findings]
        assert left == ["GC102"] and not outcome.diagnosis.undetermined
        (item,) = outcome.ignored
        assert (item.answer.rule.code, item.reason) == ("GC101", "patched by hand")
        assert not outcome.remarks


def test_the_last_day_still_counts_and_the_next_one_is_a_warning_of_its_line() -> None:
    whole = made.diagnosis(made.with_model(), made.rule(1))
    assert not apply_policy(whole, ignore("GC101", TODAY), TODAY).diagnosis.findings
    outcome = apply_policy(whole, ignore("GC101", date(2026, 11, 26)), TODAY)
    assert outcome.diagnosis.findings == whole.findings and not outcome.ignored
    (remark,) = outcome.remarks
    assert remark.severity is Severity.WARNING and remark.place == PLACE
    assert "ended on 2026-11-26" in remark.message and "patched by hand" in remark.message


def test_an_expired_ignore_is_told_even_if_its_rule_is_silent() -> None:
    whole = made.diagnosis(made.with_model(), made.rule(2))
    assert apply_policy(whole, ignore("GC101", date(2020, 1, 1)), TODAY).remarks


def test_a_severity_decides_order_and_threshold() -> None:
    rules = with_severities([made.rule(1), made.rule(2)], {"GC101": Severity.NOTICE})
    found = made.diagnosis(made.with_model(), *rules).findings
    assert [(i.rule.code, i.rule.severity.value) for i in found] == [
        ("GC102", "error"),
        ("GC101", "notice"),
    ]


def test_what_fails() -> None:
    reached = {
        threshold: [item.value for item in Severity if Gate(fail_on=threshold).reaches(item)]
        for threshold in ("error", "warning", "never")
    }
    assert reached == {"error": ["error"], "warning": ["error", "warning"], "never": []}
