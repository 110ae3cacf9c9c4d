"""ZeRO-3 with an adapter needs reentrant checkpointing: no safe cure, so it says so and stops."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

import gemma_compat  # noqa: E402
from gemma_compat.errors import PatchRefused  # noqa: E402

from . import compare  # noqa: E402
from .sharing import every_name, needs_sharing  # noqa: E402

RUN = {
    "deepspeed": {"zero_optimization": {"stage": 3}},
    "gradient_checkpointing": True,
    "gradient_checkpointing_kwargs": {"use_reentrant": True},
}


@needs_sharing
@every_name
def test_it_stops_with_the_reason_and_the_model_is_as_it_was(name: str) -> None:
    model = compare.make(name, lora=True)
    before = compare.graph(model)
    with pytest.raises(PatchRefused, match="GC.*ZeRO-3"):
        gemma_compat.patch(model, args=RUN)
    assert compare.graph(model) == before
    planned = gemma_compat.patch(model, args=RUN, dry_run=True).plan
    assert any(skip.stops for skip in planned.skips)
    gemma_compat.patch(model, args=RUN, ignore=["GC104", "GC201"])
