"""Out of memory on the machine: processes that the system ends, files, a cut-off message."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .last_seen import COPIES, GATHERS, what_ran
from .merging import answer_of_merge

_ON_THE_CPU = (
    "device_map={'': 0}, or .to('cuda'), where there is a GPU: this tensor was made on the CPU",
    "a smaller batch or shorter rows, as on a card; dtype=torch.bfloat16 at loading",
)
# What the frames of an error show of the machine's memory, and what takes less there.
_BY_PHASE = {
    "loading": (" while the weights were loaded", COPIES),
    "merging": (
        " while an adapter was merged",
        (
            "a machine with twice the memory of the 16-bit weights; dtype=torch.bfloat16 for the "
            "base (float32 takes twice as much)",
            "or merge on the GPU, where the 16-bit weights fit: device_map={'': 0}",
            "max_shard_size='2GB'   in save_pretrained, where saving is what fails",
        ),
    ),
    "saving": (" while a model was saved", GATHERS),
    "training": (" in a step that is computed on the CPU", _ON_THE_CPU),
    "evaluating": (" in an evaluation that is computed on the CPU", _ON_THE_CPU),
    "generating": (" while text is generated on the CPU", _ON_THE_CPU),
}


# Code that catches the error, and the allocators of a card, which raise it too.
_NOT_OF_THE_HOST = re.compile(
    r"\bexcept\b[^\n]*MemoryError|raise MemoryError|CUDA error|cuda_memory_resource|rmm"
)


def _never_meant(case: Case) -> Answer | None:
    """Answer a size that no machine has."""
    asked = re.search(r"you tried to allocate (?P<bytes>\d{14,25}) bytes", case.message)
    if asked is None:
        return None
    return Answer(
        f"one tensor of {int(asked['bytes']) / (1 << 40):,.0f} TiB is asked for on the CPU: a size "
        "in that line is not what was meant",
        (
            "print the sizes before the last frame's line: a token id, a sum or a -1 stands where "
            "a length is meant",
        ),
        known="the message has the size",
    )


def _host(case: Case) -> Answer | None:
    if _NOT_OF_THE_HOST.search(case.hit.text):
        return None
    if absurd := _never_meant(case):
        return absurd
    when, less = what_ran(case)
    if re.search(r"MemoryError|DefaultCPUAllocator", case.match[0]):
        if not re.search(r"deepspeed|_worker_loop|pin_memory", case.frames) and case.frames:
            of_torch = "DefaultCPUAllocator" in case.match[0]
            phase = case.phase if of_torch or case.phase in {"loading", "merging"} else ""
            when, less = _BY_PHASE.get(phase, (when, less))
        return Answer(
            f"the machine ran out of memory (not the GPU){when}",
            less,
            known="the allocator of the machine's memory says so",
            settles=False,
        )
    if "OOMKilled" in case.match[0]:
        return Answer(
            f"the container was ended at its limit of memory (the machine's, not the GPU's){when}",
            ("resources.limits.memory   higher in the pod's or job's spec", *less),
            why="files in a memory-backed /dev/shm count too",
            known="Kubernetes or docker says so: OOMKilled; what filled it, it does not say",
            settles=False,
        )
    return Answer(
        f"a process was killed from outside (signal 9){when}; most often the machine's memory ran "
        "out, not the GPU's",
        ('dmesg | grep -i "killed process"   says whether the kernel did it', *less),
        why="the kernel kills a process when the memory of the machine is used up; a limit of a "
        "scheduler (Slurm, a container), a launcher that ends the others after one has failed, and "
        "kill -9 look the same",
        known="the signal; who sent it, and why, is not in the log",
        certain=False,
    )


def _of_a_header(case: Case) -> Answer | None:
    """Answer a notebook's traceback that begins with an error of memory and is cut off."""
    if re.search(r"OutOfMemoryError: |out of memory", case.hit.after):
        return None
    merges = re.search(r"merge|save_pretrained|in \w*save_\w*\(", case.hit.after)
    if merges is not None:
        return answer_of_merge("nsloth" in case.hit.after).replace(
            known="the first line names the error, the frames are those of merging and saving; "
            "the last line, with its figures, is not in the log"
        )
    has_figures = "Tried to allocate" in case.hit.after
    return Answer(
        "the memory of the GPU ran out"
        if has_figures
        else "the memory of the GPU ran out; the line with its figures is not in this log",
        (
            *(
                ()
                if has_figures
                else ("the last line of the traceback: what was asked for, what is held and free",)
            ),
            "python -m gemma_compat memory --model MODEL   estimates what a run takes",
            "per_device_train_batch_size=1, gradient_checkpointing=True, a shorter max_length",
        ),
        known="the traceback's first line names the error",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "host-out-of-memory",
        r"is killed by signal: Killed|exitcode:? ?-9\b|exit (?:code|status):? 137\b|"
        r"exits with return code = -9\b|"
        r"Signal 9 \(SIGKILL\)|"
        r"DefaultCPUAllocator: (?:can't allocate|not enough) memory|(?<!Of)MemoryError\b|"
        r"\bOOMKilled\b(?![\"']?\s?[:=]\s?[\"']?[Ff]alse)",
        _host,
        {
            "RuntimeError: DataLoader worker (pid 41) is killed by signal: Killed.": "machine",
            "    except MemoryError:\n{'loss': 1.2, 'epoch': 0.1}": "",
            "MemoryError: std::bad_alloc: out_of_memory: CUDA error at: /rmm/x.hpp:62": "",
            "RuntimeError: DefaultCPUAllocator: can't allocate memory: you tried to allocate "
            "4611686018427387904 bytes.": "not what was meant",
            '"Status": "exited", "OOMKilled": false, "ExitCode": 1': "",
            "      Reason:       OOMKilled\n      Exit Code:    137": "limit",
        },
        alone=True,
    ),
    General(
        "file-not-mapped-into-memory",
        r"unable to mmap \d+ bytes from file[^\n]{0,300}Cannot allocate memory",
        always(
            "a file of weights could not be mapped: the machine's memory, or a limit on it, is "
            "used up",
            "free -h; ulimit -v   : unlimited? On WSL memory=... in .wslconfig; in a container its "
            "limit",
            "fewer processes at a time: each of them maps the whole file",
            "or a checkpoint in smaller shards: save_pretrained(DIR, max_shard_size='1GB')",
            why="a mapping takes address space, and where overcommit is off, memory, for the whole "
            "file at once",
            known="the message has the size; what the limit is, it does not say",
            settles=False,
        ),
        {
            "RuntimeError: unable to mmap 4965799096 bytes from file </x.safetensors>: Cannot "
            "allocate memory (12)": "ulimit -v"
        },
        alone=True,
    ),
    General(
        "memory-error-cut-off",
        r"^\s{0,4}(?:torch\.)?(?:cuda\.)?OutOfMemoryError {3,90}Traceback \(most recent call "
        r"last\)",
        _of_a_header,
        {
            "OutOfMemoryError                          Traceback (most recent call last)\n"
            "----> 2 model.save_pretrained_merged(FOLDER, tokenizer)": "for the merge",
            "OutOfMemoryError                          Traceback (most recent call last)\n"
            "----> 1 trainer.train()": "is not in this log",
            "OutOfMemoryError                          Traceback (most recent call last)\n"
            "----> 1 trainer.train()\nTried to allocate 2.00 GiB. GPU 0 has 14.75 GiB": (
                "the memory of the GPU ran out. "
            ),
            "OutOfMemoryError                          Traceback (most recent call last)\n"
            "----> 1 f()\nOutOfMemoryError: out of memory": "",
        },
        alone=True,
    ),
)
