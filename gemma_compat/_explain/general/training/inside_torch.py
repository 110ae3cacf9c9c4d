"""Answers where a check inside of torch's own C++ code failed."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, always

_OF_MEMORY = Answer(
    "the GPU's memory is full, most likely, and torch failed while it looked up who holds it",
    (
        "nvidia-smi   : who holds the memory? a smaller batch, a shorter max_length",
        "python -m gemma_compat memory --model MODEL --gpu CARD   says what would fit",
        "nvidia-smi in the same container: a driver that was updated without a restart, a part "
        "of a card (MIG) and a Jetson refuse the look-up",
    ),
    why="torch asks the driver (NVML) for other processes only to report that memory ran out",
    known="the assertion is of CUDACachingAllocator, about NVML; that memory ran out is what other "
    "reports of it came to",
    certain=False,
    settles=False,
)
_inside = always(
    "a check inside of torch's own C++ code failed, which no input of yours should reach",
    "TORCH_SHOW_CPP_STACKTRACES=1 before the command: the last Python frame is the call to look at",
    "one process and one GPU, without torch.compile: does it fail there too?",
    "pip install -U torch   and what is compiled for it (flash-attn, xformers, "
    "bitsandbytes, deepspeed, apex)",
    why="a fault of torch, or native code that is built for another torch, or weights "
    "that were moved, cast or freed after DDP, FSDP or a hook had taken hold of them",
    known="the words are those of torch's own checks; which of these it is, they do not say",
    certain=False,
    settles=False,
)


def inside_torch(case: Case) -> Answer | None:
    """Answer by which part of torch holds the check."""
    text = f"{case.hit.text}\n{case.message}"
    if re.search(r"NVML_SUCCESS", text) and "CUDACachingAllocator" in text:
        return _OF_MEMORY
    return _inside(case)
