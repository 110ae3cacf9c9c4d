"""Several processes: time-outs, ports, drivers, and the disk that they share."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .nccl import failed, waited

# The kind that only reports the failure of another process.
REPORT = "launcher-reports-a-child"


def _port_in_use(case: Case) -> Answer | None:
    if re.search(r"sshd|nginx|apache|httpd|dovecot|postfix", case.hit.text):
        return None  # a service of the machine
    if re.search(
        r"EADDRINUSE|c10d|rdzv|TCPStore|socket has failed|master_port|2950\d|"
        r"[/\\](?:distributed|accelerate|deepspeed)[/\\]",
        f"{case.frames}\n{case.hit.text}",
    ):
        return Answer(
            "another process holds the port that the launcher wants",
            _another_port(case),
            why="a run that did not end, or a second one on the same machine",
        )
    return Answer(
        "another process holds the port that this program wants",
        ("ss -ltnp   shows which process has the port; end that one, or give this one another",),
        why="a run or a server that did not end, or a second one on the same machine",
    )


# The option of a launcher for another port, by what the log shows of the command.
_PORTS = (
    (
        r"\baccelerate launch\b|accelerate[/\\]commands",
        "accelerate launch --main_process_port 0 ...",
    ),
    (r"\bdeepspeed --|deepspeed[/\\]launcher", "deepspeed --master_port 29511 ..."),
    (
        r"llamafactory|\bswift (?:sft|rlhf|pt)\b|[/\\]swift[/\\]|NPROC_PER_NODE",
        "MASTER_PORT=29511 before the command",
    ),
    (r"notebook_launcher", "notebook_launcher(..., use_port='29511')"),
)
_OLD_RUN = "ss -ltnp   shows which process has it: a run that did not end can be ended"


def _another_port(case: Case) -> tuple[str, ...]:
    text = f"{case.above}{case.around}{case.near}"
    named = next((do for mark, do in _PORTS if re.search(mark, text)), "")
    # Port 0 does not do for torchrun: each rank then waits at a port that no one opened.
    torchrun = "torchrun --master_port 29511 ...   (or --standalone, on one machine)"
    return (named, _OLD_RUN) if named else (torchrun, _OLD_RUN)


# A line that has an error's own class, above or before a launcher's report.
_OWN_ERROR = re.compile(
    r"(?m)^(?:\[rank\d+\]: ?|\d{1,3}: ?)?(?!.{0,80}(?:ChildFailed|CalledProcess))"
    r"[A-Za-z_][\w.]{0,80}(?:Error|Exception): \S"
)


_STARTS_TRAINING = re.compile(
    r"python|\.py\b|torchrun|torch\.distributed|accelerate|deepspeed|launch|swift|llamafactory|axolotl|"
    r"\.sh\b|train|finetune"
)


def _of_the_launcher(case: Case) -> Answer | None:
    if case.error is None or not case.error.is_of_a_launcher:
        return None
    command = re.search(r"Command (.{1,300}?) (?:returned|died)", case.message)
    if command and not _STARTS_TRAINING.search(command[1]):
        return None  # ffmpeg or git, say, which the script started
    above = case.hit.before[-6000:] + case.hit.text[: case.hit.match.start()]
    if _OWN_ERROR.search(above):
        return None  # that one is to be answered
    script = re.search(r"can't open file '([^'\n]{1,300})'", case.hit.before)
    if script:
        return Answer(
            f"the script that the launcher was to start is not there: {script[1]}",
            ("ls -l SCRIPT   in the folder where the command runs, and its whole path",),
            why="a relative path counts from where the command runs, in a container or a job from "
            "another folder than in a terminal",
            known="Python says so above the launcher's report",
        )
    return Answer(
        "this is only the launcher's report that the training process failed; rows above it speak "
        "of an error that came first"
        if case.has_an_error_above
        else "this is only the launcher's report that the training process failed; its own error "
        "is not in this log",
        (
            "look above it, or run the script without the launcher: python script.py",
            "torchrun: --redirects 3 --log-dir logs   keeps each rank's output",
        ),
        why="accelerate, torchrun and deepspeed start the script as a child, and print this when "
        "it ends with an error",
        known="the exception's class is that of a launcher",
    )


def _no_such_gpu(case: Case) -> Answer:
    if re.search(r"invalid device ordinal|Invalid device id", case.hit.text):
        do = (
            "nvidia-smi -L | wc -l   : --nproc_per_node (num_processes) not above this, on "
            "each machine",
            "echo $CUDA_VISIBLE_DEVICES   : the GPUs it names count from 0 for the process",
            "a fixed cuda:1, gpu_ids or device_map of another machine in the script or config",
        )
        fixed = re.search(r"cuda:[1-9]\b|device_map ?= ?\{[^}\n]{0,20}[1-9]", case.around)
        return Answer(
            "a process asks for a GPU by a number that is not there",
            do[::-1] if fixed else do,
            why="a launcher gives each process the number of its GPU, and more processes were "
            "started than GPUs are visible; or a script or config names one",
            known="CUDA says so; which number it was, the frame or the rank shows",
            settles=False,
        )
    return Answer(
        "the process sees no GPU",
        _makes_visible(case),
        why="no driver in this machine or container, or a variable that hides the GPUs",
        known="torch says so; which of these it is, it does not say",
        settles=False,
    )


def _makes_visible(case: Case) -> tuple[str, ...]:
    """Return what shows or gives a process its GPUs, what the log names first."""
    if "HIP" in case.hit.text:
        return (
            "rocminfo | grep gfx; echo $HIP_VISIBLE_DEVICES; groups   (render and video)",
            "docker run --device /dev/kfd --device /dev/dri --group-add video ...",
        )
    said = f"{case.above}{case.around}{case.near}"
    hides = re.search(
        r"CUDA_VISIBLE_DEVICES[\"'\]]*[ \t]*=[ \t]*(?P<value>[\"'][\d, -]*[\"']|-?\d[\d,]*)", said
    )
    do = []
    if hides:
        do.append(
            f"CUDA_VISIBLE_DEVICES={hides['value']} is set: are these GPUs there (nvidia-smi -L)? "
            "They count from 0"
        )
    if re.search(r"\bray::|\(\w+ pid=\d+", said):
        do.append("num_gpus=1   in @ray.remote, or a worker group with GPUs: Ray hides the others")
    return (
        *do,
        "nvidia-smi   and   echo $CUDA_VISIBLE_DEVICES",
        "a container: docker run --gpus all; a notebook: an accelerator chosen in its settings; a "
        "ZeroGPU Space: the code inside a function with @spaces.GPU",
    )


KINDS: tuple[General, ...] = (
    General(
        REPORT,
        r"CalledProcessError: Command|ChildFailedError",
        _of_the_launcher,
        {
            "subprocess.CalledProcessError: Command '['python', 'x.py']' returned non-zero exit "
            "status 1.": "launcher",
            "train.py: the folder was not found\n\nsubprocess.CalledProcessError: Command "
            "'['python', 'x.py']' returned non-zero exit status 1.": "that came first",
            "ValueError: x\n\nsubprocess.CalledProcessError: Command '['python', 'x.py']' returned "
            "non-zero exit status 1.": "",
            "subprocess.CalledProcessError: Command '['ffmpeg', '-i', 'a.mp4']' returned non-zero "
            "exit status 1.": "",
        },
    ),
    General(
        "unsloth-on-several-gpus",
        r"Unsloth currently does not (?:support multi GPU|work on multi GPU)",
        always(
            "this Unsloth trains on one GPU only, and the run was started on several",
            "CUDA_VISIBLE_DEVICES=0 before the command, without a launcher",
            "or all GPUs without Unsloth (use_unsloth: false in LLaMA-Factory)",
            known="Unsloth says so",
        ),
        {
            "RuntimeError: Unsloth currently does not support multi GPU setups - but we are": (
                "CUDA_VISIBLE_DEVICES"
            )
        },
    ),
    General(
        "collective-timeout",
        r"[Ww]atchdog caught collective operation timeout|Timeout\(ms\)=\d+\)? ran for|"
        r"NCCL (?:timeout|timed out)|NCCL ?超时|timed out in blocking wait|"
        r"failed to pass monitoredBarrier|(?:\w{3,30}Error: |报错 ?)Socket Timeout|"
        r"Timeout at NCCL work",
        waited,
        {
            "[Rank 0] Watchdog caught collective operation timeout: WorkNCCL(": "ranks",
            "模型训练到固定step时， NCCL超时": "ranks",
            "torch.distributed.DistStoreError: Socket Timeout": "ranks",
            "bullmq: Error: Socket Timeout": "",
            "verl 0.7.1, gemma-4: Watchdog caught collective operation timeout: "
            "WorkNCCL(SeqNum=1050, OpType=BROADCAST, NumelIn=256": "verl>=0.8",
        },
        alone=True,
    ),
    General(
        "nccl-error",
        r"NCCL [Ee]rror\b|ncclUnhandledCudaError|ncclSystemError|ncclInternalError|ncclRemoteError|"
        r"NCCL communicator was aborted|NCCL WARN (?:Cuda failure|Call to ibv_)",
        failed,
        {
            "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp": "NCCL_DEBUG",
            "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:3780, "
            "unhandled cuda error\nncclUnhandledCudaError: Call to CUDA function failed.\n"
            "Last error:\nCuda failure 2 'out of memory'": "a card was full",
            "  what():  NCCL Error 1: unhandled cuda error\nAborted (core dumped)": (
                "CUDA's own error"
            ),
            "RuntimeError: NCCL Error 2: unhandled system error": "/dev/shm",
            "ncclUnhandledCudaError: Call to CUDA function failed.\nLast error:\nCuda failure 217 "
            "'peer access is not supported between these two devices'": "peer access",
            "ncclRemoteError: A call failed possibly due to a network error or a remote process "
            "exiting prematurely.": "earliest error",
        },
        alone=True,
    ),
    General(
        "port-in-use",
        r"EADDRINUSE|[Aa]ddress already in use",
        _port_in_use,
        {
            "The server socket has failed to bind to [::]:29500 (errno: 98 - Address already in "
            "use)": "master_port",
            "ERROR: [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): "
            "address "
            "already in use": "ss -ltnp",
            "torchrun train.py\nThe server socket has failed to bind to [::]:29500 (errno: 98 - "
            "Address already in use)": "--standalone",
            "OSError: [Errno 98] Address already in use\nvllm serve --port 8000\nINFO c10d": (
                "that this program wants"
            ),
            "sshd[1761]: error: Bind to port 22 on 0.0.0.0 failed: Address already in use.": "",
        },
        alone=True,
    ),
    General(
        "no-gpu",
        r"No (?:CUDA|HIP) GPUs are available|Found no NVIDIA driver|invalid device ordinal|"
        r"AssertionError: Invalid device id",
        _no_such_gpu,
        {
            "RuntimeError: No CUDA GPUs are available": "nvidia-smi",
            "RuntimeError: CUDA error: invalid device ordinal": "nproc_per_node",
            "RuntimeError: No HIP GPUs are available": "rocminfo",
            'os.environ["CUDA_VISIBLE_DEVICES"] = "3"\nRuntimeError: No CUDA GPUs are available': (
                'CUDA_VISIBLE_DEVICES="3" is set'
            ),
        },
    ),
)
