"""A user's script, as every launcher starts it; no line of it is about patches, but for --patch.

Two rows for each of two steps, whatever the number of processes: two processes must compute what one
does. Writes what it found into FOLDER/rank-<n>.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

from tests import tiny

KIND = "gemma4_text"


def rows(count: int = 4) -> list[dict[str, torch.Tensor]]:
    batch = tiny.batch(KIND, size=count, tokens=12)
    return [{key: value[row] for key, value in batch.items()} for row in range(count)]


def world() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


class Norms(TrainerCallback):
    """The norm of the gradient of each key projection, as it is right before the step."""

    def __init__(self) -> None:
        self.norms: list[dict[str, float]] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **event: Any) -> None:
        named = event["model"].named_parameters()
        self.norms.append(
            {name: item.grad.norm().item() for name, item in named if "k_proj" in name}
        )


def arguments(folder: Path, **changes: Any) -> TrainingArguments:
    usual = {
        "use_cpu": True,
        "max_steps": 2,
        "per_device_train_batch_size": 2 // world(),
        "gradient_checkpointing": True,
        "gradient_checkpointing_kwargs": {"use_reentrant": True},
        "ddp_find_unused_parameters": False,
        "report_to": [],
        "disable_tqdm": True,
        "save_strategy": "no",
        "logging_steps": 1,
        "max_grad_norm": 0.0,
        "data_seed": 0,
        "seed": 0,
        "lr_scheduler_type": "constant",
        "ddp_timeout": 60,
    }
    return TrainingArguments(str(folder / "out"), **{**usual, **changes})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--callback", action="store_true")
    parser.add_argument("--install", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    norms, callbacks = Norms(), []
    if given.callback or given.install:
        import gemma_compat
    if given.install:
        gemma_compat.install()
    if given.callback:
        callbacks.append(gemma_compat.GemmaCompatCallback())
    model = tiny.build(KIND)
    trainer = Trainer(
        model, arguments(given.folder), train_dataset=rows(), callbacks=[*callbacks, norms]
    )
    trainer.train()
    found = {
        "loss": [entry["loss"] for entry in trainer.state.log_history if "loss" in entry],
        "norms": norms.norms,
        "wrapped": type(trainer.model_wrapped).__name__,
    }
    rank = os.environ.get("RANK", "0")
    (given.folder / f"rank-{rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    sys.exit(main())
