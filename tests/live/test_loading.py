"""What a loaded model still shows of its checkpoint, and the cure that is meant to be saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import gemma_compat  # noqa: E402
from gemma_compat.detect.live import read_live  # noqa: E402
from gemma_compat.live.snapshot import Snapshot  # noqa: E402
from gemma_compat.live.tree import named_configs  # noqa: E402

from .. import tiny  # noqa: E402
from .saved import save, trained  # noqa: E402

NAMES = tiny.available()


def findings(model: Any) -> set[str]:
    return {finding.rule.code for finding in gemma_compat.diagnose(model).findings}


@pytest.mark.parametrize("name", NAMES)
def test_a_model_from_a_config_is_fresh_and_nobody_is_told(name: str) -> None:
    model = tiny.build(name)
    facts = read_live(Snapshot(model))[0]
    assert (facts.loaded, facts.weights_are_fresh) == (False, True)
    assert not findings(model) & {"GC602", "GC603", "GC610", "GC611", "GC612"}


@pytest.mark.parametrize("name", NAMES)
def test_a_loaded_model_is_not_fresh(name: str, tmp_path: Path) -> None:
    save(trained(name), str(tmp_path))
    model = type(tiny.build(name)).from_pretrained(tmp_path)
    facts = gemma_compat.detect_facts(model=model)
    assert (facts.model.loaded, facts.model.weights_are_fresh) == (True, False)
    assert any("layers.*.mlp.up_proj.weight" in item for item in facts.checkpoint.names)
    assert facts.checkpoint.dtypes == ("F32",)
    assert not findings(model) & {"GC602", "GC603", "GC610"}


@pytest.mark.parametrize("name", NAMES)
def test_one_norm_that_moved_is_enough(name: str) -> None:
    model = tiny.build(name)
    with torch.no_grad():
        next(p for n, p in model.named_parameters() if n.endswith("norm.weight"))[0] += 1e-3
    last = [n for n, _ in model.named_parameters() if n.endswith("norm.weight")][0]
    in_text_model = "vision" not in last
    assert read_live(Snapshot(model))[0].weights_are_fresh is not in_text_model


def test_weights_elsewhere_are_unknown() -> None:
    with torch.device("meta"):
        cls, config = tiny.BUILDERS["gemma3_text"](transformers)
        model = cls(config)
    facts, reasons = read_live(Snapshot(model))
    assert not facts.known("weights_are_fresh")
    assert "not in this process" in reasons["model.weights_are_fresh"]


def _ties(model: Any) -> list[Any]:
    return [vars(config).get("tie_word_embeddings", "absent") for _, config in named_configs(model)]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "paligemma"])
def test_an_untied_head_is_kept_and_reverts(name: str, tmp_path: Path) -> None:
    model = tiny.build(name)
    head = model.get_output_embeddings()
    head.weight = torch.nn.Parameter(head.weight.detach() * 1.5)
    before = _ties(model)
    assert "GC607" not in gemma_compat.patch(model).codes  # it asks for consent
    with gemma_compat.patch(model, select=["GC607"]) as applied:
        assert applied.codes == ("GC607",)
        save(model, str(tmp_path))
    assert _ties(model) == before
    again = type(model).from_pretrained(tmp_path)
    assert torch.equal(again.get_output_embeddings().weight, head.weight)
    assert "GC607" not in findings(again)
