"""Jobs of a scheduler, file systems that several machines share, and files that broke off."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _unsupported(case: Case) -> Answer:
    return Answer(
        "the framework has no form of this model for the backend that was asked for",
        (
            "pip install -U   the framework (verl, ms-swift, mbridge, megatron-core): families are "
            "added by release",
            "or its FSDP or transformers backend, which takes the model as transformers has it: "
            "verl: strategy=fsdp; ms-swift: swift sft in place of megatron sft",
        ),
        why="Megatron builds each family from its own layers, and the message lists those it has",
        known="the message names the family; since when it is there, was not looked up",
        settles=False,
    )


def _file_system(case: Case) -> Answer:
    # json.dump writes by fp.write( too, and a bar of tqdm stands around whatever it iterates over.
    if re.search(
        r"\bin fp_write\b|sys\.std(?:out|err)\b|\bprint\(|logging[/\\]__init__",
        "\n".join(case.frames.splitlines()[-2:]),
    ):
        return Answer(
            "the terminal that the run prints to is gone: the session was closed while it ran",
            (
                "tmux or screen   ; or nohup python SCRIPT > log.txt 2>&1 &   : what it prints "
                "goes to a file then",
                "resume_from_checkpoint=True   goes on from the last checkpoint",
            ),
            why="a process that outlives its terminal gets this error at the next line or progress "
            "bar that it prints",
            known="the last frame prints; if the output goes to a file, it is that file's disk",
            certain=False,
            settles=False,
        )
    return Answer(
        "the disk or the network file system failed while a file was read or written",
        (
            "dmesg -T | tail; df -h .; df -i .   on the machine that said so",
            "write checkpoints to a local disk and copy them; HF_HOME and HF_DATASETS_CACHE on a "
            "local disk too",
            "fewer writers: save on rank 0 of each machine, save_total_limit, fewer "
            "dataloader_num_workers",
        ),
        why="a mounted folder whose server lost the file or the connection, a quota, a broken disk",
        known="the system says so; which file it is, the frames show",
        settles=False,
    )


def _broke_off(case: Case) -> Answer:
    if re.search(r"\bload\(from_parent", "\n".join(case.frames.splitlines()[-2:])):
        above = re.search(r"Error: (?P<text>(?:Can't|cannot) pickle [^\n]{3,100})", case.hit.before)
        return Answer(
            "a process that was started afresh got nothing from the one that started it: that one "
            "failed first, most often because something cannot be pickled",
            (
                f"its own error stands above: {above['text']}"
                if above
                else "look for the first process's own error (Can't pickle ...), above or below",
                "dataloader_num_workers=0, num_proc=1   : no process is started then",
                "functions and classes at the top of a module, and "
                'if __name__ == "__main__":   around the rest',
            ),
            why="Windows and macOS start each worker anew and hand it its work through a pipe; "
            "what cannot be pickled breaks off there",
            known="the frames are those of a started process that reads from its parent; no file "
            "is involved",
            settles=False,
        )
    return Answer(
        "a file that was written by Python is cut off or empty",
        (
            "ls -l   the file of the last frame: 0 bytes, or smaller than its neighbours?",
            "delete it (a cache is made anew), or resume from the checkpoint before it",
        ),
        why="a save that a full disk, a time limit or another process broke off",
        known="pickle came to the end of the file",
        settles=False,
    )


_NO_INTERFACE = re.compile(r"\bno socket interface found\b")


def _used_wrongly(case: Case) -> Answer | None:
    if _NO_INTERFACE.search(case.near):
        return Answer(
            "NCCL finds no network interface to start with",
            (
                "echo $NCCL_SOCKET_IFNAME   and   ip addr   : is there an interface of that name?",
                "unset NCCL_SOCKET_IFNAME   on one machine: NCCL chooses by itself",
            ),
            why="NCCL_SOCKET_IFNAME names an interface that this machine or container has not, or "
            "there is none but those that NCCL leaves out",
            known="NCCL's last error says so",
            settles=False,
        )
    cards = "nvidia-smi -L | wc -l   : as many processes (--nproc_per_node) as this, or fewer"
    own = "torch.cuda.set_device(int(os.environ['LOCAL_RANK']))   before the first collective"
    if re.search(r"(?i)duplicate GPU detected", case.hit.text + case.hit.after[:800]):
        return None  # that line has its own kind
    return Answer(
        "NCCL was called in a way that it refuses: most often two processes on one GPU",
        (cards, own, "NCCL_DEBUG=WARN   before the command: it prints what it refuses"),
        why="processes that share a card, a device_map of a fixed number, or a tensor on another "
        "card than the process's own",
        known="NCCL's code; which of these it is, NCCL_DEBUG=WARN says",
        settles=False,
    )


_NO_BATCH = Answer(
    "verl has fewer rows than one batch, so that no batch is made",
    (
        "data.train_batch_size   not above the number of rows that are left",
        "data.max_prompt_length larger, or data.filter_overlong_prompts=False: how many rows "
        "does the filter leave? (printed above: dataset len)",
    ),
    why="the last batch is dropped where it is not full, and rows whose prompt is too long "
    "are filtered out",
    known="verl says so; which of the two it is, the counts above say",
    settles=False,
)


def _is_a_script(case: Case) -> bool:
    """Return whether a script's own check failed, and not one of a checkout of verl."""
    return case.is_of_the_script and re.search(r"\bverl\b", case.frames) is None


KINDS: tuple[General, ...] = (
    General(
        "job-ran-out-of-time",
        r"CANCELLED AT \S{8,30} DUE TO (?P<why>TIME LIMIT|PREEMPTION|NODE FAILURE)",
        lambda case: Answer(
            f"slurm ended the job: {case.match['why'].lower()}",
            (
                "sacct -j JOB --format=JobID,State,Elapsed,Timelimit",
                "#SBATCH --time=...   longer, save_steps smaller, and resume_from_checkpoint=True "
                "in the next job",
                "#SBATCH --signal=B:USR1@300 and --requeue, to save and go on by itself",
            ),
            why="what the log has after it are processes that were ended",
            known="slurm says so",
        ),
        {
            "slurmstepd: error: *** JOB 1234 ON node01 CANCELLED AT 2025-01-01T00:00:00 DUE TO "
            "TIME LIMIT ***": "save_steps"
        },
        alone=True,
    ),
    General(
        "step-that-slurm-cannot-make",
        r"Unable to (?:create step for job|confirm allocation)[^\n]{0,200}|"
        r"(?:srun|salloc|sbatch): (?:\w+: )?Unable to allocate resources[^\n]{0,200}",
        always(
            "slurm does not give the step what it asks for",
            "sbatch: --nodes, --ntasks-per-node=1, --gpus-per-node and --cpus-per-task as srun and "
            "torchrun use them",
            "scontrol show job JOB   : what the job has got",
            why="srun asks for more tasks, cards or cores than the job has, or another step holds "
            "them",
            known="slurm says so, behind the colon",
            settles=False,
        ),
        {
            "srun: error: Unable to create step for job 1234: More processors requested than "
            "permitted": "ntasks-per-node",
            "salloc: error: Unable to allocate resources: Invalid account": "slurm does not give",
            "ERROR: Unable to allocate resources in the cluster: quota exceeded": "",
        },
        alone=True,
    ),
    General(
        "file-system-failed",
        r"\[Errno 5\] Input/output error|\[Errno 116\] Stale file handle|"
        r"(?i:input/output error)(?=\W{0,3}$|['\")\]]|: ['\"/]| \(os)|Stale (?:NFS )?file handle|"
        r"\[Errno 121\] Remote I/O error",
        _file_system,
        {
            "OSError: [Errno 5] Input/output error": "dmesg",
            "GRPO Train Failed With Input/Output Error": "dmesg",
            "RuntimeError: input/output error: the graph has no output named logits": "",
            "cp: error reading 'a.bin': Input/output error": "dmesg",
            "OSError: [Errno 116] Stale file handle": "local disk",
        },
        alone=True,
    ),
    General(
        "file-that-broke-off",
        r"pickle data was truncated|^EOFError: Ran out of input|EOFError: Ran out of input",
        _broke_off,
        {
            "_pickle.UnpicklingError: pickle data was truncated": "0 bytes",
            "EOFError: Ran out of input": "0 bytes",
        },
    ),
    General(
        "nccl-used-wrongly",
        r"ncclInvalidUsage|NCCL Error 5: invalid usage|invalid usage \(run with NCCL_DEBUG|"
        r"NCCL error[^\n]{0,120}invalid usage",
        _used_wrongly,
        {
            "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:3135, invalid "
            "usage (run with NCCL_DEBUG=WARN for details), NCCL version 2.28.9\nLast error:\n"
            "Bootstrap : no socket interface found": "unset NCCL_SOCKET_IFNAME",
            "ncclInvalidUsage: This usually reflects invalid usage of NCCL library.": "LOCAL_RANK",
            "RuntimeError: NCCL Error 5: invalid usage (run with NCCL_DEBUG=WARN for details)": (
                "nproc_per_node"
            ),
        },
        alone=True,
    ),
    General(
        "family-without-megatron",
        r"Model [Tt]ype: \S{2,40} (?:is )?not supported\. Supported models|"
        r"(?i:\b(?:model|architecture)(?:[ _]type)?:? ['\"`]?(?!parallel)[\w./-]{3,60}['\"`]?|"
        r"\bgemma[\w.-]{0,30}['\"`]?) is not supported (?:by|in) (?:Megatron|mcore|megatron-core)|"
        r"not in MODEL_MAPPING|Model architectures \[?'?\w{3,60}'?\]? (?:loader|saver) are not "
        r"supported",
        _unsupported,
        {
            "NotImplementedError: Model Type: gemma3 not supported. Supported models: llama": (
                "strategy=fsdp"
            ),
            "ValueError: Model type 'gemma3' is not supported by Megatron": "strategy=fsdp",
            "ValueError: sequence packing is not supported in Megatron": "",
        },
        alone=True,
    ),
    General(
        "no-rows-for-verl",
        r"(?:Train|Validation) dataloader is empty",
        lambda case: None if _is_a_script(case) else _NO_BATCH,
        {
            "AssertionError: Train dataloader is empty!": "train_batch_size",
            'Traceback (most recent call last):\n  File "train.py", line 9, in <module>\n    '
            "assert "
            "len(dl), 'Train dataloader is empty'\nAssertionError: Train dataloader is empty": "",
        },
        alone=True,
    ),
    General(
        "replicas-low-on-memory",
        r"Replicas low on memory(?:: (?P<pool>[\w, -]{1,80}))?",
        always(
            "Vertex AI ended the job: the memory of a machine ran out, not the card's",
            "a machineType with more memory in machineSpec (workerPoolSpecs)",
            "dtype=torch.bfloat16 at loading, dataloader_num_workers=0, streaming=True",
            why="the process is killed from outside, so its log ends without a traceback",
            known="the service says so; what filled the memory, it does not say",
            settles=False,
        ),
        {"JOB_STATE_FAILED  Replicas low on memory: workerpool0": "machineType"},
        alone=True,
    ),
)
