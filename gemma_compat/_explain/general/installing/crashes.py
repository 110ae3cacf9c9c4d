"""Processes that the system ends, or that end in compiled code."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from ..memory.last_seen import what_ran

_ABSENT = re.compile(r"(?i)\b(?:ROCM|HIP)\b[^\n]{0,40}: ?N/?A\b")  # as torch's collect_env lists
_OF_AMD = re.compile(r"(?i)\bROCm\b|\bRX ?\d{4}|\bgfx\d{3,4}|\bHIP\b|\bMI\d{3}X?\b")
# What a crash is by its own words: headline, and what to do.
_OTHER_ENDS = (
    (
        r"Illegal instruction|SIGILL|0xC000001D",
        "a compiled package uses an instruction that this processor does not have",
        (
            "lscpu | grep -o -w -E 'avx|avx2|avx512f' | sort -u   shows what it has",
            "an older or a plain build of that package (llama.cpp, faiss, tensorflow and others "
            "are built for AVX2), or another machine",
        ),
    ),
    (
        r"Cannot recover from (?:the recursive|stack overflow)|(?:error|exception): stack overflow",
        "functions call each other without an end, until Python's stack is full",
        (
            "look for frames that repeat: a wrapper or a patch that was applied twice is the "
            "commonest",
            "restart the kernel, and run every cell once",
        ),
    ),
    (
        r"init_fs_encoding|init_import_site|No module named 'encodings'|init_sys_streams",
        "Python does not find its own standard library, and stops before any script",
        (
            "unset PYTHONHOME PYTHONPATH   and again",
            "a new environment, where the Python that it was made from is gone: python3 -m venv "
            "tune",
        ),
    ),
    (
        r"_enter_buffered_busy",
        "a thread was still printing while Python ended, and Python stopped for that",
        (
            "look for what was saved: the script itself was at its end",
            "thread.join() before the end of a script that starts threads",
        ),
    ),
    (
        r"Fatal Python error: Aborted",
        "compiled code ended the process by itself (abort); what it says of that stands before it",
        (
            "read the lines above: terminate called, Assertion, Check failed, a watchdog of NCCL",
            "python -X faulthandler train.py 2>&1 | tee train.log   keeps them",
        ),
    ),
)
_FRAME = re.compile(r'File "[^"\n]{0,300}[/\\](?:site|dist)-packages[/\\](?P<name>\w+)[/\\]')


def _other_end(case: Case) -> Answer | None:
    """Answer an end that says of itself what it is."""
    near = f"{case.hit.text}\n{case.hit.after[:600]}"
    if re.search(r"SIGSEGV|Segmentation fault", case.hit.text):
        return None  # whatever else stands below is not what ended it
    for text, happened, do in _OTHER_ENDS:
        if re.search(text, near):
            return Answer(happened, do, known="the lines say so", settles=False)
    return None


def _crashed(case: Case) -> Answer:
    below = case.hit.after[:4000].partition("most recent call first")[2]
    frame = _FRAME.search(below.partition("Thread 0x")[0])
    name = frame["name"] if frame else ""
    near = _ABSENT.sub("", case.near)
    on_amd = _OF_AMD.search(near) is not None and "NVIDIA" not in near
    return Answer(
        "native code crashed: a compiled package, not Python"
        + (f"; the innermost frame is of {name}" if name else ""),
        (
            *(
                ()
                if name
                else ("python -X faulthandler train.py   prints the Python frames of the crash",)
            ),
            *(
                (
                    "an AMD card that ROCm does not list: HSA_OVERRIDE_GFX_VERSION=10.3.0 (RDNA "
                    "2), 11.0.0 (RDNA 3) before the command",
                )
                if on_amd
                else ()
            ),
            *(
                (
                    f"pip install -U {name.replace('_', '-')}   in a build for this torch, or "
                    "without it",
                )
                if name and name != "torch"
                else ()
            ),
            "pip install --force-reinstall torch torchvision   and the compiled packages beside it "
            "(bitsandbytes, flash-attn, xformers, triton) for that torch",
        ),
        why="a package that was built for another torch, CUDA or driver is the commonest cause",
        known="the signal; the frames below it show what ran"
        if name
        else "the signal; which package it is, the frames show",
        settles=False,
    )


_ENDING = re.compile(
    r"(?i)\b(?:interpreter|on|at) (?:exit|shutdown)\b|\bafter (?:it|everything) "
    r"(?:was|is|had been) saved\b"
)
_AT_EXIT = Answer(
    "native code crashed while Python ended: what was written before that is not touched by it",
    (
        "python -c \"from safetensors import safe_open; f = safe_open('FOLDER/adapter_model."
        "safetensors', 'pt'); print(len(f.keys()))\"   : does the file open?",
        "in a chain of commands: look for the saved files, and not at the status, or end the "
        "script by os._exit(0) after saving",
    ),
    why="libraries that hold threads or GPU memory are torn down in an order that some of them do "
    "not survive",
    known="the sentence says that it is at the end; which library it is, it does not say",
    certain=False,
    settles=False,
)
# How a shell says that a process was killed, in the languages of systems.
_KILLED = "Killed|已杀死|已殺死|Getötet|Tué|Processus arrêté|Matado|Morto|Убито|強制終了"


def _kernel_died(case: Case) -> Answer:
    """Answer a notebook's kernel that ended without an error."""
    when, less = what_ran(case)
    return Answer(
        f"the notebook's kernel ended without an error{when}: most often since the machine's own "
        "memory ran out",
        (
            "free -h   while it runs, and dmesg | grep -i oom   afterwards",
            "the same code as a script: python train.py   prints Killed (memory) or Segmentation "
            "fault (a compiled package)",
            *less,
        ),
        why="a process that the system ends, and one that crashes in compiled code, look the same "
        "in a notebook",
        known="the notice; which of the two it was, it does not say",
        certain=False,
        settles=False,
    )


def _killed(case: Case) -> Answer:
    if "kernel appears to have died" in case.hit.text:
        return _kernel_died(case)
    when, less = what_ran(case)
    return Answer(
        f"the system ended the process{when}; it does so when the machine's own memory (not the "
        "GPU's) is used up",
        (
            "free -h   while it runs, and dmesg | grep -i oom   afterwards",
            *less,
            *(() if when else (_AT_MERGING,)),
        ),
        why="merging and exporting hold the whole model in 16 bits in memory; a notebook's "
        "kernel dies without a message",
        known="the line; a limit of the scheduler or of the container looks the same",
        certain=False,
    )


_AT_MERGING = (
    "at loading: device_map={'': 0}, dtype=torch.bfloat16; at merging: a machine with twice the "
    "memory of the 16-bit weights"
)


_ENDED_BY_SLURM = re.compile(r"CANCELLED AT \S{8,30} DUE TO (?!OUT)")


KINDS: tuple[General, ...] = (
    General(
        "process-killed",
        rf"^(?:zsh: killed {{2,}}\S|\S{{2,40}}: \w{{1,8}} \d+:? +\d+ (?:{_KILLED})|"
        r"(?:Killed|已杀死|Getötet)[ \t]*$)|"
        r"session crashed after using all available RAM|"
        r"notebook tried to allocate more memory than is available|"
        r"kernel appears to have died|[Dd]etected \d+ oom[-_]kill event|"
        r"\boom[-_]kill(?:er|ed)?\b(?! ?(?:[:=]? ?0\b|protect|enabled|disabled|score|is o))",
        lambda case: None if _ENDED_BY_SLURM.search(case.near) else _killed(case),
        {
            "Killed": "free -h",
            "The kernel appears to have died. It will restart automatically.": "as a script",
            "train.sh: 行 5: 1234 已杀死                  python train.py": "free -h",
            "Getötet": "free -h",
            "zsh: killed     python train.py": "free -h",
            "Your session crashed after using all available RAM.": "memory",
            "bash: line 1: 1234 Killed                  python train.py": "free -h",
            "the job was Killed by the user": "",
            "killed 3 stale workers": "",
            "memory.events: oom 0 oom_kill 0": "",
            "INFO: oom-killer protection enabled for this pod": "",
            "slurmstepd: error: *** JOB 1 ON n CANCELLED AT 2025-01-01T00:00:00 DUE TO TIME LIMIT "
            "***\nKilled": "",
        },
        alone=True,
    ),
    General(
        "refcount-of-none",
        r"none_dealloc: deallocating None|deallocating None: bug likely caused by a refcount",
        always(
            "a compiled package gave None back more often than it took it, and Python stopped",
            "Python 3.12 or newer, where None is never freed: the fault is there still, and ends "
            "no run",
            "pip install -U   of what is compiled and runs at that moment (vllm, ray, numpy, "
            "torch): the lines before the crash say what ran",
            "until then: save_steps small, and resume_from_checkpoint",
            why="each such call takes one from the count of None, so a run dies after hours, at "
            "any line. Data, memory and settings have no part in it",
            known="Python says so; which package it is, it cannot know",
            settles=False,
        ),
        {
            "Fatal Python error: none_dealloc: deallocating None: bug likely caused by a refcount "
            "error in a C extension": "3.12",
            "Fatal Python error: Segmentation fault": "",
        },
        alone=True,
    ),
    General(
        "segmentation-fault",
        r"Segmentation fault|段错误|Speicherzugriffsfehler|[Ee]rreur de segmentation|"
        r"[Vv]iolación de segmento|Ошибка сегментирования|セグメンテーション違反|"
        r"(?<!due to )SIGSEGV|"
        r"(?<!\w)0xC000(?:0005|0409|001D|0374)(?!\w)|"
        r"exits with return code = -11\b|"
        r"exit(?:ed with )?(?:code|status)?:? ?-11\b|"
        r"\bexit(?:s|ed)?(?: with)?(?: code| status)? 139\b|\bsegfault(?:s|ed) (?:in|on|during|at|"
        r"when|while|before|after)\b|"
        r"Fatal Python error: (?!none_dealloc)",
        lambda case: (
            _other_end(case) or (_AT_EXIT if _ENDING.search(case.hit.text) else _crashed(case))
        ),
        {
            "The finished run segfaulted on interpreter exit (rc 139)": "safe_open",
            "Segmentation fault (core dumped)": "faulthandler",
            "Segmentation fault after saving the first checkpoint": "faulthandler",
            "Fatal Python error: _enter_buffered_busy: could not acquire lock for <_io."
            "BufferedWriter name='<stdout>'> at interpreter shutdown": "still printing",
            "Fatal Python error: Segmentation fault\n\nCurrent thread 0x7 (most recent call first):"
            '\n  File "/x/site-packages/xformers/ops/a.py", line 171 in apply': "of xformers",
            "Fatal Python error: Illegal instruction": "avx2",
            "Segmentation fault\nI found nothing on stack overflow": "faulthandler",
            "Fatal Python error: init_fs_encoding: failed to get the Python codec": "PYTHONHOME",
            "train.sh: 行 5: 12 段错误 (核心已转储) python train.py": "faulthandler",
        },
        alone=True,
    ),
)
