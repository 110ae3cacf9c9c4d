"""A real failure of a real ``Trainer``, explained as it is raised; and its log, read afterwards."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import gemma_compat  # noqa: E402
from gemma_compat import versions  # noqa: E402

from .. import tiny  # noqa: E402
from .trainers import trainer  # noqa: E402

# What evaluation does to a bf16 model under bf16 autocast, by release.
FAILS_WITH = {
    ">=4.50.0,<4.51.0": ("gemma3_text", "GC101", {}),
    ">=5.4.0,<5.20.0": ("gemma3", "GC103", {"prediction_loss_only": False, "use_cache": True}),
}


def failure() -> tuple[str, str, dict[str, Any]]:
    for text, expected in FAILS_WITH.items():
        if versions.contains(text, transformers.__version__):
            return expected
    pytest.skip("no release on which a plain evaluation fails")


def test_the_note_names_the_rule_and_the_log_does_too(tmp_path: Path) -> None:
    name, code, arguments = failure()
    model = tiny.build(name, torch.bfloat16)
    run = trainer(model, name, tmp_path, bf16=True, eval_strategy="epoch", **arguments)
    with pytest.raises((AttributeError, TypeError)) as caught:
        with gemma_compat.explaining(model, args=run.args):
            run.predict(run.eval_dataset)
    (note,) = caught.value.__notes__
    assert f"\nerror {code} " in note
    text = "".join(traceback.format_exception(caught.value))
    assert gemma_compat.explain(text.partition("gemma_compat ")[0]).codes[0] == code
    known = gemma_compat.explain(caught.value, model=model, args=run.args)
    assert known.causes[0].fit in {"confirmed", "open"} and not known.ruled_out
