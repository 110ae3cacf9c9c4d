"""Each result prints as a report, and as one line where a notebook shows its repr."""

from __future__ import annotations

import pytest

from gemma_compat._explain.explain import explain_log
from gemma_compat._preflight.estimate import Line, MemoryEstimate
from gemma_compat._preflight.result import CheckResult, Outcome, Preflight
from gemma_compat.engine.diagnosis import judge_all
from gemma_compat.engine.plan import Plan
from gemma_compat.facts import Facts
from gemma_compat.patching.apply import AppliedPatches
from gemma_compat.rules import all_rules
from gemma_compat.shown import Shown


def results() -> list[Shown]:
    import io

    diagnosis = judge_all(Facts(), all_rules())
    check = CheckResult("gradients-agree", Outcome.FAIL, "cosine 0.5")
    line = Line(1e9, 1e6)
    return [
        diagnosis,
        AppliedPatches(diagnosis, Plan()),
        Preflight("gemma3", (check,)),
        MemoryEstimate(True, line, line, 1e9, 1e9, None, 0.0, 2e10, 1, 512, 1, False),
        explain_log(io.BytesIO(b"AttributeError: 'HybridCache' object has no attribute 'float'\n")),
    ]


@pytest.mark.parametrize("result", results(), ids=lambda result: type(result).__name__)
def test_repr_is_one_short_line_and_str_the_report(result: Shown) -> None:
    shown, text = repr(result), str(result)
    assert "\n" not in shown and len(shown) < 200
    assert (
        shown.startswith(f"<{type(result).__name__}: ") and "(" + type(result).__name__ not in text
    )
    assert len(text) > 20 and "object at 0x" not in text + shown


def test_every_result_is_covered() -> None:
    assert {type(item) for item in results()} == set(Shown.__subclasses__())
