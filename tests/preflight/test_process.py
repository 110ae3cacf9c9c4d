"""Torch's switches for the whole process are named, each with the way back."""

from __future__ import annotations

from typing import Any

import pytest

import gemma_compat

from .. import tiny
from ..preflight_audit.faults_running import SWITCHED, Switch
from . import runs


@pytest.mark.parametrize(("name", "switch", "cause"), SWITCHED, ids=[one[0] for one in SWITCHED])
def test_a_switch_of_torch_is_named(name: str, switch: Switch, cause: str, tmp_path: Any) -> None:
    trainer = runs.trainer(tiny.build("gemma3_text"), tmp_path, learning_rate=5e-5)
    with switch():
        found = gemma_compat.preflight(trainer).of("process-makes-gradients")
    assert cause in found.figure
    assert found.help


def test_without_a_switch_nothing_is_said(tmp_path: Any) -> None:
    trainer = runs.trainer(tiny.build("gemma3_text"), tmp_path, learning_rate=5e-5)
    found = gemma_compat.preflight(trainer).of("process-makes-gradients")
    assert found.outcome.value == "pass"
