"""Puts one detection together. Bad input fails before any child process is started."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from ..facts import Facts
from ._deadline import Deadline
from .checkpoint import read_checkpoint
from .environment import read_environment
from .gpu import GpuQuestion, GpuReading
from .imports import ImportProbe, without_trying
from .model import assumed_of, read_model
from .packages import take_inventory
from .torch_build import read_torch_build
from .training import read_training

# ``patch`` asks again before every train and evaluate. The cards do not change under a process,
# and a driver that hangs must cost its deadline once.
_READINGS: dict[tuple[str, ...], GpuReading] = {}
_VARIABLES = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "LD_LIBRARY_PATH")


def detect(
    model: Any, args: Any, *, probe: bool, path: Sequence[str] | None, deadline_seconds: float
) -> Facts:
    """See :func:`gemma_compat.detect.detect_facts`."""
    search = [str(entry) for entry in (sys.path if path is None else path)]
    inventory = take_inventory(search)
    model_facts, model_reasons = read_model(model)
    training_facts, training_reasons = read_training(args, inventory.packages.get("transformers"))
    checkpoint, checkpoint_reasons = read_checkpoint(model)
    build, build_reasons = read_torch_build(search)
    deadline = Deadline(deadline_seconds)
    gpu_path = [*search, *sys.path]
    question = None if _is_live(model) and _key(gpu_path) in _READINGS else GpuQuestion(gpu_path)
    imports = ImportProbe(search, inventory.packages) if probe else None
    if question:
        _READINGS[_key(gpu_path)] = question.answer(deadline)
    gpus = _READINGS[_key(gpu_path)]
    outcomes, seen = imports.answer(deadline) if imports else (without_trying(), {})
    return Facts(
        python=".".join(map(str, sys.version_info[:3])),
        platform=sys.platform,
        packages=inventory.packages,
        torch=build.replace(**seen),
        gpus=gpus.gpus,
        other_gpus=gpus.other_gpus,
        driver=gpus.driver,
        cuda_driver=gpus.cuda_driver,
        model=model_facts,
        training=training_facts,
        checkpoint=checkpoint,
        environment=read_environment(),
        assumed=assumed_of(model),
        imports=outcomes,
        reasons={
            **inventory.reasons,
            **build_reasons,
            **gpus.reasons,
            **model_reasons,
            **training_reasons,
            **checkpoint_reasons,
        },
    )


def _is_live(model: Any) -> bool:
    return hasattr(model, "named_modules")


def _key(path: Sequence[str]) -> tuple[str, ...]:
    """What the answer depends on: the search path and the variables that CUDA reads."""
    return (*path, *(repr(os.environ.get(name)) for name in _VARIABLES))
