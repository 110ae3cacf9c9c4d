"""What processes of one machine hand to each other: shared memory, open files, pinned tensors."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_ROOM = "docker run --shm-size=16g ...   (or --ipc=host)"
_NO_WORKERS = "dataloader_num_workers=0"
# Whose tensors torch hands over by files in shared memory.
_OF_A_LOADER = re.compile(
    r"DataLoader|data ?loader|num_workers|_worker_loop|Unexpected bus|dataloader\.py"
)
# A process has ended, or has used up its open files: neither is a lack of room.
_GONE = re.compile(r"unable to open shared memory object[^\n]{0,160}No such file")

NO_ROOM = Answer(
    "there is no room left in shared memory (/dev/shm), by which processes hand over what is large",
    (
        f"a container: {_ROOM}; Kubernetes: an emptyDir of medium Memory at /dev/shm",
        f"or fewer processes: {_NO_WORKERS}, num_proc=1",
        "df -h /dev/shm   while it runs: is it full?",
    ),
    why="workers of a data loader, semaphores of a map with num_proc and engines put their data "
    "there; docker gives 64 MB, and files of runs that were killed stay in it",
    known="the message is of a file in shared memory, not of one on the disk",
    settles=False,
)
_TENSOR_IS_GONE = Answer(
    "a tensor that another process handed over is no longer in shared memory",
    (
        "look above for the first error: the process that made it has ended, most often",
        f"or {_NO_WORKERS}: is it gone with one process?",
        "torch.multiprocessing.set_sharing_strategy('file_descriptor')   where nothing failed",
    ),
    why="a worker that failed takes its files in /dev/shm along; so does a clean-up of that folder",
    known="the message; which process ended, it does not say",
    certain=False,
    settles=False,
)


def _shared_memory(case: Case) -> Answer | None:
    if _GONE.search(case.match[0]) or _GONE.search(case.hit.text):
        return _TENSOR_IS_GONE
    if "Too many open files" in case.hit.text:
        return None  # the next kind answers
    if re.search(r"(?i)bus error (?:was |is |has been )?(?:fixed|solved|gone)", case.hit.text):
        return None
    if re.search(r"Permission denied|File exists", case.match[0]):
        return None  # a file in shared memory that is not to be had, and room enough
    if not re.search(r"Bus\serror$", case.match[0]):
        return NO_ROOM
    beside = f"{case.hit.before[-300:]}{case.hit.text}{case.hit.after[:300]}"
    if re.search(r"DataLoader worker|Unexpected bus|/dev/shm|shared memory", beside):
        return NO_ROOM.replace(
            known="the data loader's own message, or the folder named beside the bus error; that "
            "it is full, neither proves",
            certain=False,
        )
    return Answer(
        "a process was ended by a bus error",
        (
            f"df -h /dev/shm   in a container with a data loader: {_ROOM}",
            "df -h   of the disk that weights or data are mapped from",
        ),
        why="the process read or wrote memory that stands for a file, and the file had no room or "
        "had become shorter: /dev/shm of a container, a full disk, a file that is replaced while "
        "it is read",
        known="the signal; which memory it was is not in the log",
        certain=False,
        settles=False,
    )


def _open_files(case: Case) -> Answer:
    near = f"{case.around}{case.near}"
    if "inotify" in case.hit.text:
        return WATCHES
    do = ["ulimit -n 65535   before the command (a service: LimitNOFILE, docker: --ulimit nofile)"]
    who = ""
    handed = re.search(
        r"ancdata|shared memory object|_share_fd|rebuild_storage|multiprocessing/reductions", near
    )
    if handed or _OF_A_LOADER.search(near):
        who = ": tensors that processes hand to each other are among them" if handed else ""
        do += [
            "torch.multiprocessing.set_sharing_strategy('file_system')   at the top of the script",
            f"or {_NO_WORKERS}",
        ]
    else:
        do += [
            "ls -l /proc/PID/fd | awk '{print $NF}' | sort | uniq -c | sort -n | tail   : which",
            f"fewer processes and requests at a time: num_proc, {_NO_WORKERS}, a server's clients",
        ]
    return Answer(
        f"more files are open at once than the system allows a process{who}",
        tuple(do),
        why="a file, a connection and a tensor in shared memory count alike; the limit is often "
        "1024",
        known="the system says so; what holds them, the message does not say",
        settles=False,
    )


WATCHES = Answer(
    "the system has no more places to watch files (inotify); the disk is not full",
    (
        "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=1024",
        "or a server without --reload, an editor or a notebook that watches fewer folders",
    ),
    why="editors, notebooks and servers that reload watch each file of a folder",
    known="the message names inotify",
)


def _loader_worker(case: Case) -> Answer:
    signal = re.search(r"killed by signal: (?P<name>[A-Z][\w ]{2,30})", case.hit.text)
    if signal:
        return Answer(
            f"a process of the data loader was ended by a signal: {signal['name'].strip()}",
            (
                f"{_NO_WORKERS}   shows its own error, or that it needs several processes",
                "the lines above: what native code prints as it ends (terminate called, a library)",
            ),
            why="Aborted comes from native code that gives up, Terminated from another process",
            known="the data loader has the signal; who sent it, it does not say",
            settles=False,
        )
    if "finished its bootstrapping phase" in case.hit.before:
        return Answer(
            "the script starts processes, and each of them runs the whole script again",
            (
                'if __name__ == "__main__":   around all that the script does, trainer.train() too',
                f"or {_NO_WORKERS}",
            ),
            why="a process that is spawned imports the script; what stands at its top level runs "
            "in it as well",
            known="the workers' own error, above: they were started before they had finished "
            "their import",
        )
    return Answer(
        "a process of the data loader failed; its own error is not in this message",
        (
            f"{_NO_WORKERS}   shows the error itself",
            "free -h, df -h /dev/shm   where it then works: memory or shared memory ran out",
        ),
        settles=False,
    )


def _pinned(case: Case) -> Answer:
    by_deepspeed = re.search(r"[/\\]deepspeed[/\\]", case.frames) is not None
    return Answer(
        "a tensor that lies on the GPU is to be pinned, which is for the machine's memory",
        (
            '"pin_memory": false   in offload_optimizer and offload_param of the DeepSpeed config',
            "no .to('cuda') and no device_map before DeepSpeed takes the model: what it offloads "
            "has to be on the CPU",
        )
        if by_deepspeed
        else (
            "leave .cuda() and .to(device) out of the data set and the collator: the trainer moves "
            "the batch",
            "or dataloader_pin_memory=False",
            "no torch.set_default_device('cuda'), where neither moves anything",
        ),
        known="torch says so"
        + ("; the frames are those of DeepSpeed's offload" if by_deepspeed else ""),
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "gpu-tensors-pinned",
        r"cannot pin 'torch\.cuda\.\w{3,20}' only dense CPU tensors can be pinned",
        _pinned,
        {
            "RuntimeError: cannot pin 'torch.cuda.LongTensor' only dense CPU tensors can be "
            "pinned": "dataloader_pin_memory=False"
        },
    ),
    General(
        "shared-memory",
        r"Bus error|/dev/shm/[^\n]{0,120}No space left on device|insufficient shared memory|"
        r"unable to allocate shared memory\(shm\)|"
        r"unable to (?:write to|resize) file </torch_[^\n]{0,120}|"
        r"unable to (?:open|mmap) shared memory[^\n]{0,160}",
        _shared_memory,
        {
            "ERROR: Unexpected bus error. Bus error (core dumped)": "shm",
            "RuntimeError: unable to write to file </torch_18692_1954506624>: No space left on "
            "device (28)": "/dev/shm",
            "RuntimeError: unable to allocate shared memory(shm) for file </torch_70_36_24>: "
            "Success (0)": "/dev/shm",
            "RuntimeError: unable to open shared memory object </torch_4040_13_1021> in read-write "
            "mode: Too many open files (24)": "",
            "RuntimeError: unable to open shared memory object </torch_4040_13_10> in read-write "
            "mode: Permission denied (13)": "",
            "INFO: /dev/shm 64M; Bus error fixed in 2.1\n{'loss': 1.2, 'epoch': 0.1}": "",
            "dataloader_num_workers: 0\nBus error (core dumped)": "a file that is replaced",
            "RuntimeError: unable to open shared memory object </torch_4040_13_10> in read-write "
            "mode: No such file or directory (2)": "has ended",
        },
        alone=True,
    ),
    General(
        "too-many-open-files",
        r"Too many open files|received 0 items of ancdata|inotify (?:watch|instance) limit reached",
        _open_files,
        {
            "OSError: [Errno 24] Too many open files": "ulimit",
            "RuntimeError: received 0 items of ancdata": "file_system",
            "OSError: [Errno 28] inotify watch limit reached": "max_user_watches",
        },
        alone=True,
    ),
    General(
        "loader-worker-died",
        r"DataLoader worker \(pid(?:\(s\))? [\d, ]{1,60}\) exited unexpectedly|"
        r"Pin memory thread exited unexpectedly|Caught \w{3,40} in DataLoader worker process|"
        r"DataLoader worker \(pid \d+\) is killed by signal: (?:Aborted|Terminated|Illegal "
        r"instruction|Interrupt|Hangup|Floating point exception)",
        _loader_worker,
        {
            "RuntimeError: DataLoader worker (pid(s) 1234) exited unexpectedly": "shows the error",
            "RuntimeError: DataLoader worker (pid 4242) is killed by signal: Aborted.": "native",
            "RuntimeError: \n        An attempt has been made to start a new process before the\n"
            "        current process has finished its bootstrapping phase.\n\nTraceback (most "
            "recent "
            'call last):\n  File "t.py", line 3, in <module>\n    f()\nRuntimeError: DataLoader '
            "worker (pid(s) 1234) exited unexpectedly": "__main__",
        },
    ),
)
