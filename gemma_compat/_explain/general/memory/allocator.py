"""Answers to too little memory by what PyTorch says of the card: a cap, fragments, others."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case
from .figures import Allocator, allocator_of

IN_FRAGMENTS = "the memory is in fragments"
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


_HOLDERS = (
    "an engine on the same card (vLLM, SGLang): a smaller share of it "
    "(vllm_gpu_memory_utilization), or its sleep mode",
    "ranks that share one card by mistake: CUDA_VISIBLE_DEVICES, local_rank, a fixed 'cuda:0' in "
    "the script",
)


def _beside_pytorch(found: Allocator, listed: int, smi: str) -> Answer:
    """Answer where a large part of the card is held by something that PyTorch does not count."""
    return Answer(
        f"{found.unaccounted:.1f} GiB of this card's {found.capacity or 0:.1f} GiB are in use "
        f"outside of PyTorch in this process, which holds {found.held or 0:.1f} GiB in "
        "tensors",
        (
            f"{smi}   on that machine: which processes hold the card?",
            *(tuple(reversed(_HOLDERS)) if listed > 1 else _HOLDERS),
        ),
        why=(f"the message lists {listed} other processes on this card; " if listed > 1 else "")
        + "another process, or what this one takes past PyTorch's allocator (an engine's "
        "weights and cache, NCCL); a container does not see processes outside of it",
        known="by arithmetic from the figures in the message; who holds it, they do not say",
        settles=False,
    )


def _on_the_first_card(case: Case) -> str:
    """Return, as the end of a sentence, that a later rank fills card 0; empty where none does."""
    rank = re.match(r"\[rank([1-9]\d{0,2})\]", case.hit.text)
    card = re.search(r"\bGPU 0\b", case.message)
    return f"; it is rank {rank[1]}, on GPU 0" if rank and card else ""


def by_allocator(case: Case, shared: Answer | None = None) -> Answer | None:
    """Answer by what PyTorch says of the card: a cap, or what others hold of it.

    Args:
        shared: the answer of a run beside an engine, which holds its part outside of PyTorch too.
    """
    found = allocator_of(case.message)
    capped = _by_a_cap(case, found.capacity)
    if capped is not None:
        return capped
    if found.others and found.capacity and found.others > max(1.0, 0.1 * found.capacity):
        if shared is not None:
            return shared.replace(
                why=f"other processes hold {found.others:.1f} GiB of this card's "
                f"{found.capacity:.1f}, and this one {found.own or 0:.1f}; {shared.why}"
            )
        old = (
            f"{_smi(case)}   names them; end those that are left over from earlier runs",
            "a notebook: restart its kernel",
        )
        return Answer(
            f"other processes hold {found.others:.1f} GiB of this card's {found.capacity:.1f} GiB, "
            f"and this one {found.own or 0:.1f} GiB{_on_the_first_card(case)}",
            (_HOLDERS[1], *old) if _on_the_first_card(case) else old,
            why="what the driver counts as used beyond this process is not this run's; ranks that "
            "share one card by mistake (CUDA_VISIBLE_DEVICES, local_rank) look the same",
            known="by arithmetic from the figures in the message",
            settles=False,
        )
    if found.capacity and found.unaccounted > max(2.5, 0.15 * found.capacity):
        if shared is not None:
            return None
        return _beside_pytorch(found, _listed(case.message), _smi(case))
    return None


def in_fragments(case: Case) -> Answer | None:
    """Answer where PyTorch holds more than was refused, and no tensor uses it."""
    found = allocator_of(case.message)
    on_apple = "MPS" in case.message
    if not found.is_fragmented or on_apple or "expandable_segments:True" in case.above:
        return None
    less = (
        "rows of one length, or a shorter max_length: fewer sizes, fewer fragments",
        "torch_empty_cache_steps=10   in the training arguments: blocks are given back",
    )
    return Answer(
        f"{found.asked:.2f} GiB were refused while PyTorch holds {found.unallocated:.2f} GiB that "
        f"no tensor uses: {IN_FRAGMENTS}",
        (_expandable(case), less[0]) if _may_expand(case) else less,
        why=f"tensors hold {found.held:.1f} GiB; freed blocks of other sizes do not serve"
        if found.held
        else "freed blocks of other sizes do not serve",
        known="the figures in the message; whether the run fits without fragments, they do not say",
        certain=False,
        settles=False,
    )


def _may_expand(case: Case) -> bool:
    """Return whether the allocator can use expandable segments: not on Windows, nor where vLLM
    keeps weights and cache in a pool that sleeps.
    """
    text = f"{case.above[-3000:]}{case.around}"
    windows = re.search(r"\b[A-Za-z]:\\+[\w .-]+\\", text)
    sleeps = re.search(r"UNSLOTH_VLLM_STANDBY|enable_sleep_mode|sleep_level|CuMemAllocator", text)
    return windows is None and sleeps is None


def _expandable(case: Case) -> str:
    if "PYTORCH_HIP_ALLOC_CONF" in case.message:
        return EXPANDABLE.replace("CUDA", "HIP")
    return EXPANDABLE


def also_in_fragments(case: Case) -> tuple[str, ...]:
    """Return what to try against fragments, where they are not the first thing to look at."""
    found = in_fragments(case)
    if found is None or not _may_expand(case):
        return ()
    held = allocator_of(case.message).unallocated or 0.0
    return (f"{_expandable(case)}   : {held:.1f} GiB that PyTorch holds are in no tensor",)


def _smi(case: Case) -> str:
    """Return the command that lists the processes on the cards of this maker."""
    if "HIP" in case.message or "HIP out of memory" in case.hit.text:
        return "rocm-smi --showpids"
    return "xpu-smi ps" if "XPU" in case.message else "nvidia-smi"


def _listed(message: str) -> int:
    """Return how many other processes the message lists on the card, whatever they hold."""
    own = re.search(r"Including non-PyTorch memory, this process", message) is not None
    return len(re.findall(r"\bProcess \d+ has ", message)) if own else 0
