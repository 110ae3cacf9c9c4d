"""unsloth#2223 in Unsloth itself: 2025.3.19 on transformers 4.50.3, on a card that stands in.

The stand-ins are for CUDA's queries and two kernels; none of them is on the path that fails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .processes import make_checkpoints, run

ERROR = "'HybridCache' object has no attribute 'float'"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    home = tmp_path_factory.mktemp("old")
    return str(make_checkpoints(home, "gemma3_text", transformers="4.50.3") / "gemma3_text")


@pytest.mark.parametrize(
    ("card", "line", "launcher", "error"),
    [
        ("A100", "bare", (), ERROR),
        ("T4", "bare", (), ""),  # trained in float32, so accelerate wraps nothing
        ("A100", "patch", (), ""),
        ("A100", "bare", ("-m", "gemma_compat", "run"), ""),  # the script as it is
    ],
)
def test_evaluation(
    card: str, line: str, launcher: tuple[str, ...], error: str, checkpoint: str, tmp_path: Path
) -> None:
    seen: dict[str, Any] = run(
        "old_stack.py",
        checkpoint,
        card,
        line,
        folder=tmp_path,
        transformers="4.50.3",
        launcher=launcher,
    )
    assert seen["raised"] == error
    assert seen["imported_after"] == []
    assert seen["forced"] == ("1" if card == "T4" else "0")
    if not error:
        assert len(seen["history"]["eval_loss"]) == 3
        assert seen["history"]["mixed_precision"] == ["no" if card == "T4" else "bf16"]
    assert ("GC101" in seen["codes"]) is bool(launcher)
