"""Packages that pip has to compile, and processes that the system ends."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from ..memory.last_seen import what_ran


def _build(case: Case) -> Answer:
    found = re.search(
        r"Failed (?:building wheel for|to build(?: installable wheels for)?) "
        r"[`'\"(]?([\w.-]{2,40})",
        f"{case.hit.before}{case.hit.text}\n{case.hit.after}",
    )
    name = found[1] if found else ""
    if re.search(
        r"(?i)torch (?:is )?not (?:found|installed)|requires PyTorch[^\n]{0,40}installed|"
        r"No module named 'torch'",
        case.hit.before[-4000:] + case.hit.text + case.hit.after[:4000],
    ):
        return in_a_build()
    if name.replace("_", "-") == "flash-attn":
        return Answer(
            "flash-attn has to be compiled here, and that failed",
            (
                'attn_implementation="sdpa"   needs no flash-attn',
                "or a wheel for this Python, torch and CUDA from github.com/Dao-AILab/"
                "flash-attention/releases: pip install THE.whl",
                "or pip install ninja packaging wheel && MAX_JOBS=4 pip install flash-attn "
                "--no-build-isolation   with CUDA_HOME of torch's CUDA",
            ),
            why="its package on PyPI is source: it asks for nvcc, torch and much memory",
            known="pip names the package; why the compiler stopped stands above",
            settles=False,
        )
    return Answer(
        f"{name} has to be compiled here, and that failed"
        if name
        else "a package has to be compiled here, and that failed",
        (
            "python --version   and a Python that it has wheels for (3.11 or 3.12, mostly)",
            "pip install -U pip setuptools wheel   and the package again, or a newer release of it",
            "or a compiler: apt install build-essential cmake python3-dev",
        ),
        why="pip takes the source where there is no wheel for this Python and system",
        known="the message; why it failed stands above it",
        settles=False,
    )


# What stands around an error of a package that is being built, and not run.
_BUILDS = (
    r"pip-build-env|get_requires_for_build|build_wheel|PEP ?517|Failed building wheel|"
    r"build process|metadata-generation-failed|Preparing metadata[^\n]{0,40}error"
)


def is_of_a_build(text: str) -> bool:
    return re.search(_BUILDS, text) is not None


def in_a_build() -> Answer:
    return Answer(
        "pip builds a package from source, in a separate environment without torch, since "
        "it found no wheel for this Python, system and torch",
        (
            "pip install NAME --no-build-isolation   after torch (flash-attn, deepspeed)",
            "xformers: pip install -U xformers --index-url https://download.pytorch.org/whl/cu128"
            "   (the index of torch's CUDA; a release that has a wheel for it)",
            "or a Python that has wheels: 3.11 or 3.12",
        ),
        why="setup.py of such packages imports torch, and a build in isolation does not see the "
        "one that is installed",
        known="the lines are those of a build that looks for torch",
    )


_OF_AMD = re.compile(r"(?i)\bROCm\b|\bRX ?\d{4}|\bgfx\d{3,4}|\bHIP\b|\bMI\d{3}X?\b")


def _crashed(case: Case) -> Answer:
    on_amd = _OF_AMD.search(case.near) is not None
    return Answer(
        "native code crashed: a compiled package, not Python",
        (
            "python -X faulthandler train.py   prints the Python frames of the crash",
            *(
                (
                    "an AMD card that ROCm does not list: HSA_OVERRIDE_GFX_VERSION=10.3.0 (RDNA "
                    "2), 11.0.0 (RDNA 3) before the command",
                )
                if on_amd
                else ()
            ),
            "pip install --force-reinstall torch torchvision   and the compiled packages beside it "
            "(bitsandbytes, flash-attn, xformers, triton) for that torch",
        ),
        why="a package that was built for another torch, CUDA or driver is the commonest cause",
        known="the signal; which package it is, the frames show",
        settles=False,
    )


_ENDING = re.compile(
    r"(?i)\b(?:interpreter|on|at) (?:exit|shutdown)\b|\bafter (?:it was |everything )?"
    r"sav(?:ing|ed)\b"
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


def _killed(case: Case) -> Answer:
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
KINDS: tuple[General, ...] = (
    General(
        "build-failed",
        r"Failed building wheel for \S{2,60}|Failed to build installable wheels|"
        r"Could not build wheels for \S{2,60}|error: subprocess-exited-with-error|"
        r"metadata-generation-failed|Failed to build `?[\w.-]{2,60}[`=]",
        _build,
        {
            "  ERROR: Failed building wheel for flash-attn": "sdpa",
            "  ERROR: Failed building wheel for sentencepiece": "sentencepiece",
            "error: subprocess-exited-with-error": "compiler",
            "error: subprocess-exited-with-error\n      torch is not installed, please install "
            "torch first!": "--no-build-isolation",
        },
        alone=True,
    ),
    General(
        "nvcc-older-than-the-card",
        r"Unsupported gpu architecture 'compute_(?P<arch>\d{2,3})a?'",
        lambda case: Answer(
            f"the CUDA toolkit that compiles is older than the card (compute_{case.match['arch']})",
            (
                "nvcc --version   and a toolkit that knows it: 12.8 or newer for RTX 50 and B200",
                "CUDA_HOME=/usr/local/cuda-12.8 before the command",
            ),
            known="nvcc says so",
        ),
        {"nvcc fatal   : Unsupported gpu architecture 'compute_120'": "12.8"},
        alone=True,
    ),
    General(
        "process-killed",
        rf"^(?:zsh: killed {{2,}}\S|\S{{2,40}}: \w{{1,8}} \d+:? +\d+ (?:{_KILLED})|"
        r"(?:Killed|已杀死|Getötet)[ \t]*$)|"
        r"session crashed after using all available RAM|"
        r"notebook tried to allocate more memory than is available|"
        r"kernel appears to have died|[Dd]etected \d+ oom[-_]kill event|"
        r"\boom[-_]kill",
        _killed,
        {
            "Killed": "free -h",
            "train.sh: 行 5: 1234 已杀死                  python train.py": "free -h",
            "Getötet": "free -h",
            "zsh: killed     python train.py": "free -h",
            "Your session crashed after using all available RAM.": "memory",
            "bash: line 1: 1234 Killed                  python train.py": "free -h",
            "the job was Killed by the user": "",
            "killed 3 stale workers": "",
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
        lambda case: _AT_EXIT if _ENDING.search(case.hit.text) else _crashed(case),
        {
            "The finished run segfaulted on interpreter exit (rc 139)": "safe_open",
            "Segmentation fault (core dumped)": "faulthandler",
            "train.sh: 行 5: 12 段错误 (核心已转储) python train.py": "faulthandler",
        },
        alone=True,
    ),
)
