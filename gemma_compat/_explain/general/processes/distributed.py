"""Several processes: how they find each other, and what FSDP does to weights."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .peers import of_rank_0

# The functions in which ZeRO makes its groups.
_SETS_UP = re.compile(r"__init__|_create|_set|_config|_init|flatten|_partition|_defragment")


def _zero_without_parameters(case: Case) -> Answer | None:
    if not case.says(r"deepspeed[/\\]runtime[/\\]zero"):
        return None
    if case.phase in {"loading", "saving"} or re.search(
        r"\bin \w*(?:load|save|state_dict|step|backward)\w*$", case.frames, re.MULTILINE
    ):
        return None  # a list of a checkpoint or of a step
    if case.places and not _SETS_UP.search(case.places[-1].function):
        return None
    return Answer(
        "DeepSpeed was given an optimizer without parameters: nothing of the model is trainable",
        (
            "model.print_trainable_parameters()   right before the trainer is made (PEFT)",
            "PeftModel.from_pretrained(model, FOLDER, is_trainable=True)   to train on an adapter",
            "or freeze less: freeze_vit, finetuning_type: freeze and their like name the parts",
        ),
        why="ZeRO puts the trainable weights into groups, and takes the first or largest of each",
        known="the frame is of ZeRO's set-up, and its list is empty",
        settles=False,
    )


_TRIES = 3  # as many that fail alike went on for seconds: no later one has worked


def _not_met(case: Case) -> Answer | None:
    if case.error is None and (
        "socket has failed to connect" in case.hit.text
        or case.log.figures.losses
        or case.log.finished_at
        or "IPv6 network" in case.hit.text
        and "IPv4 network addresses" not in case.near
        and case.hit.before.count("IPv6 network addresses") < _TRIES
    ):
        return None  # one try of several (IPv6, then IPv4), of which a later one may have worked
    if case.match["host"]:
        return Answer(
            f"the launcher looks for the first machine by the name {case.match['host']}, and this "
            "machine cannot resolve it",
            (
                f"getent hosts {case.match['host']}   on this machine; --master_addr (MASTER_ADDR) "
                "as an IP address in place of the name",
                "one machine: torchrun --standalone --nproc_per_node GPUS SCRIPT",
                "MASTER_ADDR=127.0.0.1   where the machine does not know its own name",
            ),
            why="a container or another network does not know the name; the launcher tries on "
            "until its time is over",
            known="the system's answer is in the line",
            settles=False,
        )
    return Answer(
        "the processes of the run did not find each other",
        (
            "one machine: torchrun --standalone --nproc_per_node GPUS SCRIPT",
            "several: the same --nnodes and --rdzv-endpoint HOST:PORT on each, a port that is open "
            "between them, NCCL_SOCKET_IFNAME=INTERFACE",
            "and look at rank 0's own log: where it failed first, the others report only this",
        ),
        why="rank 0 keeps a store that all the others connect to; an address of another network, a "
        "firewall, a machine that started late, or a rank 0 that is gone",
        known="the message; which of these it is, it does not say",
        settles=False,
    )


_ABORTED = Answer(
    "a process aborted itself (SIGABRT); why, only its own lines above this report say",
    (
        "grep -n -m3 -E 'Watchdog|terminate called|CUDA error|Assertion' LOG   on each node",
        "NCCL_DEBUG=INFO TORCH_DISTRIBUTED_DEBUG=DETAIL before the command, where nothing is above "
        "it",
    ),
    why="NCCL's watchdog aborts after a time-out, and so does C++ after an error that no code "
    "catches",
    known="the launcher names the signal",
    settles=False,
)


def _aborted(case: Case) -> Answer | None:
    """Leave it to the watchdog's own lines where they stand above."""
    return None if "Watchdog caught collective" in case.hit.before else _ABORTED


KINDS: tuple[General, ...] = (
    General(
        "processes-with-other-models",
        r"params\[\d+\] in this process with sizes \[[\d, ]{1,60}\] appears not to match sizes of "
        r"the same param in process 0",
        always(
            "the processes hold different models: a weight has another shape than in process 0",
            "the same config, tokenizer and adapter on every rank: print(model.config) on each",
            "resize_token_embeddings and added tokens on every rank, not on rank 0 alone",
            why="DDP compares the shapes before it starts; a rank that reads another file, or "
            "builds its model from what only it has seen, differs",
            known="torch says so; which rank is wrong, it does not say",
        ),
        {
            "[rank1]: RuntimeError: [1]: params[0] in this process with sizes [512, 96] appears "
            "not to match sizes of the same param in process 0.": "on every rank"
        },
    ),
    General(
        "processes-do-not-meet",
        r"Timed out after \d+ seconds waiting for clients|Timed out initializing process group in "
        r"store based barrier|[Tt]he client socket has (?:timed out|failed)|"
        r"Rendezvous(?:Connection|Timeout|Closed)Error|connection to the C10d store has failed|"
        r"failed to connect[^\n]{0,60}(?:TCPStore|c10d)|"
        r"network addresses of \((?P<host>[\w.-]{1,80}), \d+\) cannot be retrieved \(gai error",
        _not_met,
        {
            "[W1128 13:37:57.2 socket.cpp:764] [c10d] The IPv4 network addresses of (gpu-node-7, "
            "29500) cannot be retrieved (gai error: -3 - Temporary failure in name resolution).": (
                "getent hosts gpu-node-7"
            ),
            "[W1128 13:37:57.2 socket.cpp:764] [c10d] The IPv6 network addresses of (gpu-node-7, "
            "29500) cannot be retrieved (gai error: -2 - Name or service not known).": "",
            "torch.distributed.DistStoreError: Timed out after 601 seconds waiting for clients. "
            "1/2 clients joined.": "rdzv-endpoint",
            "torch.distributed.elastic.rendezvous.api.RendezvousConnectionError: The connection to "
            "the C10d store has failed. See inner exception for details.": "--standalone",
            "[W socket.cpp:663] [c10d] The client socket has failed to connect to "
            "[localhost]:29500 (errno: 99 - Cannot assign requested address).": "",
            "redis: client socket has timed out after 60s": "",
            "RuntimeError: The client socket has timed out after 60000ms while trying to connect "
            "to (10.0.0.1, 29500).": "did not find each other",
        },
        alone=True,
    ),
    General(
        "rank-0-late-or-gone",
        r"retr(?:ie|ei)ving ncclUniqueId from \[0\]|DistNetworkError: [Ff]ailed to recv, got 0",
        of_rank_0,
        {
            "torch.distributed.DistBackendError: [3] is setting up NCCL communicator and "
            "retrieving ncclUniqueId from [0] via c10d key-value store by store->get('0'), but "
            "store->get('0') got error: Connection reset by peer": "it ended first",
            "torch.distributed.DistBackendError: [1] is setting up NCCL communicator and "
            "retrieving ncclUniqueId from [0] via c10d key-value store by key '0', but "
            "store->get('0') got error: wait timeout after 600000ms, keys: /default_pg/0": (
                "did not come in time"
            ),
            "torch.distributed.DistNetworkError: Failed to recv, got 0 bytes. Connection was "
            "likely closed. Did the remote server shutdown or crash?": "rank 0's own log",
        },
    ),
    General(
        "ranks-that-do-different-things",
        r"Detected mismatch between collectives on ranks|Mismatched collective detected",
        always(
            "the processes took different branches: one waits in a collective that another does "
            "not call",
            "no save, evaluation or generation on rank 0 alone: let all ranks call it, and write "
            "on rank 0",
            "the same number of batches on each rank: dataloader_drop_last=True",
            known="torch compares what each rank calls",
            settles=False,
        ),
        {
            "RuntimeError: Detected mismatch between collectives on ranks. Rank 0 is running "
            "collective: CollectiveFingerPrint(SequenceNumber=1, OpType=BROADCAST)": "rank 0"
        },
        alone=True,
    ),
    General(
        "shared-memory-of-nccl",
        r"Error while (?:creating|attaching to) shared memory segment(?=[^\n]{0,20}nccl|\W*$)|"
        r"posix_fallocate failed : No space left on device",
        always(
            "NCCL found too little shared memory (/dev/shm) in this container",
            "docker run --shm-size=16g --ipc=host ...",
            "or NCCL_SHM_DISABLE=1   (slower)",
            why="processes on one machine pass data through /dev/shm, and docker gives 64 MB",
            known="NCCL names the file",
        ),
        {
            "ncclSystemError: System call (e.g. socket, malloc) or external library call failed or "
            "device error.\nLast error:\nError while creating shared memory segment "
            "/dev/shm/nccl-5bVhzd (size 9637888)": "--shm-size",
            "postgres: Error while creating shared memory segment /PostgreSQL.12": "",
        },
        alone=True,
    ),
    General(
        "process-aborted-itself",
        r"Signal 6 \(SIGABRT\)|exitcode *: -6\b|exited with exit code -6\b|with return code = -6\b",
        _aborted,
        {"  traceback : Signal 6 (SIGABRT) received by PID 147221": "Watchdog"},
        alone=True,
    ),
    General(
        "bus-error",
        r"Signal 7 \(SIGBUS\)|exitcode *: -7\b|exited with exit code -7\b|with return code = -7\b",
        always(
            "a process was ended by a bus error: most often /dev/shm or a disk that a file is "
            "mapped from is full",
            "df -h /dev/shm . ~/.cache/huggingface",
            "docker run --shm-size=16g --ipc=host ...",
            known="the signal; what was full, it does not say",
            certain=False,
            settles=False,
        ),
        {"  traceback : Signal 7 (SIGBUS) received by PID 4242": "df -h"},
        alone=True,
    ),
    General(
        "zero-without-parameters",
        r"max\(\) arg is an empty sequence|expected a non-empty list of Tensors|"
        r"list index out of range",
        _zero_without_parameters,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/deepspeed/runtime/zero/'
            'stage3.py", line 3, in _create_fp16_partitions\n    max(x)\nValueError: max() arg is '
            "an empty sequence": "nothing of the model is trainable",
            "ValueError: max() arg is an empty sequence": "",
            'Traceback (most recent call last):\n  File "/x/site-packages/deepspeed/runtime/zero/'
            'parameter_offload.py", line 3, in _next_module\n    x[0]\nIndexError: list index out '
            "of range": "",
        },
    ),
    General(
        "nothing-for-the-optimizer",
        r"optimizer got an empty parameter list",
        always(
            "the optimizer was given no parameter: most often none of the model's is trainable",
            "model.print_trainable_parameters()   right before the trainer is made (PEFT)",
            "PeftModel.from_pretrained(model, FOLDER, is_trainable=True)   to train on an adapter",
            "or freeze less; filter(lambda p: p.requires_grad, ...) after the freezing has to "
            "leave something",
            why="an adapter loads frozen, get_peft_model may have been left out, or names of "
            "layers to train match nothing. A filter(...) that was read once before is empty, too",
            known="torch says so; why none is left, it does not say",
            settles=False,
        ),
        {"ValueError: optimizer got an empty parameter list": "is_trainable=True"},
    ),
    General(
        "ranks-of-other-sizes",
        r"output tensor size must be equal to world_size times input|"
        r"Tensor list input to \w{3,20} must have the same",
        always(
            "the tensors of an exchange do not fit in size: most often what the processes gather "
            "has another size on each of them",
            "accelerator.pad_across_processes(tensor, dim=1)   before gather",
            "generation or evaluation: pad to the same length on all ranks (max_length, "
            "padding='max_length')",
            why="rows and generated texts are of other lengths on each rank; in a call of "
            "torch.distributed, the output has to hold the input of all ranks",
            known="torch compares the sizes; whose they are, the last frame shows",
            certain=False,
            settles=False,
        ),
        {
            "RuntimeError: output tensor size must be equal to world_size times input tensor "
            "size": "pad_across_processes"
        },
    ),
)
