"""Checkpoints that a run is resumed from, and files that torch does not unpickle."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_OF_A_RUN = re.compile(r"\bin (?:_load_rng_state|_load_optimizer_and_scheduler|load_checkpoint)\b")


_TORCH_TOO_OLD = Answer(
    "transformers refuses to read a .bin or .pt file with a torch before 2.6",
    (
        "pip install -U 'torch>=2.6'   with the torchvision and CUDA that go with it",
        "or weights in safetensors: model.safetensors beside config.json; on the Hub often "
        "revision='refs/pr/N', or another copy of the model",
        "a run that is resumed: without optimizer.pt and scheduler.pt in the checkpoint "
        "its "
        "optimizer begins anew",
    ),
    why="torch.load could run code in a file before 2.6 (CVE-2025-32434)",
    known="the message",
)


_STATE_OF_A_RUN = Answer(
    "torch refuses to unpickle the state of a run that is resumed: it holds more than tensors",
    (
        "pip install -U transformers accelerate deepspeed   : newer ones allow what they save",
        "mv CHECKPOINT/rng_state*.pth elsewhere   where _load_rng_state fails: the run "
        "goes "
        "on, with another order of chance",
        "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 before the command   for a checkpoint of your "
        "own (it may run code); it acts where the call in the frame says no weights_only",
    ),
    why="torch.load takes weights_only=True by default from 2.6 on; a checkpoint that "
    "another "
    "release of NumPy or torch wrote has types that are not on the list",
    known="the message, and the frames or files, which are those of a run's state",
    settles=False,
)


def _unpickled(case: Case) -> Answer:
    """Tell the state of a run, which the Trainer reads, from weights and other files."""
    if "upgrade torch to at least" in f"{case.hit.text} {case.message}":
        return _TORCH_TOO_OLD
    said = case.frames or case.near  # a list of files beside a traceback does not tell
    if _OF_A_RUN.search(case.frames) or re.search(r"rng_state|optimizer\.pt", said):
        return _STATE_OF_A_RUN
    return Answer(
        "torch refuses to unpickle a file that may hold code",
        (
            "torch.load(FILE, weights_only=False)   in code of your own, for a file that you trust",
            "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 before the command   for a package's call of it; "
            "or "
            "weights in safetensors",
            "pip install -U transformers accelerate   : newer ones ask for less, or allow what "
            "they "
            "save",
        ),
        why="torch.load takes weights_only=True by default from 2.6 on: tensors, and types that "
        "are "
        "allowed by name",
        known="the message; the type that it refuses stands below it",
        settles=False,
    )


def _nothing_to_resume(case: Case) -> Answer:
    """Tell an empty folder from a checkpoint that is not whole."""
    if "output directory" in case.hit.text:
        return Answer(
            "there is no checkpoint-N in the output folder to resume from",
            (
                "leave resume_from_checkpoint out for a first run",
                "ls OUTPUT   : output_dir of the run that wrote the checkpoints, and a step number "
                "that save_steps reached",
            ),
            known="the Trainer says so",
        )
    return Answer(
        "a run cannot be resumed from that folder: it belongs to no step, or lacks its weights",
        (
            "resume_from_checkpoint='OUTPUT/checkpoint-N'   : the folder of one step, with "
            "trainer_state.json",
            "ls -l CHECKPOINT   : model.safetensors, or adapter_model.safetensors for an adapter; "
            "a save that broke off lacks them",
        ),
        known="the Trainer says so; what the folder holds, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "nothing-to-resume",
        r"No valid checkpoint found in output directory|Can't find a valid checkpoint at",
        _nothing_to_resume,
        {
            "ValueError: No valid checkpoint found in output directory (out)": "for a first run",
            "ValueError: Can't find a valid checkpoint at out/checkpoint-5": "adapter_model",
        },
    ),
    General(
        "weights-only-load",
        r"Weights only load failed|upgrade torch to at least v2\.6",
        _unpickled,
        {
            "_pickle.UnpicklingError: Weights only load failed. This file can still be loaded": (
                "weights_only=False"
            ),
            '  File "/x/site-packages/transformers/trainer.py", line 9, in _load_rng_state\n    '
            "a = "
            "torch.load(b)\n_pickle.UnpicklingError: Weights only load failed. This file can": (
                "rng_state"
            ),
            "checkpoint-9: optimizer.pt model.bin rng_state.pth\nTraceback (most recent "
            'call last):\n  File "/w/a.py", line 9, in f\n    torch.load("model.bin")\n'
            "_pickle.UnpicklingError: Weights only load failed. This file can still": (
                "a file that may hold code"
            ),
            "ValueError: Due to a serious vulnerability issue in `torch.load`, we now require "
            "users "
            "to upgrade torch to at least v2.6": "torch>=2.6",
        },
    ),
)
