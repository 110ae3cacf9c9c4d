"""Each planted accident is stopped or warned of, with its cause in plain words.

``python -m tests.preflight_audit`` prints what is said of each.
"""

from __future__ import annotations

from typing import Any

import pytest
import transformers

from gemma_compat import versions

from . import faults
from .healthy import NotHere
from .planted import NAMED, Fault, tell

# What no check sees on the tiny model, and why; on the published 270M both are warned of.
UNSEEN = {
    "a layer is random": "the tiny model still knows its page of English",
    "norms loaded as Llama's": "the tiny model hardly changes by it",
}
# Where it does no harm: 4.50 puts the window over any mask, and before 5.5 there is no Gemma 4.
SINCE = {"4-D mask without the window": ">=4.53.0", "routers collapsed": ">=5.5.0"}
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
    "bytes written out",
    "characters masked",
    "classes in order",
    "mean over padding",
    "metrics are a number",
}


def _mark(fault: Fault) -> Any:
    marks = [] if fault.name in SLICE else [pytest.mark.slow]
    return pytest.param(fault, id=fault.name, marks=marks)


def _is_one_here(fault: Fault) -> bool:
    return versions.contains(SINCE.get(fault.name, ">=0"), transformers.__version__)


@pytest.mark.parametrize("fault", [_mark(fault) for fault in ALL])
def test_the_cause_is_named_and_nothing_else_fails(fault: Fault, tmp_path: Any) -> None:
    if not _is_one_here(fault):
        pytest.skip("no accident on this release")
    try:
        told = tell(fault, tmp_path)
    except NotHere as error:
        pytest.skip(str(error))
    assert told.verdict == NAMED, str(told)


def test_nine_of_ten_are_tried_one_by_one() -> None:
    assert len(UNSEEN) * 10 < len(list(faults.all_faults()))
