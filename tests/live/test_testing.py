"""Somebody else's suite on patched models: ``gemma_compat.testing`` and ``make upstream``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from gemma_compat import versions  # noqa: E402
from gemma_compat.errors import UsageError  # noqa: E402
from gemma_compat.testing import every_gemma  # noqa: E402
from tools import upstream  # noqa: E402

from .. import tiny  # noqa: E402
from . import compare  # noqa: E402

PATCHED_HERE = versions.contains(">=5.0.0rc1", transformers.__version__)


def test_each_model_that_is_made_is_patched() -> None:
    plain = compare.graph(tiny.build("gemma2"))
    with every_gemma() as done:
        changed = tiny.build("gemma2")
    assert bool(done) == (compare.graph(changed).keys() == plain.keys() and hooks(changed) > 0)
    assert bool(done) or not PATCHED_HERE
    assert hooks(tiny.build("gemma2")) == 0, "nothing is left behind"


def test_reverted_is_as_plain() -> None:
    with every_gemma("reverted"):
        model = tiny.build("gemma2")
    assert hooks(model) == 0
    assert not [key for key in vars(model) if "gemma_compat" in key]


def test_a_mode_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="plain, patched, reverted"), every_gemma("other"):
        pass


def hooks(model: Any) -> int:
    return sum(len(module._forward_pre_hooks) for module in model.modules())


SUITE = """
from tests import tiny
def test_is_plain():
    model = tiny.build("gemma2")
    assert not any(module._forward_pre_hooks for module in model.modules())
def test_is_a_gemma():
    assert tiny.build("gemma2").config.model_type == "gemma2"
"""


@pytest.mark.skipif(not PATCHED_HERE, reason="nothing is patched on this release")
def test_what_a_foreign_suite_sees(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    """The tool finds a planted difference: a test that patched models cannot pass."""
    (tmp_path / "src" / "transformers").mkdir(parents=True)
    suite = tmp_path / "tests" / "models" / "gemma2" / "test_modeling_gemma2.py"
    suite.parent.mkdir(parents=True)
    suite.write_text(SUITE)
    # The empty folder is not the package: what is imported comes from where this test took it.
    (tmp_path / "src" / "transformers" / "README").write_text("")
    first = os.pathsep.join(entry for entry in sys.path if entry)
    monkeypatch.setenv("PYTHONPATH", first)
    monkeypatch.setattr(upstream, "ROOT", Path(transformers.__file__).parent.parent)
    assert upstream.main([str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "test_is_plain was passed, is failed" in said
    assert said.count("was passed") == 1, "reverted models are plain"


def test_no_source_tree(tmp_path: Path, capsys: Any) -> None:
    assert upstream.main([str(tmp_path)]) == 2
    assert "make upstream DIR=PATH" in capsys.readouterr().out
