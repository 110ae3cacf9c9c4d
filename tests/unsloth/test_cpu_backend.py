"""The newest Unsloth on its CPU backend, which trains stock modules."""

from __future__ import annotations

import math
from pathlib import Path

from .processes import make_checkpoints, run


def test_it_trains_patched_and_with_the_callback(tmp_path: Path) -> None:
    home = make_checkpoints(tmp_path, "gemma3_text", "gemma4_text")
    seen = run("cpu_backend.py", str(home), folder=tmp_path, kernels=False)
    facts = seen["facts"]
    assert facts["used"] and facts["backend"] == "cpu"
    assert facts["imported_after"] == []  # gemma_compat came first and imported none of them
    assert facts["patches"] == [] and facts["rebuilt"] == []  # none of its patches for Gemma
    assert facts["requires"]["unsloth-zoo"] == f">={seen['version']}"
    losses = seen["history"]["loss"] + seen["history"]["eval_loss"]
    assert len(losses) == 6 and all(map(math.isfinite, losses))
    assert losses[2] < losses[0]
    assert seen["findings"] == []
    assert "unsloth" in seen["first"] or "nothing was needed" in seen["first"]
    # Another load: patched once, and rightly, since the CPU backend cures nothing itself.
    assert seen["second"] == ["GC201"] and seen["again"] == []
