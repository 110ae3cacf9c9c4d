"""What the watchdogs of several processes tell together: exchanges that do not fit."""

from __future__ import annotations

import itertools
import re

from ...answer import Answer

# A watchdog's line: who waits, in which exchange, and how many numbers this process gives.
_WAITS = re.compile(
    r"\[(?P<group>[^\]\n]{0,60}?)[Rr]ank (?P<rank>\d+)\] Watchdog caught"
    r"[^\n]{0,200}?WorkNCCL\(SeqNum=(?P<number>\d+), OpType=(?P<kind>\w+), NumelIn=(?P<size>\d+)"
)
# Exchanges to which every process gives as much as the others.
_EVEN = frozenset({"ALLREDUCE", "_ALLGATHER_BASE", "_REDUCE_SCATTER_BASE", "ALLREDUCE_COALESCED"})
SAME_BRANCH = (
    "every rank has to come by: no `if rank == 0:` around a save, an evaluation, generate() or "
    "gather; as many batches for each rank"
)
PAD = "accelerator.pad_across_processes(x, dim=0)   (and dim=1) before gather"


def unlike(near: str) -> Answer | None:
    """Answer time-outs of several processes whose exchanges are not the same one."""
    first: dict[str, re.Match[str]] = {}
    for match in _WAITS.finditer(near):
        first.setdefault(match["rank"], match)
    waits = sorted(first.values(), key=lambda match: int(match["rank"]))
    if len({match["group"].strip(": ") for match in waits}) > 1:
        return None  # several groups of processes count for themselves
    for one, other in itertools.pairwise(waits):
        if one["number"] == other["number"] and one["kind"] == other["kind"]:
            if one["size"] != other["size"] and one["kind"] in _EVEN:
                return _other_sizes(one, other)
        elif (one["number"], one["kind"]) != (other["number"], other["kind"]):
            return _other_exchanges(one, other)
    return None


def _other_sizes(one: re.Match[str], other: re.Match[str]) -> Answer:
    return Answer(
        f"the processes hand tensors of unlike size to one exchange ({one['kind']}): "
        f"{one['size']} numbers on rank {one['rank']}, {other['size']} on rank {other['rank']}",
        (PAD, "dataloader_drop_last=True, or pad every batch to one length"),
        why="NCCL does not compare the sizes; it waits for the numbers that are missing",
        known="the watchdogs of both ranks print what they wait for",
    )


def _other_exchanges(one: re.Match[str], other: re.Match[str]) -> Answer:
    return Answer(
        f"the processes wait in exchanges that are not the same: {_told(one)}, {_told(other)}",
        (
            SAME_BRANCH,
            f"{PAD}: tensors of unlike size let one rank pass and the other wait",
            "TORCH_DISTRIBUTED_DEBUG=DETAIL before the command: it stops at the first exchange "
            "that differs, and names it",
        ),
        why="one rank took a branch that the others did not, or gave another size: each waits for "
        "what the other does not do",
        known="the watchdogs of both ranks print what they wait for; why it came to that, they do "
        "not say",
        certain=bool(one["group"].strip(": ")),  # old torch names no group: each counts for itself
    )


def _told(match: re.Match[str]) -> str:
    return f"rank {match['rank']} in number {match['number']} ({match['kind']})"
