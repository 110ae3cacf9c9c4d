"""A user's script, as every launcher starts it: two steps of two rows, however many processes.

Two processes must compute what one does. Each writes what it saw into FOLDER/rank-<n>.json.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

from tests import tiny

KIND = "gemma4_text"  # under reentrant checkpointing GC201: wrong gradients of keys and values


class Norms(TrainerCallback):
    """The norm of each gradient of keys and values, right before each step; calls ``at_step``."""

    def __init__(self, at_step: Any = None) -> None:
        self.norms: list[dict[str, float]] = []
        self.at_step = at_step

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **event: Any) -> None:
        self.norms.append(norms_of(event["model"]))
        if self.at_step:
            self.at_step(state)


def norms_of(model: Any, in_parts: bool = False) -> dict[str, float]:
    """By parameter name, of whatever a wrapper left of the model.

    Args:
        in_parts: each rank holds a part of each gradient, as FSDP 1 leaves it.
    """
    found = {}
    for name, item in model.named_parameters():
        if "k_proj" not in name and "v_proj" not in name:
            continue
        grad = torch.zeros(1) if item.grad is None else item.grad
        grad = grad.full_tensor() if hasattr(grad, "full_tensor") else grad
        square = grad.square().sum()
        if in_parts:
            torch.distributed.all_reduce(square)
        for prefix in ("_fsdp_wrapped_module.", "module."):
            name = name.replace(prefix, "")
        found[name] = square.sqrt().item()
    return found


class InOrder(Trainer):
    """The rows one after the other, so that every launcher takes the same."""

    def _get_train_sampler(self, *_: Any) -> Any:
        return torch.utils.data.SequentialSampler(self.train_dataset)


def rows(count: int = 4) -> list[dict[str, torch.Tensor]]:
    batch = tiny.batch(KIND, size=count, tokens=12)
    return [{key: value[row] for key, value in batch.items()} for row in range(count)]


def arguments(folder: Path, **changes: Any) -> TrainingArguments:
    usual = {
        "use_cpu": True,
        "max_steps": 2,
        "per_device_train_batch_size": 2 // int(os.environ.get("WORLD_SIZE", "1")),
        "gradient_checkpointing": True,
        "gradient_checkpointing_kwargs": {"use_reentrant": True},
        "ddp_find_unused_parameters": False,
        "report_to": [],
        "disable_tqdm": True,
        "save_strategy": "no",
        "logging_steps": 1,
        "max_grad_norm": 0.0,
    }
    return TrainingArguments(str(folder / "out"), **{**usual, **changes})


def train(folder: Path, callbacks: Any = (), at_step: Any = None, **changes: Any) -> dict[str, Any]:
    """Train, and write down the losses, the norms and what the model was wrapped in."""
    torch.set_num_threads(1)
    norms, model = Norms(at_step), tiny.build(KIND)
    args = arguments(folder, **changes)
    trainer = InOrder(model, args, train_dataset=rows(), callbacks=[*callbacks, norms])
    trainer.train()
    found = {
        "loss": [entry["loss"] for entry in trainer.state.log_history if "loss" in entry],
        "norms": norms.norms,
        "wrapped": type(trainer.model_wrapped).__name__,
    }
    write(folder, found)
    return found


def write(folder: Path, found: dict[str, Any]) -> None:
    rank = os.environ.get("RANK", "0")
    (folder / f"rank-{rank}.json").write_text(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--callback", action="store_true")
    given = parser.parse_args()
    callbacks = []
    if given.callback:
        from gemma_compat import GemmaCompatCallback

        callbacks.append(GemmaCompatCallback())
    train(given.folder, callbacks)


if __name__ == "__main__":
    main()
