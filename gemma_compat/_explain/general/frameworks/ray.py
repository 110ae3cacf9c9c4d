"""Ray: workers that end, and what it says of them."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _task(case: Case) -> Answer | None:
    if case.error is not None and not case.error.is_of_a_launcher:
        return None
    kind = case.match["kind"]
    return Answer(
        f"a task of Ray failed with a {kind}; the message of that error is below the worker's "
        "frames",
        (
            f"grep -n -A3 '^{kind}' LOG",
            "grep -rl Error /tmp/ray/session_latest/logs | head   finds the worker's own log",
        ),
        why="Ray hands the error of a worker on, with the worker's frames below it",
        known="Ray names the error's class",
        settles=False,
    )


# The rows of Ray's C++: its own words, its marks of a fatal row, and its processes.
_OF_RAY = re.compile(r"unexpected system state|,\d{3} C \d+ \d+\] |raylet|core_worker|plasma|gcs_")
_RAY_CHECK = Answer(
    "a process of Ray ended itself: a check in Ray's C++ failed",
    (
        "ray stop --force   on each machine, and no other run on it; then start again",
        "pip install -U ray   in every environment of the run: one release everywhere",
        "df -h /dev/shm /tmp; free -h   while it runs: Ray keeps what workers hand on there",
    ),
    why="an object or a worker was gone that Ray counted on: memory, a full disk, a machine that "
    "left, or a fault of Ray's",
    known="Ray names the check; what led to it, ls /tmp/ray/session_latest/logs has",
    settles=False,
)


def _gone(case: Case) -> Answer:
    """Answer a worker that is gone; one that failed as it was made has its error below."""
    below = re.search(
        r"^\W*(?:\([^)\n]{1,60}\) )?(?P<kind>[\w.]{2,60}(?:Error|Exception))\b",
        case.hit.after[:6000],
        re.M,
    )
    if "creation task" in case.hit.text and below is not None:
        return Answer(
            "a worker of Ray failed as it was made, and Ray passes its error on: a "
            f"{below['kind'].rpartition('.')[2]}, in the lines below",
            (
                f"grep -n -A3 '{below['kind']}' LOG   has its message",
                "python -m gemma_compat explain   on the lines from that traceback on",
            ),
            known="Ray says so, and quotes the worker's frames",
            settles=False,
        )
    return Answer(
        "a worker of Ray ended, and this is only the report of it; its own error is elsewhere",
        (
            "grep -rl Error /tmp/ray/session_latest/logs | head   finds the worker's own log",
            "dmesg -T | grep -i -E 'oom|killed'   where no log has an error: the machine's memory "
            "ran out",
        ),
        why="a crash in CUDA or NCCL, or the system that ends a process, leaves no traceback in "
        "the driver's output",
        known="Ray says so; the cause is not in this message",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "ray-ran-out-of-memory",
        r"the node running low on memory|ray\.exceptions\.OutOfMemoryError|NODE_OUT_OF_MEMORY|"
        r"(?<!\b0 )[Ww]orkers? (?:\(tasks / actors\) )?killed due to memory pressure",
        always(
            "Ray ended a worker: the machine's memory (not the GPU's) was nearly used up",
            "free -h   while it loads; fewer workers, no param_offload and optimizer_offload to "
            "the CPU",
            "or a machine or container with more memory (docker: --memory, slurm: --mem)",
            why="Ray watches the memory and ends a worker above 95% of it "
            "(RAY_memory_usage_threshold)",
            known="Ray says so; what filled the memory: ls /tmp/ray/session_latest/logs",
            settles=False,
        ),
        {
            "ray.exceptions.OutOfMemoryError: Task was killed due to the node running low on "
            "memory.": "free -h",
            "My laptop is running low on memory when I train gemma, any tips?": "",
            "kubelet: node running low on memory, evicting pods": "",
            "(raylet) node_manager.cc:3277: 2 Workers (tasks / actors) killed due to memory "
            "pressure (OOM), 0 Workers crashed due to other reasons at node": "free -h",
            "(raylet) node_manager.cc:3277: 0 Workers (tasks / actors) killed due to memory "
            "pressure (OOM), 1 Workers crashed due to other reasons at node": "",
        },
        alone=True,
    ),
    General(
        "ray-check-failed",
        r"\b[a-z_]{4,40}\.(?:cc|h):\d{1,5}:(?: An unexpected system state has occurred\.)? "
        r"{1,2}Check failed: [^\n]{2,80}",
        lambda case: _RAY_CHECK if _OF_RAY.search(case.hit.text) else None,
        {
            "(TaskRunner pid=2915798) [2025-07-06 07:14:27,052 C 2915798 2915798] "
            "task_receiver.cc:219: Check failed: objects_valid": "ray stop --force",
            "pid=12 F0000 gpu_timer.cc:93: Check failed: start != nullptr": "",
            "INFO ray: started\nF0000 00:00:1 xla_service.cc:93: Check failed: start != null": "",
            "[12:00:00] /x/mlc-llm/cpp/serve/engine.cc:120: Check failed: (engine) is false: x": "",
        },
        alone=True,
    ),
    General(
        "ray-worker-is-gone",
        r"The actor died unexpectedly before finishing this task|"
        r"The actor died because of an error raised in its creation task|"
        r"The actor is dead because its (?:worker process has died|owner has died|creation task)|"
        r"The worker died unexpectedly while executing this task|"
        r"A worker died or was killed while executing a task by an unexpected system error|"
        r"Worker unexpectedly exits with a connection error code \d",
        _gone,
        {
            "ray.exceptions.ActorDiedError: The actor died unexpectedly before finishing this "
            "task.": "session_latest",
            "The actor died because of an error raised in its creation task, ray::W.__init__()\n"
            '  File "/x/verl/a.py", line 3, in __init__\nValueError: no such thing': "a ValueError",
            "A worker died or was killed while executing a task by an unexpected system error. "
            "Worker exit type: SYSTEM_ERROR Worker exit detail: Worker unexpectedly exits with a "
            "connection error code 2. End of file. There are some potential root causes. (1) The "
            "process is killed by SIGKILL by OOM killer due to high memory usage. (2) ray stop "
            "--force is called. (3) The worker is crashed unexpectedly due to SIGSEGV or other "
            "unexpected errors.": "session_latest",
        },
        alone=True,
    ),
    General(
        "task-of-ray-failed",
        r"RayTaskError\((?P<kind>\w{3,60})\)",
        _task,
        {
            "types.RayTaskError(KeyError): ray::_Inner.train() (pid=85041, ip=1.1.1.1, "
            "repr=TorchTrainer)": "session_latest"
        },
        alone=True,
    ),
)
