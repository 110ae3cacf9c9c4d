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
        r"EADDRINUSE|c10d|rdzv|TCPStore|torchrun|socket has failed|master_port|2950\d",
        f"{case.around}{case.near}",
    ):
        return Answer(
            "another process holds the port that the launcher wants",
            ("torchrun --master_port 0 ...   (or --rdzv-endpoint localhost:0)",),
            why="a run that did not end, or a second one on the same machine",
        )
    return Answer(
        "another process holds the port that this program wants",
        ("ss -ltnp   shows which process has the port; end that one, or give this one another",),
        why="a run or a server that did not end, or a second one on the same machine",
    )


def _of_the_launcher(case: Case) -> Answer | None:
    if case.error is None or not case.error.is_of_a_launcher:
        return None
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


def _disk_full(case: Case) -> Answer:
    saves = re.search(r"merge|gguf|push_to_hub|publish", case.near, re.IGNORECASE)
    where = (
        ("/kaggle/working has 20 GB: save to /tmp, or elsewhere than on Kaggle",)
        if re.search(r"(?i)kaggle", case.near)
        else ()
    )
    return Answer(
        "the disk is full, or the quota on it is used up",
        (
            "df -h .   and   du -sh ~/.cache/huggingface",
            *where,
            "model.save_pretrained('lora')   : the adapter alone is small; merge where there is "
            "room"
            if saves
            else "save_total_limit=1, and HF_HOME on a larger disk",
        ),
        why="a merge needs the base in 16 bits, its result and, for a GGUF, a third copy"
        if saves
        else "a checkpoint of a Gemma with its optimizer states takes several times its weights",
        certain=case.error is not None or "No space left" in case.hit.text,
    )


def _no_such_gpu(case: Case) -> Answer:
    if re.search(r"invalid device ordinal|Invalid device id", case.hit.text):
        return Answer(
            "a process asks for a GPU by a number that is not there",
            (
                "nvidia-smi -L | wc -l   : --nproc_per_node (num_processes) not above this, on "
                "each machine",
                "echo $CUDA_VISIBLE_DEVICES   : the GPUs it names count from 0 for the process",
                "a fixed cuda:1, gpu_ids or device_map of another machine in the script or config",
            ),
            why="a launcher gives each process the number of its GPU, and more processes were "
            "started than GPUs are visible",
            known="CUDA says so; which number it was, the frame or the rank shows",
            settles=False,
        )
    return Answer(
        "the process sees no GPU",
        (
            "nvidia-smi   and   echo $CUDA_VISIBLE_DEVICES",
            "a container: docker run --gpus all; a notebook: an accelerator chosen in its settings",
        ),
        why="no driver in this machine or container, or a variable that hides the GPUs",
        known="torch says so; which of these it is, it does not say",
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
        r"failed to pass monitoredBarrier|(?:Error: |报错 ?)Socket Timeout|Timeout at NCCL work",
        waited,
        {
            "[Rank 0] Watchdog caught collective operation timeout: WorkNCCL(": "ranks",
            "模型训练到固定step时， NCCL超时": "ranks",
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
        "disk-full",
        r"No space left on device|\[Errno 28\]|\[WinError 112\]|Disk quota exceeded|"
        r"[Nn]ot enough (?:free )?disk space|"
        r"[Nn]ot enough (?:free )?space (?:available )?(?:for saving|to save|on (?:the )?(?:disk|"
        r"device))|"
        r"[Ii]nsufficient (?:disk|storage) space|[Rr][au]n(?:n?ing|s)? out of (?:disk|storage)|"
        r"no disk space left|磁盘\w{0,3}(?:不足|满)|file write failed",
        _disk_full,
        {
            "OSError: [Errno 28] No space left on device": "HF_HOME",
            "OSError: [Errno 28] 设备上没有空间": "HF_HOME",
            "Kaggle: model.save_pretrained_merged('model', tokenizer)\nOSError: [Errno 28] No "
            "space "
            "left on device": "/kaggle/working",
            "I actually have a good feeling I run out of disk": "df -h",
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
            "sshd[1761]: error: Bind to port 22 on 0.0.0.0 failed: Address already in use.": "",
        },
        alone=True,
    ),
    General(
        "no-gpu",
        r"No CUDA GPUs are available|Found no NVIDIA driver|invalid device ordinal|"
        r"AssertionError: Invalid device id",
        _no_such_gpu,
        {
            "RuntimeError: No CUDA GPUs are available": "nvidia-smi",
            "RuntimeError: CUDA error: invalid device ordinal": "nproc_per_node",
        },
    ),
    General(
        "file-gone-on-the-network",
        r"Transport endpoint is not connected|\[Errno 107\]",
        always(
            "a file on a network or mounted drive is no longer reachable",
            "mount it again, and go on from the last checkpoint",
            "HF_HOME, the data set and the output on a local disk, and copied at the end",
            why="the server dropped the file or the mount (NFS, Google Drive, FUSE), or another "
            "process replaced it",
            known="the system says so",
            settles=False,
        ),
        {
            "OSError: [Errno 107] Transport endpoint is not connected: '/content/drive/MyDrive'": (
                "mount it again"
            ),
        },
    ),
)
