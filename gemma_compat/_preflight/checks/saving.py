"""Check whether the run's checkpoints can be written, and be read again."""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...live.unwrap import peft_wrapper
from ..result import CheckResult
from ._answers import NO_TRAINER, failed, first_line, not_run, passed, warned
from .adapters import adapted
from .reloading import of_shapes, of_shared

if TYPE_CHECKING:
    from ..subject import Subject

_LONG = 200  # characters of an error
_MOMENTS = 2  # values that Adam keeps for each trained one


def checkpoint_can_be_saved(subject: Subject) -> CheckResult:
    """Check the configs that are written, the folder, its disk, and whose model is saved."""
    if subject.trainer is None:
        return not_run(NO_TRAINER)
    try:
        found = (
            _of_bare_adapter(subject)
            or _of_configs(subject)
            or of_shared(subject)
            or of_shapes(subject)
            or _of_folder(subject)
        )
    except OSError as error:  # of a folder for copies of the configs, or of output_dir
        return not_run(f"the disk cannot be looked at: {first_line(error)}")
    return found or passed("the configs can be written, and the folder takes a checkpoint")


def _saves(subject: Subject) -> bool:
    strategy = subject.value("save_strategy", "no")
    return str(getattr(strategy, "value", strategy)) != "no"


def _of_bare_adapter(subject: Subject) -> CheckResult | None:
    """Judge a model that got LoRA layers inside while the Trainer holds it without its wrapper."""
    if peft_wrapper(subject.model) is not None:
        return None
    if getattr(subject.base, "_hf_peft_config_loaded", False):
        return None  # transformers' own add_adapter, whose save_pretrained knows it
    if type(subject.model).__name__.startswith("Peft") or not adapted(subject.model):
        return None
    return warned(
        "the model has LoRA layers, and the Trainer holds it without PEFT's wrapper: checkpoints "
        "are whole models with names that from_pretrained does not find, and not an adapter",
        help="model = get_peft_model(model, config) before Trainer(model=model)",
    )


def _of_configs(subject: Subject) -> CheckResult | None:
    """Write copies of what is written beside the weights to a folder that is deleted again."""
    for name, config in _written(subject):
        with tempfile.TemporaryDirectory() as folder:
            try:
                copy.deepcopy(config).save_pretrained(folder)
            except OSError:
                raise  # of this machine's disk, and not of the config
            except Exception as error:  # probe boundary: whatever a config of the user raises
                tell = failed if _saves(subject) else warned
                return tell(
                    f"saving stops at {name}: {_said(error)}",
                    help=f"mend model.{name} before the run; {_HINTS[name]}",
                )
    return None


def _said(error: BaseException) -> str:
    """Return the error on one line; transformers says what is invalid on the second one."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return text if len(text) <= _LONG else text[: _LONG - 3] + "..."


_HINTS = {
    "generation_config": "model.generation_config.do_sample = True if temperature, top_p or top_k "
    "is set",
    "config": "it takes numbers, texts, lists and dicts",
    "peft_config": "it takes numbers, texts, lists and dicts",
}


def _written(subject: Subject) -> list[tuple[str, Any]]:
    """Return the configs that a checkpoint holds: an adapter's, or the model's two."""
    wrapper = peft_wrapper(subject.model)
    if wrapper is not None:
        return [("peft_config", config) for config in getattr(wrapper, "peft_config", {}).values()]
    names = ("config", "generation_config")
    found = [(name, getattr(subject.base, name, None)) for name in names]
    return [(name, config) for name, config in found if hasattr(config, "save_pretrained")]


def _of_folder(subject: Subject) -> CheckResult | None:
    """Judge the folder of the checkpoints, or the nearest one above it that exists."""
    stated = subject.value("output_dir")
    if not stated or not _saves(subject):
        return None
    folder = Path(stated).expanduser().absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        why = "is not a folder" if not folder.is_dir() else "cannot be written to"
        return failed(
            f"no checkpoint can be saved: {folder} {why}",
            help="output_dir= a folder that you may write to",
        )
    need, free = _bytes(subject), shutil.disk_usage(folder).free
    if need <= free:
        return None
    return failed(
        f"a checkpoint takes {need / 2**30:.1f} GiB, and the disk of output_dir has "
        f"{free / 2**30:.1f} GiB left",
        help="another output_dir, or save_only_model=True, which leaves out the optimizer's state",
    )


def _bytes(subject: Subject) -> float:
    """Return what one checkpoint takes at least: the weights that are saved, and Adam's state."""
    trained = sum(_size(p) for p in subject.model.parameters() if p.requires_grad)
    every = sum(_size(p) for p in subject.model.parameters())
    weights = trained if peft_wrapper(subject.model) is not None else every
    stated = subject.value("optim", "adamw")
    is_adamw = str(getattr(stated, "value", stated)).startswith("adamw_torch")
    state = _MOMENTS * trained if is_adamw and not subject.value("save_only_model") else 0
    return float(weights + state)


def _size(parameter: Any) -> int:
    return int(parameter.numel() * parameter.element_size())
