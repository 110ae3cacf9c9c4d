"""Answers to too little memory by what PyTorch says of the card: a cap, fragments, others."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case
from .figures import Allocator, allocator_of

EXPANDABLE = "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True   before the command"


def _by_a_cap(case: Case, capacity: float | None) -> Answer | None:
    """Answer a share of the card that the process itself is held to."""
    capped = re.search(r"(?P<cap>\d+(?:\.\d+)?) GiB allowed;", case.message)
    if not (capped and capacity) or float(capped["cap"]) >= 0.97 * capacity:
        return None
    return Answer(
        f"this process may take {capped['cap']} GiB of the card's {capacity:.1f} GiB, "
        "and wants more",
        (
            "torch.cuda.set_per_process_memory_fraction(1.0)   or without that call",
            "per_device_train_batch_size=1, gradient_checkpointing=True, a shorter max_length",
        ),
        why="the script, or a setting that it reads, limits the process to a share of the card",
        known="the message has the limit",
        settles=False,
    )


def _beside_pytorch(found: Allocator) -> Answer:
    """Answer where a large part of the card is held by something that PyTorch does not count."""
    return Answer(
        f"{found.unaccounted:.1f} GiB of this card's {found.capacity or 0:.1f} GiB are in use "
        f"outside of PyTorch in this process, which holds {found.held or 0:.1f} GiB in "
        "tensors",
        (
            "nvidia-smi   on that machine: which processes hold the card?",
            "an engine on the same card (vLLM, SGLang): a smaller share of it "
            "(vllm_gpu_memory_utilization), or its sleep mode",
            "ranks that share one card by mistake: CUDA_VISIBLE_DEVICES, local_rank",
        ),
        why="another process, or what this one takes past PyTorch's allocator (an engine's "
        "weights and cache, NCCL); a container does not see processes outside of it",
        known="by arithmetic from the figures in the message; who holds it, they do not say",
        settles=False,
    )


def by_allocator(case: Case) -> Answer | None:
    """Answer by what PyTorch says of the card: fragments, or another process."""
    found = allocator_of(case.message)
    capped = _by_a_cap(case, found.capacity)
    if capped is not None:
        return capped
    if found.others and found.capacity and found.others > max(1.0, 0.1 * found.capacity):
        return Answer(
            f"other processes hold {found.others:.1f} GiB of this card's {found.capacity:.1f} GiB, "
            f"and this one {found.own or 0:.1f} GiB",
            (
                "nvidia-smi   names them; end those that are left over from earlier runs",
                "a notebook: restart its kernel",
            ),
            why="what the driver counts as used beyond this process is not this run's; ranks that "
            "share one card by mistake (CUDA_VISIBLE_DEVICES, local_rank) look the same",
            known="by arithmetic from the figures in the message",
            settles=False,
        )
    if found.capacity and found.unaccounted > max(4.0, 0.15 * found.capacity):
        return _beside_pytorch(found)
    on_apple = "MPS" in case.message
    if not found.is_fragmented or on_apple or "expandable_segments:True" in case.above:
        return None
    return Answer(
        f"{found.asked:.2f} GiB were refused while PyTorch holds {found.unallocated:.2f} GiB that "
        "no tensor uses: the memory is in fragments",
        (EXPANDABLE, "rows of one length, or a shorter max_length: fewer sizes, fewer fragments"),
        why=f"tensors hold {found.held:.1f} GiB; freed blocks of other sizes do not serve"
        if found.held
        else "freed blocks of other sizes do not serve",
        known="the figures in the message; whether the run fits without fragments, they do not say",
        certain=False,
        settles=False,
    )
