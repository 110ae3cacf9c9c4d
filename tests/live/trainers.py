"""Real ``Trainer`` runs on tiny models, on the CPU and without a file left behind."""

from __future__ import annotations

import os
from typing import Any

import torch

from .. import tiny


class Rows(torch.utils.data.Dataset):
    """The rows of one :func:`tiny.batch`."""

    def __init__(self, name: str, size: int = 3, tokens: int = 12) -> None:
        self.batch = tiny.batch(name, size=size, tokens=tokens)
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {key: value[index] for key, value in self.batch.items()}


def without_cache(rows: list[dict[str, torch.Tensor]]) -> dict[str, Any]:
    """A collator that has ``use_cache=False`` passed to every call of the model."""
    from transformers import default_data_collator

    return {**default_data_collator(rows), "use_cache": False}


def first_log(run: Any) -> dict[str, Any]:
    """Train, and give the first entry of the log that has a loss."""
    run.train()
    return next(entry for entry in run.state.log_history if "loss" in entry)


def trainer(
    model: Any,
    name: str,
    folder: Any,
    collator: Any = None,
    rows: Rows | None = None,
    **arguments: Any,
) -> Any:
    """A Trainer over three rows: one step of two, evaluation in batches of two."""
    from accelerate.state import AcceleratorState, GradientState
    from transformers import Trainer, TrainingArguments

    # Mixed precision is kept for the whole process, in two places.
    os.environ.pop("ACCELERATE_MIXED_PRECISION", None)
    AcceleratorState._reset_state(True)
    GradientState._reset_state()
    settings = {
        "per_device_train_batch_size": 2,
        "per_device_eval_batch_size": 2,
        "max_steps": 1,
        "use_cpu": True,
        "report_to": [],
        "disable_tqdm": True,
        "save_strategy": "no",
        "logging_strategy": "no",
        "remove_unused_columns": False,
        "label_names": ["labels"],  # a PEFT model hides the signature that tells
        **arguments,
    }
    rows = Rows(name) if rows is None else rows
    return Trainer(
        model=model,
        args=TrainingArguments(output_dir=str(folder), **settings),
        train_dataset=rows,
        eval_dataset=rows,
        data_collator=collator,
    )
