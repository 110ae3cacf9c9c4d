"""Run one detection. Bad input fails before any child process is started."""

from __future__ import annotations

import os
import sys
from collections import ChainMap
from collections.abc import Sequence
from typing import Any

from ..facts import Facts
from ..live.snapshot import Snapshot
from ._deadline import Deadline
from ._unchanged import Unchanged
from .adapter import read_adapter
from .checkpoint import read_checkpoint
from .environment import read_environment
from .gpu import GpuQuestion, GpuReading
from .imports import ImportProbe, without_gpu, without_trying
from .libraries import read_libraries
from .loss_probe import with_loss
from .model import assumed_of, read_model
from .packages import Inventory, files_of_inventory, take_inventory
from .tokenizer import read_tokenizer
from .torch_build import files_of_torch_build, read_torch_build
from .training import read_training
from .unsloth import read_unsloth

# ``patch`` asks again before every train and evaluate. The cards do not change under a process,
# and a driver that hangs must cost its deadline once.
_READINGS: dict[tuple[str, ...], GpuReading] = {}
_INVENTORY = Unchanged(take_inventory, files_of_inventory)
_TORCH_BUILD = Unchanged(read_torch_build, files_of_torch_build)
_VARIABLES = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "LD_LIBRARY_PATH")


def detect(
    model: Any,
    args: Any,
    tokenizer: Any,
    adapter: Any,
    *,
    probe: bool,
    path: Sequence[str] | None,
    seconds: tuple[float, float],
) -> Facts:
    """Return all facts, as :func:`gemma_compat.detect.detect_facts` describes."""
    search = [str(entry) for entry in (sys.path if path is None else path)]
    inventory = _INVENTORY.answer(search) if _is_live(model) else take_inventory(search)
    readings = _read_parts(model, args, tokenizer, adapter, inventory, search)
    deadline, later = map(Deadline, seconds)
    gpu_path = [*search, *sys.path]
    question = None if _is_live(model) and _key(gpu_path) in _READINGS else GpuQuestion(gpu_path)
    imports = ImportProbe(search, inventory.packages) if probe else None
    if question:
        _READINGS[_key(gpu_path)] = question.answer(deadline)
    gpus = _READINGS[_key(gpu_path)]
    outcomes, seen = imports.answer(later) if imports else (without_trying(), {})
    libraries = _libraries(model, search, seen.pop("libraries", {}))
    parts = {name: part for name, (part, _) in readings.items()}
    parts["torch"] = parts["torch"].replace(**seen)
    return Facts(
        python=".".join(map(str, sys.version_info[:3])),
        platform=sys.platform,
        packages=inventory.packages,
        gpus=gpus.gpus,
        other_gpus=gpus.other_gpus,
        driver=gpus.driver,
        cuda_driver=gpus.cuda_driver,
        environment=read_environment(),
        assumed=assumed_of(model),
        imports=without_gpu(outcomes) if gpus.gpus == () else outcomes,
        libraries=libraries,
        reasons=dict(ChainMap(inventory.reasons, gpus.reasons, *(r for _, r in readings.values()))),
        **parts,
    )


def _libraries(model: Any, search: Sequence[str], loaded: dict[str, str]) -> dict[str, str]:
    """Return the CUDA libraries; none for a live model, for which ``patch`` asks at every step."""
    return {} if _is_live(model) else {**read_libraries(search, os.environ), **loaded}


def _read_parts(
    model: Any,
    args: Any,
    tokenizer: Any,
    adapter: Any,
    inventory: Inventory,
    search: Sequence[str],
) -> dict[str, tuple[Any, dict[str, str]]]:
    """Return each part of the facts by its field, with why the rest of it is unknown."""
    live = Snapshot(model) if _is_live(model) else None
    source = live or model
    model_reading = read_model(source)  # report a wrong model before wrong arguments
    training = read_training(args, inventory.packages.get("transformers"))
    if adapter is not None:  # the run trains it
        training = (training[0].replace(peft=True), training[1])
    return {
        "model": with_loss(source, model_reading, training[0]),
        "training": training,
        "checkpoint": read_checkpoint(source),
        "tokenizer": read_tokenizer(tokenizer, source),
        "adapter": read_adapter(adapter, source),
        "torch": _TORCH_BUILD.answer(search) if live else read_torch_build(search),
        "unsloth": read_unsloth(inventory.packages, live, read_environment()),
    }


def _is_live(model: Any) -> bool:
    return hasattr(model, "named_modules")


def _key(path: Sequence[str]) -> tuple[str, ...]:
    """Return what the answer depends on: the search path and the variables that CUDA reads."""
    return (*path, *(repr(os.environ.get(name)) for name in _VARIABLES))
