"""ZeRO-3 with an adapter needs reentrant checkpointing: no safe cure, so it says so and stops."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

import gemma_compat  # noqa: E402

from . import compare  # noqa: E402
from .sharing import every_name, needs_sharing  # noqa: E402

RUN = {
    "deepspeed": {"zero_optimization": {"stage": 3}},
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": True},
}


@needs_sharing
@every_name
def test_the_cure_is_skipped_with_its_reason_and_the_model_is_as_it_was(name: str) -> None:
    model = compare.make(name, lora=True)
    before = compare.graph(model)
    applied = gemma_compat.patch(model, args=RUN, select=["GC104", "GC201"])
    reasons = [skip.reason for skip in applied.plan.skips if "ZeRO-3" in skip.reason]
    assert applied.codes == ()
    assert reasons and all(reason.startswith("refused: ") for reason in reasons)
    assert "refused: DeepSpeed ZeRO-3" in str(applied)
    assert compare.graph(model) == before
