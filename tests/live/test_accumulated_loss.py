"""GC501 with real Trainers, and the small model that tells whether a loss heeds the count."""

from __future__ import annotations

import logging
import random
import warnings
from typing import Any

import pytest
import torch

import gemma_compat
from gemma_compat import versions
from gemma_compat.api import patch_given
from gemma_compat.detect import loss_probe
from gemma_compat.engine.plan import Consent
from gemma_compat.facts import ModelFacts, TrainingFacts
from gemma_compat.live.snapshot import Snapshot
from gemma_compat.live.trainer import Given
from gemma_compat.rules import find

from .. import tiny
from .trainers import Rows, first_log, trainer

COMPOSITE = [name for name in tiny.available() if name in {"gemma3", "paligemma", "gemma4"}]
FOUR = {"gradient_accumulation_steps": 4}

composite = pytest.mark.parametrize("name", COMPOSITE)


def try_out(model: Any) -> tuple[ModelFacts, dict[str, str]]:
    loss_probe._found.clear()
    reading = ModelFacts(live=True, composite=True), {}
    training = TrainingFacts(gradient_accumulation_steps=4)
    return loss_probe.with_loss(Snapshot(model), reading, training)


def logged(model: Any, name: str, folder: Any, steps: int) -> tuple[float, float]:
    run = trainer(
        model,
        name,
        folder,
        rows=Rows(name, size=4),
        per_device_train_batch_size=4 // steps,
        gradient_accumulation_steps=steps,
        logging_strategy="steps",
        logging_steps=1,
        max_grad_norm=1e9,
    )
    entry = first_log(run)
    return entry["loss"], float(entry["grad_norm"])


def with_lora(model: Any) -> Any:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(7)
    target = r".*language_model.*\.q_proj"
    return get_peft_model(model, LoraConfig(r=4, target_modules=target, init_lora_weights=False))


@composite
@pytest.mark.parametrize("wrap", [lambda model: model, with_lora], ids=["bare", "lora"])
def test_four_steps_log_what_one_step_logs(name: str, wrap: Any, tmp_path: Any) -> None:
    one = logged(wrap(tiny.build(name)), name, tmp_path, 1)
    model = wrap(tiny.build(name))
    gemma_compat.patch(model, args=FOUR)
    assert logged(model, name, tmp_path, 4) == pytest.approx(one, rel=1e-3)


@composite
def test_the_hook_patches_before_the_trainer_looks(name: str, tmp_path: Any) -> None:
    one = logged(tiny.build(name), name, tmp_path, 1)
    gemma_compat.install()
    try:
        assert logged(tiny.build(name), name, tmp_path, 4) == pytest.approx(one, rel=1e-3)
    finally:
        gemma_compat.uninstall()


@composite
def test_a_callback_comes_too_late_and_does_not_claim_otherwise(name: str, tmp_path: Any) -> None:
    model = tiny.build(name)
    broken = "GC501" in {f.rule.code for f in gemma_compat.diagnose(model, args=FOUR).findings}
    applied = patch_given(Given(model, FOUR, None, True), Consent(has_trainer=True))
    assert "GC501" not in applied.codes
    assert ("GC501" in {finding.rule.code for finding in applied.plan.manual}) is broken


@composite
def test_trying_leaves_no_trace(name: str, caplog: Any) -> None:
    numpy = pytest.importorskip("numpy")
    model = tiny.build(name)
    once = getattr(logging.Logger, "warning_once", None)
    before = (
        torch.get_rng_state(),
        random.getstate(),
        numpy.random.get_state()[1].tolist(),
        once.cache_info() if once else None,
        dict(vars(type(model))),
    )
    with warnings.catch_warnings(), caplog.at_level(logging.DEBUG):
        warnings.simplefilter("error")
        facts, reasons = try_out(model)
    assert facts.known("loss_ignores_token_count"), reasons
    assert not caplog.records
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == random.getstate()
    assert before[2] == numpy.random.get_state()[1].tolist()
    assert getattr(logging.Logger, "warning_once", None) is once
    assert before[3] == (once.cache_info() if once else None)
    assert before[4] == dict(vars(type(model)))


@composite
def test_it_agrees_with_the_releases(name: str) -> None:
    import transformers

    rule = find("GC501")
    model = tiny.build(name)
    facts = gemma_compat.detect_facts(model, FOUR)
    scope = next(scope for scope in rule.scopes if name in scope.model_types)
    inside = versions.contains(scope.packages["transformers"], transformers.__version__)
    handed = facts.model.accepts_loss_kwargs is not False
    assert (facts.model.loss_ignores_token_count and handed) is inside


def test_a_replaced_forward_is_not_tried() -> None:
    model = tiny.build("gemma3")
    model.forward = model.forward
    facts, reasons = try_out(model)
    assert not facts.known("loss_ignores_token_count")
    assert "not transformers' own" in reasons["model.loss_ignores_token_count"]


def test_nothing_is_tried_without_accumulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_probe, "_ignores", None)
    facts = gemma_compat.detect_facts(tiny.build("gemma3"), {"gradient_accumulation_steps": 1})
    assert "gradient_accumulation_steps > 1" in facts.reason("model.loss_ignores_token_count")


def test_a_class_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    try_out(tiny.build("gemma3"))
    monkeypatch.setattr(loss_probe, "_try_out", None)
    gemma_compat.detect_facts(tiny.build("gemma3"), FOUR)
