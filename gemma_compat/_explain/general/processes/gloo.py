"""What Gloo, the backend of the CPU, says of several processes."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .collectives import PAD, SAME_BRANCH


def _gloo_waited(case: Case) -> Answer | None:
    if " for " not in case.match[0] and not re.search(r"\bgloo\b", case.near):
        return None  # a browser's test waits in the same words
    return Answer(
        f"a process waited for another in Gloo until its time was over: {case.match['time']} ms",
        (
            "look at the other ranks' logs: the one without this message is where it began",
            SAME_BRANCH,
            "ddp_timeout=7200   (timeout= of init_process_group) where the work in between is only "
            "slow",
        ),
        why="one rank failed, is still at work, or took another branch",
        known="Gloo says so; which rank is at fault, this log need not say",
        settles=False,
    )


_FAILED_FIRST = re.compile(r"\[rank(?P<rank>\d+)\]: (?P<error>[\w.]{1,80}Error: [^\n]{1,200})")


def _gloo_lost(case: Case) -> Answer:
    answer = Answer(
        "another process of the run ended or left, and this one only reports the connection",
        (
            "the other ranks' lines: the earliest error among them, or a rank that says it is done",
            SAME_BRANCH,
            "dmesg -T | grep -i 'killed process'   where a rank ended and wrote nothing",
        ),
        why="a process that failed, was killed, or had fewer batches than the others and finished "
        "first",
        known="Gloo says so; why the other is gone, it does not say",
        settles=False,
    )
    errors = _FAILED_FIRST.finditer(case.hit.before)
    first = next((match for match in errors if "gloo/transport" not in match["error"]), None)
    if first is None:
        return answer
    return answer.replace(
        happened=f"this process only reports the connection; rank {first['rank']} failed before "
        f"it, with {first['error']}",
        do=("look at that error: what stands after it in the log is its echo",),
        known="the log has both, in this order",
    )


KINDS: tuple[General, ...] = (
    General(
        "gloo-waited",
        r"Timed out waiting (?P<time>\d+) ?ms\b(?: for (?:recv|send) operation)?",
        _gloo_waited,
        {
            "[rank0]: RuntimeError: [/pytorch/third_party/gloo/gloo/transport/tcp/unbound_buffer.cc"
            ":78] Timed out waiting 5000ms for recv operation to complete": "5000 ms",
            "playwright: Timed out waiting 30000ms for locator": "",
        },
        alone=True,
    ),
    General(
        "gloo-lost-a-peer",
        r"\bgloo\b[^\n]{0,200}Connection (?:closed by peer|reset by peer|refused)",
        _gloo_lost,
        {
            "[rank1]: RuntimeError: [/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:553] "
            "Connection closed by peer [127.0.0.1]:55960": "earliest error",
            "[rank0]: RuntimeError: no score\n[rank1]: RuntimeError: [/pytorch/third_party/gloo/"
            "gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:55960": (
                "with RuntimeError: no score"
            ),
        },
        alone=True,
    ),
    General(
        "gloo-other-sizes",
        r"ProcessGroupGloo::\w{3,20}: invalid tensor size at index \d+ \(expected "
        r"\((?P<one>[\d, ]*)\), got \((?P<other>[\d, ]*)\)\)",
        lambda case: Answer(
            "the tensors of one exchange differ in size: "
            f"({case.match['one']}) and ({case.match['other']})",
            (PAD, "torch.empty_like(x)   for each place of the list that is gathered into"),
            why="all processes have to give and expect the same size",
            known="torch compares the sizes",
        ),
        {
            "RuntimeError: ProcessGroupGloo::allgather: invalid tensor size at index 0 (expected "
            "(4), got (3))": "(4) and (3)"
        },
    ),
    General(
        "gloo-cannot-connect",
        r"connectFullMesh failed",
        always(
            "the processes could not connect over Gloo (the CPU's link)",
            "GLOO_SOCKET_IFNAME=INTERFACE   before the command: the network that they share; lo on "
            "one machine",
            "hostname -i   : an address that the others cannot reach (127.0.1.1)? Then /etc/hosts",
            why="each process tells the others the address that its host name stands for",
            known="the message; which address it was, it does not say",
            certain=False,
            settles=False,
        ),
        {
            "RuntimeError: Gloo connectFullMesh failed with [../third_party/gloo/gloo/transport/"
            "tcp/pair.cc:144] no error": "GLOO_SOCKET_IFNAME",
        },
    ),
)
