"""Answers where another process of the run is late, gone or cannot be reached."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

# The store of rank 0 does not answer, or rank 0 has not put NCCL's number into it.
_NOT_SET = re.compile(r"(?i)wait timeout|Socket Timeout|Timeout waiting for key")


def of_rank_0(case: Case) -> Answer:
    """Answer a rank that got no number of NCCL from rank 0: it is late, or gone."""
    late = _NOT_SET.search(f"{case.hit.text}{case.hit.after[:400]}") is not None
    slow = (
        "rank 0 prepares rows or loads first: ddp_timeout=7200, "
        "init_process_group(timeout=timedelta(hours=2)), or prepare them before the launch"
    )
    own = "rank 0's own log: an error or a killed process there came first"
    return Answer(
        "this rank waited for rank 0 at the first collective, and rank 0 did not come in time"
        if late
        else "this rank lost rank 0, which holds the store that the processes meet by: it ended "
        "first, most often",
        (
            *((slow, own) if late else (own,)),
            "dmesg -T | grep -i 'killed process'   on rank 0's machine: was it ended for memory?",
            "several machines: is MASTER_PORT open for all the time, and NCCL_SOCKET_IFNAME the "
            "network that they share?",
        ),
        why="rank 0 puts NCCL's number into the store at the first collective; the others only "
        "wait for it, as long as the time-out allows (ten minutes, unless it is set)",
        known="the message: the store was reached"
        + (", and the number was not in it" if late else ", and then the connection ended"),
        settles=False,
    )
