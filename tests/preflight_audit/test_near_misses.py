"""What looks like an accident and is meant passes the checks that were made for the accident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import transformers
from torch.optim import lr_scheduler

import gemma_compat
from gemma_compat._preflight.result import Outcome

from .. import tiny
from ..preflight import runs
from .faults_adapter import lora
from .faults_loss import shifted, with_own_loss
from .planted import run

Make = Callable[[Any], Any]


def _arguments(**settings: Any) -> Make:
    return lambda folder: run(tiny.build("gemma3_text"), folder, runs.text(), **settings)


def _scheduled(make: Callable[[Any], Any], steps: int = 100) -> Make:
    """Return a run of this many steps with a scheduler of the script's own."""

    def made(folder: Any) -> Any:
        model = tiny.build("gemma3_text")
        optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
        keywords = {"optimizers": (optimizer, make(optimizer))}
        return run(model, folder, runs.text(), keywords=keywords, max_steps=steps)

    return made


def _one_cycle(optimizer: Any) -> Any:
    return lr_scheduler.OneCycleLR(optimizer, 1e-4, total_steps=100)


def _in_sequence(optimizer: Any) -> Any:
    warm = lr_scheduler.LinearLR(optimizer, 0.01, total_iters=10)
    return lr_scheduler.SequentialLR(
        optimizer, [warm, lr_scheduler.CosineAnnealingLR(optimizer, 90)], [10]
    )


def _by_kind(kind: str, **options: Any) -> Make:
    return _arguments(
        lr_scheduler_type=kind, lr_scheduler_kwargs=options, max_steps=100, warmup_steps=10
    )


def _rested(folder: Any) -> Any:
    """Let the embedding rest by a group with a rate of 0, which only warns."""
    model = tiny.build("gemma3_text")
    embedding = model.get_input_embeddings().weight
    others = [p for p in model.parameters() if p is not embedding]
    groups = [{"params": others}, {"params": [embedding], "lr": 0.0}]
    optimizer = torch.optim.AdamW(groups, 1e-4)
    return run(model, folder, runs.text(), keywords={"optimizers": (optimizer, None)})


def _focal(logits: Any, labels: Any) -> Any:
    loss = shifted(logits, labels, reduction="none")
    share = (labels[:, 1:] != -100).float().mean()
    return ((1 - (-loss).exp()) ** 2 * loss).mean() / share


def _with_entropy(logits: Any, labels: Any) -> Any:
    spread = -(logits.softmax(-1) * logits.log_softmax(-1)).sum(-1).mean()
    return shifted(logits, labels) - 0.01 * spread


def _with_a_teacher(logits: Any, labels: Any) -> Any:
    teacher = (logits.detach() * 1.1).softmax(-1)
    return shifted(logits, labels) - 0.1 * (teacher * logits.log_softmax(-1)).sum(-1).mean()


def _adapted(**options: Any) -> Make:
    rate = options.pop("learning_rate", 2e-4)
    return lambda folder: run(
        lora(tiny.build("gemma3_text"), **options), folder, runs.text(), learning_rate=rate
    )


def _outer_only(folder: Any) -> Any:
    """Train B alone, as LoRA-FA does."""
    model = lora(tiny.build("gemma3_text"))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("lora_B" in name)
    return run(model, folder, runs.text())


def _new_block(folder: Any) -> Any:
    """Put a block of zeros on top that changes nothing yet, as LLaMA-Pro does."""
    model = tiny.build("gemma3_text")
    block = model.model.layers[-1]
    block.mlp.down_proj.weight.data.zero_()
    block.self_attn.o_proj.weight.data.zero_()
    return run(model, folder, runs.text())


def _cast(folder: Any) -> Any:
    """Cast the whole model to bfloat16, its rotary frequencies too."""
    return run(tiny.build("gemma3_text").to(torch.bfloat16), folder, runs.text())


PASS = {"schedule-moves", "arguments-make-sense"}
CASES: list[tuple[str, Make, set[str]]] = [
    ("cosine", _by_kind("cosine"), PASS),
    ("half a cosine", _by_kind("cosine_with_min_lr", min_lr=1e-6), PASS),
    ("restarts", _by_kind("cosine_with_restarts", num_cycles=4), PASS),
    ("polynomial", _by_kind("polynomial", power=2.0), PASS),
    ("square root", _by_kind("inverse_sqrt"), PASS),
    ("constant", _by_kind("constant"), PASS),
    ("one cycle", _scheduled(_one_cycle), PASS),
    ("in sequence", _scheduled(_in_sequence), PASS),
    ("in steps", _scheduled(lambda o: lr_scheduler.StepLR(o, 30, 0.5)), PASS),
    ("reinforcement's rate", _arguments(learning_rate=5e-7), PASS),
    ("no decay, no clipping", _arguments(max_grad_norm=0.0, weight_decay=0.0), PASS),
    ("beta2 of 0.95", _arguments(adam_beta2=0.95, adam_epsilon=1e-6), PASS),
    ("the embedding rests", _rested, PASS),
    ("focal loss", with_own_loss(_focal), {"loss-agrees", "training-step-runs"}),
    ("an entropy bonus", with_own_loss(_with_entropy), {"loss-agrees"}),
    ("a teacher", with_own_loss(_with_a_teacher), {"loss-agrees"}),
    ("LoRA at 1e-3", _adapted(learning_rate=1e-3), {*PASS, "adapter-is-sound"}),
    ("rsLoRA", _adapted(use_rslora=True, r=16, lora_alpha=64), {"adapter-is-sound"}),
    ("DoRA", _adapted(use_dora=True), {"something-trains", "every-parameter-learns"}),
    ("B alone", _outer_only, {"something-trains", "every-parameter-learns"}),
    ("two layers", _adapted(layers_to_transform=[4, 5]), {"adapter-is-sound"}),
    ("a new block", _new_block, {"every-parameter-learns"}),
    ("cast to bfloat16", _cast, {"rotary-is-the-configs"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "make", "checks"), CASES, ids=[case[0] for case in CASES])
def test_what_is_meant_passes(name: str, make: Make, checks: set[str], tmp_path: Any) -> None:
    result = gemma_compat.preflight(**make(tmp_path))
    assert result.ok, str(result)
    for check in checks:
        assert result.of(check).outcome is Outcome.PASS, result.of(check)


def test_a_classifier_with_classes_in_bounds_passes(tmp_path: Any) -> None:
    cls = getattr(transformers, "Gemma3TextForSequenceClassification", None)
    if cls is None:
        pytest.skip("this release has no classifier of this family")
    config = tiny.build("gemma3_text").config
    config.num_labels = 3
    rows = [{"input_ids": runs.text()["input_ids"][at], "labels": at % 3} for at in range(8)]
    run_of = run(cls(config), tmp_path, rows)
    assert gemma_compat.preflight(**run_of).of("columns-make-sense").outcome is Outcome.PASS
    rows[7]["labels"] = 3
    found = gemma_compat.preflight(**run(cls(config), tmp_path, rows)).of("columns-make-sense")
    assert found.outcome is Outcome.FAIL and "the model has 3 classes" in found.figure
