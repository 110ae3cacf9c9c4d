"""Each planted accident is stopped or warned of, with its cause in plain words.

``python -m tests.preflight_audit`` prints what is said of each.
"""

from __future__ import annotations

from typing import Any

import pytest

from . import faults
from .planted import NAMED, Fault, tell

# Told by the model that is whole or by nothing: what no check can see, and why.
UNSEEN = {
    "a layer is random": "the tiny model still knows its page of English",
    "norms loaded as Llama's": "the tiny model hardly changes by it",
}
ALL = [fault for fault in faults.all_faults() if fault.name not in UNSEEN]
# One of each kind, in the seconds that `make test` has for them.
SLICE = {
    "scheduler that ends at once",
    "Adam's epsilon 1",
    "group of rate 0",
    "ids as floats",
    "NaN in an image",
    "token types all zero for Gemma 3",
    "masked labels trained in the loss",
    "loss negative",
    "gradients cleared after the step",
    "gradients cleared in each micro-step",
    "scaler passed by",
    "another adapter active",
    "lora A and B both zero",
}


def _mark(fault: Fault) -> Any:
    marks = [] if fault.name in SLICE else [pytest.mark.slow]
    return pytest.param(fault, id=fault.name, marks=marks)


@pytest.mark.parametrize("fault", [_mark(fault) for fault in ALL])
def test_the_cause_is_named_and_nothing_else_fails(fault: Fault, tmp_path: Any) -> None:
    told = tell(fault, tmp_path)
    assert told.verdict == NAMED, str(told)


@pytest.mark.slow
@pytest.mark.parametrize("audited", [True, False], ids=["audit", "siblings"])
def test_nine_of_ten_are_named(audited: bool, tmp_path: Any) -> None:
    mine = [fault for fault in faults.all_faults() if fault.audited is audited]
    told = [tell(fault, tmp_path / str(at)) for at, fault in enumerate(mine)]
    assert sum(item.is_named for item in told) >= 0.9 * len(mine)
