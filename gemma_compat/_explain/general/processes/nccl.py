"""Answers to NCCL: a collective that never became complete, or what it passes on of others."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case
from .collectives import unlike


def waited(case: Case) -> Answer:
    """Answer a collective that timed out."""
    near = f"{case.near}{case.around}"
    if re.search(r"monitoredBarrier|Socket Timeout", case.hit.text):
        return _WAITED.replace(  # Gloo's barrier, and the store: no NCCL in either
            happened="a process waited for the others until its time was over",
            known="the message; which rank is at fault, this log need not say",
        )
    if re.search(r"OpType=BROADCAST", near) and re.search(r"\bverl\b", near):
        return Answer(
            "a process waited in a broadcast until NCCL gave up; in verl before 0.8 that can be "
            "the buffers of a Gemma 4 under FSDP2",
            (
                'pip install -U "verl>=0.8"',
                "or the other ranks' logs: the one without this message is where it began",
            ),
            why="verl up to 0.7.1 broadcasts the model's buffers in the order in which each rank "
            "has them, 0.8.0 by name: the rotary buffers of Gemma 4 have two lengths, so another "
            "order never ends",
            known="the watchdog says that it waited; verl's function was read in 0.7.1 and 0.8.0",
            certain=False,
            settles=False,
        )
    whole = f"{case.hit.before}{case.hit.text}{case.hit.after}"
    stepped = bool(case.log.figures.losses)
    found = unlike(whole) or (None if stepped else _by_its_number(near))
    found = found or _by_what_ran(case) or _WAITED
    return found.replace(do=(*found.do, _EXPERTS)) if _experts_are_cut(near) else found


_EXPERTS = (
    "experts under ZeRO-3: deepspeed.utils.set_z3_leaf_modules(model, [CLASS OF THE BLOCK OF "
    "EXPERTS]): a rank that uses fewer experts gathers fewer weights, and the others wait"
)


def _experts_are_cut(near: str) -> bool:
    """Return whether a mixture of experts is trained where weights are gathered layer by layer."""
    experts = re.search(r"(?i)mixtral|\bmoe\b|[-_ ]moe[-_ ]|-a\d{1,2}b\b|\bexperts\b", near)
    return experts is not None and re.search(r"(?i)zero-?_?3|stage ?3|ALLGATHER", near) is not None


_AFTER_AN_EVALUATION = (
    "eval_strategy='no'   for some steps: if it then goes on, the evaluation is behind it",
    "dataloader_drop_last=True, and the same number of rows for each rank; all ranks call "
    "evaluate(), generate() and gather",
)
_AFTER_A_SAVE = (
    "save_strategy='no'   for some steps: if it then goes on, the save is behind it",
    "all ranks call the save (ZeRO-3, FSDP gather), and none only on rank 0; output_dir on a "
    "local disk",
    "ddp_timeout=7200   where the save is only slow",
)


_EVALUATED = re.compile(r"'?eval_(?:loss|runtime)|\*{3,5} Running (?:Eval|Pred)")
_SAVED = re.compile(
    r"(?i)saving (?:model )?checkpoint|checkpoint \S{1,80} is ready|\bsaved? [^\n]{0,40}checkpoint"
)


def _by_what_ran(case: Case) -> Answer | None:
    """Answer a time-out whose last lines before it are of an evaluation or of a save."""
    above = case.hit.before[-700:]
    evaluated = [m.start() for m in _EVALUATED.finditer(above)]
    saved = [m.start() for m in _SAVED.finditer(above)]
    stepped = [m.start() for m in re.finditer(r"\{'loss': ", above)]
    last = max((*evaluated, *saved, -1))
    if last < 0 or last < max((*stepped, -1)):
        return None
    when, do = (
        ("evaluation", _AFTER_AN_EVALUATION) if last in evaluated else ("save", _AFTER_A_SAVE)
    )
    return _WAITED.replace(
        happened=f"a process waited for the others until NCCL gave up; the last that the log shows "
        f"before it is {'an' if when == 'evaluation' else 'a'} {when}",
        do=(*do, _WAITED.do[0]),
        known=f"the watchdog says so; that the {when} is behind it is likely",
        certain=False,
    )


_WAITED = Answer(
    "a process waited for the others until NCCL gave up",
    (
        "look at the other ranks' logs: the one without this message is where it began",
        "ddp_timeout=7200 where the work in between (tokenising, saving) is only slow",
    ),
    why="one rank failed, is still loading data, or took another branch (an evaluation, a save, "
    "an uneven last batch), so that the collective never became complete",
    known="the watchdog says so; which rank is at fault, this log need not say",
)
_NUMBERED = re.compile(r"WorkNCCL\(SeqNum=(?P<number>\d+), OpType=(?P<kind>\w+)")
_EARLY = 4  # collectives, before which no step was taken
_PREPARES = re.compile(
    r"(?:Map|Running tokenizer[^\n]{0,60}|Tokenizing[^\n]{0,60}|Packing|Filter|"
    r"(?:Generating|Creating|Loading|Preparing|Processing) [\w ]{1,30})"
    r"[^\n]{0,30}:? {1,9}\d{1,3}%"
)


def _by_its_number(near: str) -> Answer | None:
    """Answer a time-out of the run's first collectives, before any step."""
    numbers = [int(match["number"]) for match in _NUMBERED.finditer(near)]
    if not numbers or max(numbers) > _EARLY:
        return None
    if _PREPARES.search(near):
        return _WAITED.replace(
            happened="processes waited for the others in one of their first collectives until NCCL "
            "gave up; the log has the preparation of rows before it",
            do=(
                "ddp_timeout=7200   or prepare the rows once, before the launch: a cache on disk, "
                "tokenized_path",
                "one cache for all ranks (HF_DATASETS_CACHE on a disk that all see): else each "
                "prepares its own",
                *_WAITED.do[:1],
            ),
            known="the watchdog gives the collective's number; that rank 0 was still preparing is "
            "likely",
            certain=False,
        )
    return _WAITED.replace(
        happened="processes waited for the others in one of their first collectives, before any "
        "step, until NCCL gave up",
        do=(
            _WAITED.do[0],
            "NCCL_DEBUG=INFO NCCL_P2P_DISABLE=1 before the command: does it go on? Then the path "
            "between the cards is it",
            "several machines: NCCL_SOCKET_IFNAME=INTERFACE NCCL_IB_DISABLE=1",
            "py-spy dump --pid PID   of each rank while it waits: one may still be loading, or has "
            "failed",
        ),
        why="the cards do not reach each other (PCIe access control, a virtual machine, RTX cards "
        "without P2P, another network), or one rank has not come that far",
        known="the watchdog gives the collective's number; which of these it is, it does not say",
    )


_CUDA_BELOW = re.compile(r"(?:Cuda|CUDA) failure(?: \d{1,3})? ?'(?P<reason>[^'\n]{3,80})'")
_FULL_FOR_NCCL = Answer(
    "a card was full when NCCL asked for memory on it",
    (
        "nvidia-smi   on that machine: does another process hold the card?",
        "or leave room: a smaller batch, or a smaller share for vLLM",
    ),
    why="NCCL makes its buffers at the first collective, outside of PyTorch's memory",
    known="NCCL says so: Cuda failure 'out of memory'; what fills the card is not in the log",
    settles=False,
)
_OF_CUDA = Answer(
    "a call of CUDA failed inside NCCL",
    (
        "NCCL_DEBUG=WARN before the command: it prints CUDA's own error (Cuda failure '...')",
        "nvidia-smi   : a card that is full, held by another process or in a bad state; a driver "
        "for torch's CUDA",
        "one process per card: torch.cuda.set_device(int(os.environ['LOCAL_RANK']))",
    ),
    why="NCCL passes on whatever CUDA told it: a full card, an earlier error of a kernel, a driver "
    "that is too old, two processes on one card",
    known="NCCL's code; what CUDA said, only the line that NCCL_DEBUG=WARN adds says",
    settles=False,
)
_OF_THE_SYSTEM = Answer(
    "a call of the system failed inside NCCL (a socket, shared memory, a file)",
    (
        "NCCL_DEBUG=INFO before the command: the line before the error names the call",
        "df -h /dev/shm   in a container: docker run --shm-size=16g --ipc=host",
        "NCCL_SOCKET_IFNAME=INTERFACE   where a machine has several networks; NCCL_IB_DISABLE=1 "
        "without InfiniBand",
        "the other ranks' logs: one that ended first closes its sockets",
    ),
    why="shared memory that is too small, a network that the machines do not share, or a rank that "
    "is gone",
    known="NCCL's code; which call it was, it does not say here",
    settles=False,
)
_UNREACHABLE = re.compile(
    r"(?i)(?:connect|socket)[^\n]{0,160}(?P<said>no route to host|connection refused|"
    r"connection timed out|network is unreachable)"
)
_OF_THE_NETWORK = Answer(
    "NCCL cannot reach another process of the run over the network",
    (
        "NCCL_SOCKET_IFNAME=INTERFACE   the network that both machines are on (ip addr)",
        "open all ports between the machines: NCCL takes free ones beside MASTER_PORT; sysctl "
        "net.ipv4.ip_local_port_range limits which",
        "NCCL_DEBUG=INFO   names the address and the port that it tried",
    ),
    why="a firewall, an address of a network that the other machine is not on (docker0, a VPN), or "
    "a process that has ended already",
    known="NCCL has the system's own words",
    settles=False,
)
_OF_A_PEER = Answer(
    "NCCL lost another process of the run: that one ended first, and this is only the echo",
    (
        "the other ranks' and machines' logs: the earliest error among them",
        "dmesg -T | grep -iE 'killed process|xid'   on each machine",
        "NCCL_DEBUG=INFO   names the peer",
    ),
    why="a process that failed or was killed, or a network that went down, closes the connection",
    known="NCCL's code",
    settles=False,
)


_ABORTED = _OF_A_PEER.replace(
    happened="NCCL's link was given up: another error or a time-out came first, in this process or "
    "in another",
    why="the watchdog aborts the communicator after a failure, and whatever waits in it gets this",
    known="the message says that it was aborted, not why",
)


def failed(case: Case) -> Answer | None:
    """Answer an error of NCCL by what it passes on."""
    if "Watchdog caught collective operation timeout" in f"{case.above}{case.hit.before}":
        return waited(case)
    near = case.near
    below = _CUDA_BELOW.search(near)
    if below and below["reason"] == "out of memory":
        return _FULL_FOR_NCCL
    if below:
        return _OF_CUDA.replace(
            happened=f"a call of CUDA failed inside NCCL: {below['reason']}",
            known="NCCL has CUDA's own words; why it came to that, they do not say",
        )
    line = f"{case.hit.text}\n{case.hit.after[:600]}"
    if re.search(r"invalid usage|InvalidUsage", line):
        return None  # another kind answers
    if "communicator was aborted" in case.hit.text:
        return _ABORTED
    if re.search(
        r"ncclRemoteError|remote process exited|Connection (?:reset|closed) by (?:remote )?peer",
        line,
    ):
        return _OF_A_PEER
    unreachable = _UNREACHABLE.search(line)
    if unreachable:
        return _OF_THE_NETWORK.replace(
            happened="NCCL cannot reach another process of the run over the network: "
            f"{unreachable['said'].lower()}"
        )
    if re.search(r"(?i)unhandled system error|ncclSystemError", line):
        return _OF_THE_SYSTEM
    if re.search(r"(?i)unhandled cuda error|ncclUnhandledCudaError", line):
        return _OF_CUDA
    return Answer(
        "NCCL could not carry out a collective",
        ("NCCL_DEBUG=INFO before the command: it prints which rank and which link",),
        why="a link or a peer failed, or another process of the job stopped first",
        known="the message; the reason is in the lines that NCCL_DEBUG=INFO adds",
        certain=False,
    )
