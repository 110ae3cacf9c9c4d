"""What a Trainer logs for four rows of a tiny Gemma, for the rules about smoothed labels."""

from __future__ import annotations

import tempfile
from typing import Any

import torch

from tests.live.trainers import first_log, trainer

from . import batches


class _Rows(torch.utils.data.Dataset):
    def __init__(self, batch: batches.Batch) -> None:
        self._batch = batch

    def __len__(self) -> int:
        return len(self._batch["input_ids"])

    def __getitem__(self, index: int) -> batches.Batch:
        return {name: value[index] for name, value in self._batch.items()}


def rows(kind: str) -> batches.Batch:
    """Return four rows of sixteen tokens, each with a label for every token."""
    made = batches.batch(kind, "long")
    return {name: torch.cat([value, value.flip(0)]) for name, value in made.items()}


def logged(model: Any, kind: str, steps: int, factor: float) -> float:
    """Return the loss of one optimizer step over the four rows.

    Args:
        model: a tiny one.
        kind: its model type.
        steps: ``gradient_accumulation_steps``; the micro-batches share the rows.
        factor: ``label_smoothing_factor``.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = trainer(
            model,
            kind,
            folder,
            rows=_Rows(rows(kind)),  # type: ignore[arg-type]
            per_device_train_batch_size=4 // steps,
            gradient_accumulation_steps=steps,
            label_smoothing_factor=factor,
            logging_strategy="steps",
            logging_steps=1,
        )
        return float(first_log(run)["loss"])
