"""Out of memory on the machine, on Apple's and Google's accelerators, in a container."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .last_seen import what_ran
from .merging import answer_of_merge


def _mps(case: Case) -> Answer:
    beside = _beside_tensors(case)
    if beside is not None:
        return beside
    from .answers import by_estimate  # most kinds of this file count nothing

    counted = by_estimate(case)
    estimate = f"{counted.happened}; " if counted else ""
    one = case.facts.training.get("per_device_train_batch_size") == 1
    return Answer(
        "the run needs more memory than macOS gives the GPU",
        (
            *(() if one else ("per_device_train_batch_size=1",)),
            "or a shorter max_length, or the loss in chunks: the logits go over 262,144 tokens",
        ),
        why=f"{estimate}on an Apple machine the GPU shares the memory of the whole system, and "
        "there is no 4-bit loading by bitsandbytes to fall back on",
        known="the message; which of weights, activations and logits is too large is not in the "
        "log. PYTORCH_MPS_HIGH_WATERMARK_RATIO=0.0 only lifts the limit",
    )


def _beside_tensors(case: Case) -> Answer | None:
    """Answer where Metal holds most of the GPU's share outside of tensors."""
    found = re.search(
        r"MPS allocated: ([\d.]+) Gi?B, other allocations: ([\d.]+) Gi?B, "
        r"max allowed: ([\d.]+) Gi?B",
        case.message,
    )
    if found is None or float(found[2]) < max(float(found[1]), 0.3 * float(found[3])):
        return None
    return Answer(
        f"tensors hold {found[1]} GB of the {found[3]} GB that macOS gives the GPU; {found[2]} GB "
        "are held by Metal outside of them",
        (
            "pip install -U torch   : does a newer one hold less?",
            "rows of one length (padding='max_length'): each new shape is compiled and kept anew",
            "torch.mps.empty_cache()   every some steps (torch_empty_cache_steps=50)",
        ),
        why="PyTorch counts there what the driver holds beyond its own tensors: graphs compiled "
        "for each shape, freed blocks, other frameworks in the process",
        known="the figures in the message; what those allocations are, they do not say",
        settles=False,
    )


def _host(case: Case) -> Answer:
    when, less = what_ran(case)
    if re.search(r"MemoryError|DefaultCPUAllocator", case.match[0]):
        return Answer(f"the machine ran out of memory (not the GPU){when}", less)
    return Answer(
        f"a process was killed from outside (signal 9){when}; most often the machine's memory ran "
        "out, not the GPU's",
        ('dmesg | grep -i "killed process"   says whether the kernel did it', *less),
        why="the kernel kills a process when the memory of the machine is used up; a limit of a "
        "scheduler (Slurm, a container) and kill -9 look the same",
        known="the signal; who sent it, and why, is not in the log",
        certain=False,
    )


_ROOM = ("docker run --shm-size=16g ...", "or dataloader_num_workers=0")


def _shared_memory(case: Case) -> Answer:
    if not re.search(r"Bus\serror$", case.match[0]) or re.search(
        r"DataLoader|/dev/shm|shared memory|data ?loader|num_workers|Unexpected bus", case.near
    ):
        return Answer(
            "the shared memory of the container (/dev/shm) is too small for the data loader", _ROOM
        )
    return Answer(
        "a process was ended by a bus error",
        (f"df -h /dev/shm   in a container with a data loader: {_ROOM[0]}", "df -h   of the disk"),
        why="the process read or wrote memory that stands for a file, and the file had no room or "
        "had become shorter: /dev/shm of a container, a full disk, a file that is replaced while "
        "it is read",
        known="the signal; which memory it was is not in the log",
        certain=False,
        settles=False,
    )


def _no_room_on_the_device(case: Case) -> Answer:
    said = f"{case.around}{case.near}"
    of_torch = re.search(r"torch_xla|\bxm\.|xla_device|torch[/\\]nn[/\\]modules", said)
    return Answer(
        "one device is to hold more than its memory (PyTorch on XLA)"
        if of_torch
        else "one device is to hold more than its memory (JAX or TensorFlow)",
        (
            "shard the weights over all devices before they are moved: "
            "torch_xla.experimental.spmd_fully_sharded_data_parallel, or FSDPv2 of the Trainer "
            "(fsdp='full_shard', xla: true, xla_fsdp_v2: true)",
            "or a smaller Gemma, LoRA in bfloat16, shorter rows",
        )
        if of_torch
        else (
            "shard the weights over all devices before they are loaded: jax.sharding, "
            "keras.distribution.ModelParallel",
            "or LoRA in place of all weights, a smaller batch and shorter sequences, where the "
            "weights are loaded already",
        ),
        why="XLA lists what it wanted to allocate; without a sharding each device holds all "
        "weights. The logits of a Gemma are large: 256 thousand tokens for each place of a row",
        known="the message; what else the device holds is not in the log",
        settles=False,
    )


def _loader_worker(case: Case) -> Answer:
    if "finished its bootstrapping phase" in case.hit.before:
        return Answer(
            "the script starts processes, and each of them runs the whole script again",
            (
                'if __name__ == "__main__":   around all that the script does, trainer.train() too',
                "or dataloader_num_workers=0",
            ),
            why="a process that is spawned imports the script; what stands at its top level runs "
            "in it as well",
            known="the workers' own error, above: they were started before they had finished "
            "their import",
        )
    return Answer(
        "a process of the data loader failed; its own error is not in this message",
        (
            "dataloader_num_workers=0   shows the error itself",
            "free -h, df -h /dev/shm   where it then works: memory or shared memory ran out",
        ),
        settles=False,
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
        "mps-out-of-memory",
        r"MPS backend out of memory",
        _mps,
        {"RuntimeError: MPS backend out of memory (MPS allocated: 28.61 GiB": "max_length"},
        alone=True,
    ),
    General(
        "host-out-of-memory",
        r"is killed by signal: Killed|exitcode:? ?-9\b|exit (?:code|status):? 137\b|"
        r"exits with return code = -9\b|"
        r"Signal 9 \(SIGKILL\)|"
        r"DefaultCPUAllocator: (?:can't allocate|not enough) memory|(?<!Of)MemoryError\b",
        _host,
        {"RuntimeError: DataLoader worker (pid 41) is killed by signal: Killed.": "machine"},
        alone=True,
    ),
    General(
        "gpu-tensors-pinned",
        r"cannot pin 'torch\.cuda\.\w{3,20}' only dense CPU tensors can be pinned",
        always(
            "the data set or the collator gives tensors that lie on the GPU already",
            "leave .cuda() and .to(device) out of them: the trainer moves the batch",
            "or dataloader_pin_memory=False",
            known="torch says so: only what is in the machine's memory can be pinned",
        ),
        {
            "RuntimeError: cannot pin 'torch.cuda.LongTensor' only dense CPU tensors can be "
            "pinned": "dataloader_pin_memory=False"
        },
    ),
    General(
        "shared-memory",
        r"Bus error|/dev/shm/[^\n]{0,120}No space left on device|"
        r"insufficient shared memory|unable to (?:open|mmap) shared memory",
        _shared_memory,
        {"ERROR: Unexpected bus error. Bus error (core dumped)": "shm"},
        alone=True,
    ),
    General(
        "xla-out-of-memory",
        r"RESOURCE_EXHAUSTED|Ran out of memory in memory space hbm|"
        r"\bUsed [\d.]{1,8}[GM] of [\d.]{1,8}[GM] hbm",
        _no_room_on_the_device,
        {
            "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying "
            "to allocate 2352480 bytes.": "shard"
        },
        alone=True,
    ),
    General(
        "too-many-open-files",
        r"Too many open files|received 0 items of ancdata|unable to open shared memory object",
        always(
            "the processes of the data loader hold more files open than the system allows",
            "ulimit -n 65535   before the command",
            "or torch.multiprocessing.set_sharing_strategy('file_system'), "
            "dataloader_num_workers=0",
        ),
        {"OSError: [Errno 24] Too many open files": "ulimit"},
        alone=True,
    ),
    General(
        "loader-worker-died",
        r"DataLoader worker \(pid(?:\(s\))? [\d, ]{1,60}\) exited unexpectedly|"
        r"Pin memory thread exited unexpectedly|Caught \w{3,40} in DataLoader worker process",
        _loader_worker,
        {
            "RuntimeError: DataLoader worker (pid(s) 1234) exited unexpectedly": "shows the error",
            "RuntimeError: \n        An attempt has been made to start a new process before the\n"
            "        current process has finished its bootstrapping phase.\n\nTraceback (most "
            "recent "
            'call last):\n  File "t.py", line 3, in <module>\n    f()\nRuntimeError: DataLoader '
            "worker (pid(s) 1234) exited unexpectedly": "__main__",
        },
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
