"""Processes that ended from outside, work that had nothing to do, and files that broke off."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _signal(case: Case) -> Answer:
    number = case.match["number"]
    hang_up = number == "1"
    if number == "2":
        return Answer(
            "the run was interrupted (signal 2): Ctrl-C, a notebook's stop button, or a program "
            "that sends the same",
            (
                "resume_from_checkpoint=True   goes on from the last checkpoint",
                "or look at the log of what started it: a scheduler or a script may send it",
            ),
            known="the launcher names the signal; who sent it, it does not say",
            settles=False,
        )
    return Answer(
        "the terminal or the session that started the run was closed"
        if hang_up
        else "the run was told to end from outside (signal 15): by the scheduler, a time limit, a "
        "person or another rank's launcher",
        (
            "tmux   or nohup, sbatch: start the run so that it outlives the terminal"
            if hang_up
            else "look at the scheduler's record (sacct -j JOB, kubectl describe pod) and at the "
            "other nodes' logs",
            "resume_from_checkpoint=True   goes on from the last checkpoint",
        ),
        why="a launcher passes the signal on to every process",
        known="the launcher names the signal; who sent it, it does not say",
        settles=hang_up,
    )


def _empty(case: Case) -> Answer:
    text = f"{case.hit.before[-3000:]}{case.hit.text}{case.hit.after}"
    loading = case.says(r"from_pretrained|_init_weights|initialize_weights|load_model")
    zero = re.search(r"(?i)zero-?_?3\b|stage[\"']?\s?[:=]?\s?3\b", text) is not None
    zero = zero or case.says(r"(?i)[/\\]deepspeed[/\\]")
    likely = (loading or zero) and not case.is_of_the_script
    return Answer(
        "a tensor that is indexed is empty: most often a weight that ZeRO-3 keeps on other ranks"
        if likely
        else "a tensor that is indexed is empty (size 0)",
        (
            "train under ZeRO-2, or load the model before HfDeepSpeedConfig or TrainingArguments "
            "with deepspeed is made",
            "pip install -U transformers accelerate deepspeed",
        )
        if likely
        else (
            "print(len(dataset), dataset[0])   and the shapes of a batch, at the last frame of "
            "your own code",
            "under ZeRO-3 or FSDP: a weight that is read outside its forward is empty on most "
            "ranks",
        ),
        why="transformers 4.57 zeroes an embedding's padding row while it loads, which is not "
        "there on a rank that holds none of it; reported for Gemma 3"
        if likely
        else "rows that were all dropped, a prompt that was cut to nothing, or a partitioned "
        "weight",
        known="the size in the message; whether DeepSpeed partitions, the log does not show for "
        "sure"
        if likely
        else "the size in the message; which tensor it is, the last frame shows",
        certain=not likely,
        settles=False,
    )


_SAVES = re.compile(
    r"\b(?:torch\.save|(?:joblib|pickle|dill|cloudpickle|pickler)\.dumps?|deepcopy)\("
)


_SAVED_WHOLE = Answer(
    "an object that is saved or copied whole holds a function that was made within another "
    "function, which pickle does not take",
    (
        "torch.save(model.state_dict(), FILE), or save_pretrained(DIR), in place of the "
        "whole object",
        "or the function at the top of a module: hooks and lambdas of a model, too",
    ),
    why="pickle notes a function by its name, and one within a function has none",
    known="the message names the function, and the frames save or copy",
)


def _left_behind(case: Case) -> Answer:
    starts = re.search(r"multiprocess\w*[/\\]|from_parent|_worker_loop|spawn", case.frames)
    if _SAVES.search(case.frames) and not starts:
        return _SAVED_WHOLE
    read = re.search(
        r"\b(?:torch|joblib|pickle|dill|cloudpickle|pickle_module)\.load\(|unpickler\.load\(",
        case.frames,
    )
    if read and not re.search(r"multiprocess\w*[/\\]|from_parent|_worker_loop", case.frames):
        return Answer(
            "a file holds whole objects of the script that wrote it, and this script does not "
            "define their class or function",
            (
                "define or import it under the same name before the file is loaded",
                "or save what has no code: model.state_dict(), save_pretrained(DIR)",
            ),
            why="pickle notes only where a class was defined; __main__ is another file now",
            known="the message names the object, and the frames read a file",
        )
    return Answer(
        "a process that was started afresh does not find a function or class of the script",
        (
            "num_proc=1 (preprocessing_num_workers: 1), dataloader_num_workers=0",
            "or the function at the top of a module that is imported, not inside another function "
            "or a notebook",
        ),
        why="Windows and macOS start each worker anew and hand it things by name; a function "
        "within a function has none",
        known="the message names the object",
        settles=False,
    )


def _nccl_alone(case: Case) -> Answer:
    seen = 'python -c "import torch; print(torch.cuda.is_available(), torch.version.cuda)"'
    if "only supported with GPUs" in case.match[0]:
        return Answer(
            "NCCL was asked for, and this process sees no GPU",
            (
                f"{seen}   : False, None is a build for the CPU",
                "nvidia-smi; echo $CUDA_VISIBLE_DEVICES   in a container: docker run --gpus all",
                "or ddp_backend=gloo (use_cpu: true) for a run without GPUs",
            ),
            known="torch says so; why none is seen, it does not say",
            settles=False,
        )
    return Answer(
        "NCCL was given a tensor of the CPU, or a sparse one",
        (
            "init_process_group(backend='cpu:gloo,cuda:nccl')   where weights are offloaded to the "
            "CPU",
            "or .to('cuda') for what is gathered or reduced, and .to_dense() for sparse gradients",
        ),
        known="torch says so",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "ended-by-a-signal",
        r"SignalException: Process \d+ got signal: (?P<number>1|2|15)\b",
        _signal,
        {
            "torch.distributed.elastic.multiprocessing.api.SignalException: Process 4096 got "
            "signal: 1": "tmux",
            "torch.distributed.elastic.multiprocessing.api.SignalException: Process 4096 got "
            "signal: 15": "scheduler",
            "torch.distributed.elastic.multiprocessing.api.SignalException: Process 4096 got "
            "signal: 2": "interrupted",
        },
    ),
    General(
        "index-into-an-empty-tensor",
        r"index 0 is out of bounds for dimension 0 with size 0",
        _empty,
        {
            "IndexError: index 0 is out of bounds for dimension 0 with size 0": "size 0",
            "# IndexError: index 0 is out of bounds for dimension 0 with size 0\nGemma 3 fails to "
            "load under DeepSpeed ZeRO-3": "ZeRO-2",
        },
    ),
    General(
        "file-not-written-whole",
        r"enforce fail at inline_container\.cc(?![^\n]{0,40}(?:Reader|reading|not found))|"
        r"PytorchStreamWriter failed writing|"
        r"basic_ios::clear: iostream error|unexpected pos \d+ vs \d+",
        always(
            "a checkpoint could not be written whole: the disk or its quota is full, or went away",
            "df -h OUTPUT_FOLDER; quota -s",
            "save_total_limit=1, save_only_model=True   or another output_dir",
            why="the optimizer states of a full fine-tune are four times the 16-bit weights or "
            "more",
            known="torch's writer says that it got fewer bytes onto the disk than it has",
            settles=False,
        ),
        {
            "RuntimeError: [enforce fail at inline_container.cc:595] . unexpected pos 4608 vs "
            "4500": "df -h",
            "RuntimeError: [enforce fail at inline_container.cc:145] . PytorchStreamReader failed "
            "reading zip archive: failed finding central directory": "",
        },
    ),
    General(
        "left-behind-by-a-pickle",
        r"Can't get (?:local object '|attribute '\w{1,80}' on <module '__main__')",
        _left_behind,
        {
            "AttributeError: Can't get local object 'AutoModelForCausalLMWithValueHead.post_init."
            "<locals>.set_device_hook'": "dataloader_num_workers=0",
            '  File "/home/me/t.py", line 4, in f\n    torch.save(model, "m.pt")\nAttributeError: '
            "Can't get local object 'make.<locals>.hook'": "state_dict(), FILE",
            "AttributeError: Can't get attribute 'format_func' on <module '__main__' "
            "(built-in)>": "afresh",
        },
    ),
    General(
        "nccl-without-a-gpu",
        r"ProcessGroupNCCL is only supported with GPUs|Tensors must be CUDA and dense",
        _nccl_alone,
        {
            "RuntimeError: ProcessGroupNCCL is only supported with GPUs, no GPUs found!": (
                "is_available"
            ),
            "RuntimeError: Tensors must be CUDA and dense": "cpu:gloo,cuda:nccl",
        },
    ),
    General(
        "pool-lost-a-process",
        r"A (?:process in the process pool was|child process) terminated abruptly",
        always(
            "a worker process of a pool ended before it answered: most often it was killed for "
            "the machine's memory, or crashed",
            "fewer workers: num_proc=1 (dataset_num_proc=1), max_workers=1",
            "journalctl -k | grep -i 'killed process'   on that machine",
            "all that the script does below if __name__ == '__main__':   where processes start "
            "afresh (Windows, macOS, spawn)",
            known="Python says that it ended; why, the lines above may say",
            certain=False,
            settles=False,
        ),
        {
            "concurrent.futures.process.BrokenProcessPool: A process in the process pool was "
            "terminated abruptly while the future was running or pending.": "num_proc=1"
        },
    ),
    General(
        "no-thread-left",
        r"can't start new thread|pthread_create failed for thread",
        always(
            "the system gives the process no more threads",
            "OMP_NUM_THREADS=4 OPENBLAS_NUM_THREADS=4 before the command; fewer "
            "dataloader_num_workers and num_proc",
            "ulimit -u   and, in a container, --pids-limit=-1",
            why="each rank and each worker starts as many threads as there are cores",
            known="the message",
        ),
        {"RuntimeError: can't start new thread": "OMP_NUM_THREADS"},
        alone=True,
    ),
)
