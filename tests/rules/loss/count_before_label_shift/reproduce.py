"""The loss that a Trainer logs, beside the mean over the tokens that are predicted."""

from __future__ import annotations

import tempfile
from typing import Any

import torch

import gemma_compat
from gemma_compat.facts import TrainingFacts
from tests import tiny
from tests.evidence.observation import Case, Observation
from tests.live.trainers import Rows, first_log, trainer

MODEL_TYPES = (
    "gemma3_text",
    "gemma2",
    "gemma3n_text",
    "gemma4_text",
    "gemma3",
    "paligemma",
    "gemma4",
)
WHOLE, MASKED = "every token has a label", "the first token of each row has none (-100)"
VARIANTS = (WHOLE, MASKED)


def observe(case: Case) -> Observation:
    model = tiny.build(case.model_type)
    rows = Rows(case.model_type, size=4)
    if case.variant == MASKED:
        rows.batch["labels"][:, 0] = -100
    training = TrainingFacts(trainer=True, first_token_trained=case.variant == WHOLE)
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    true = _mean(model, rows.batch)
    with tempfile.TemporaryDirectory() as folder:
        run = trainer(
            model,
            case.model_type,
            folder,
            rows=rows,
            per_device_train_batch_size=4,
            logging_strategy="steps",
            logging_steps=1,
        )
        logged = float(first_log(run)["loss"])
    seen = f"logged {logged:.4f}, mean over what is predicted {true:.4f}: {logged / true:.4f}"
    return Observation(facts, broken=abs(logged / true - 1) > 0.01, seen=seen)


def _mean(model: Any, batch: dict[str, torch.Tensor]) -> float:
    """Cross entropy by hand: the mean over every label that is a target."""
    with torch.no_grad():
        logits = model.train()(**batch, use_cache=False).logits.float()
    targets = batch["labels"][:, 1:].reshape(-1)
    predicted = logits[:, :-1].reshape(-1, logits.shape[-1])
    return float(torch.nn.functional.cross_entropy(predicted, targets))
