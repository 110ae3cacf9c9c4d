"""Puts one detection together. Bad input fails before any child process is started."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from ..facts import Facts
from ._deadline import Deadline
from .gpu import GpuQuestion
from .imports import ImportProbe, without_trying
from .model import read_model
from .packages import take_inventory
from .torch_build import read_torch_build
from .training import read_training


def detect(
    model: Any, args: Any, *, probe: bool, path: Sequence[str] | None, deadline_seconds: float
) -> Facts:
    """See :func:`gemma_compat.detect.detect_facts`."""
    search = [str(entry) for entry in (sys.path if path is None else path)]
    inventory = take_inventory(search)
    model_facts, model_reasons = read_model(model)
    training_facts, training_reasons = read_training(args, inventory.packages.get("transformers"))
    build, build_reasons = read_torch_build(search)
    deadline = Deadline(deadline_seconds)
    question = GpuQuestion([*search, *sys.path])
    imports = ImportProbe(search, inventory.packages) if probe else None
    gpus = question.answer(deadline)
    return Facts(
        python=".".join(map(str, sys.version_info[:3])),
        platform=sys.platform,
        packages=inventory.packages,
        torch=build,
        gpus=gpus.gpus,
        driver=gpus.driver,
        model=model_facts,
        training=training_facts,
        imports=imports.answer(deadline) if imports else without_trying(),
        reasons={
            **inventory.reasons,
            **build_reasons,
            **gpus.reasons,
            **model_reasons,
            **training_reasons,
        },
    )
