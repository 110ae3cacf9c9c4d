"""Triton, which compiles kernels while the run goes on, and the ptxas that it calls."""

from __future__ import annotations

import re

from ....tables import torch_wheels
from ...answer import Answer
from ..base import Case, General, always

_NOT_COMPILED = (
    "TORCHDYNAMO_DISABLE=1 before the command (with Unsloth: UNSLOTH_COMPILE_DISABLE=1)   runs "
    "without it, where no library needs Triton itself"
)
_ON_WINDOWS = r"\bwin32\b|[Ww]indows(?! Subsystem)|\b[Ww]in ?1[01]\b|[A-Z]:\\|\.dll\b|cp3\d+-win"
_ELSEWHERE = r"\bLinux\b|/home/\w|[A-Z]:\\|\bNVIDIA [A-Z]|\bGeForce\b|\bRTX ?\d{4}"
_ON_MACOS = r"\bmacOS\b|\bDarwin\b|\bMPS\b|\bmps\b|Apple|(?<![A-Za-z]:)(?<!/[A-Za-z])/Users/|"
_ON_MACOS += r"arm64-apple|macosx"


def _of_older_triton(case: Case) -> Answer:
    """Answer a module that Triton itself no longer has."""
    who = next((item for item in reversed(case.packages) if item != "triton"), "")
    name = case.match["gone"]
    if name == "ops":
        who = who or "bitsandbytes"
    text = case.hit.before + case.hit.after
    is_other = "triton-library" in text  # a client of an inference server
    if is_other or (not who and re.search(_ON_WINDOWS, text)):
        do: tuple[str, ...] = (
            f"pip uninstall -y {'triton-library' if is_other else 'triton'}; on Windows: pip "
            "install triton-windows   (of the release that fits torch)",
            f"or {_NOT_COMPILED}",
        )
    elif who:
        do = (
            f"pip install -U {who.replace('_', '-')}",
            "or the torch, with its Triton, of the time of that package",
        )
    else:
        do = ("pip show triton torch   and upgrade the older of Triton and what imports it",)
    return Answer(
        f"the installed Triton has no module triton.{name}, which {who or 'a package'} imports",
        do,
        why="Triton 3.2 took triton.ops out; bitsandbytes before 0.45.1 imports it"
        if name == "ops"
        else "modules of Triton move between its releases",
        known="the message; who asks for it, the last frame says",
        certain=bool(who),
    )


def no_triton(case: Case) -> Answer:
    """Answer a Triton that is missing or unusable, by the system that the log shows."""
    if case.match.groupdict().get("gone"):
        return _of_older_triton(case)
    text = case.above + case.around + case.hit.before + case.hit.text + case.hit.after
    if re.search(_ON_MACOS, text) and not re.search(_ELSEWHERE, text):
        do: tuple[str, ...] = (
            "leave out what needs Triton: Unsloth's CUDA kernels, liger-kernel, torch.compile; "
            "transformers, PEFT and TRL run without it",
        )
    elif re.search(_ON_WINDOWS, text) and not re.search(r"\bWSL ?2?\b|\bUbuntu\b", text):
        do = (
            "pip install triton-windows   (of the release that fits torch)",
            f"or {_NOT_COMPILED}",
        )
    else:
        do = (
            "pip install --force-reinstall torch   brings the Triton of its release (Linux, CUDA "
            "or ROCm)",
            "on Windows: pip install triton-windows; on macOS there is none",
            f"or {_NOT_COMPILED}",
        )
    return Answer(
        "Triton, which compiles GPU kernels, is missing or does not load here",
        do,
        why="its wheels on PyPI are for Linux; torch brings it along there and nowhere else",
        known="the message",
    )  # fmt: skip


def _ptxas(case: Case) -> Answer:
    target = re.search(r"sm_(\d{2,3}a?)", case.around)
    if target and int(target[1].rstrip("a")) < 75:
        return Answer(
            f"the ptxas that Triton calls no longer knows the card, an sm_{target[1]}",
            (
                f"{torch_wheels.install(which=torch_wheels.OLD_CARDS)}   (with the Triton of "
                "that release)",
                "or TRITON_PTXAS_PATH=/usr/local/cuda-12.6/bin/ptxas, of such a toolkit",
                f"or {_NOT_COMPILED}",
            ),
            why="the ptxas of CUDA 13 left out Pascal and Volta (P100, V100)",
            known="the message",
        )
    return Answer(
        f"the ptxas that Triton calls does not know the card, an sm_{target[1]}"
        if target
        else "the ptxas that Triton calls failed on a kernel",
        (
            f"{torch_wheels.install(which=torch_wheels.THOR, options='-U')}   (its "
            "Triton brings a newer one)",
            "or TRITON_PTXAS_PATH=/usr/local/cuda/bin/ptxas   of a CUDA toolkit that knows it "
            "(newer Triton: TRITON_PTXAS_BLACKWELL_PATH, for RTX 50, B200, GB10)",
        ),
        why="Triton brings its own ptxas, which assembles its kernels for the card",
        known="the message",
        certain=target is not None,
    )


_OTHER_FP8 = Answer(
    "a kernel computes in a form of fp8 that this AMD card does not have: it has another one",
    (
        "weights in bfloat16 or 4 bits, in place of the fp8 checkpoint or option",
        "pip install -U   the package of the kernel (vLLM, SGLang): newer releases convert the "
        "weights on such a card",
    ),
    why="MI300 computes in e4m3fnuz and e5m2fnuz; checkpoints and NVIDIA's cards use e4m3fn",
    known="the message lists the forms that the card has",
)


def _compiling(case: Case) -> Answer:
    """Answer what Triton could not compile or start, by what it says."""
    text = f"{case.hit.text}\n{case.hit.after[:600]}"
    if re.search(r"Triton Error \[(?:CUDA|HIP)\]:[^\n]{0,40}out of memory", text):
        return Answer(
            "the card had no memory left when Triton started a kernel",
            (
                "per_device_train_batch_size=1 with more gradient_accumulation_steps",
                "a shorter max_length, gradient_checkpointing=True",
                "nvidia-smi   shows what other processes hold",
            ),
            known="the driver says so; torch's own figures are not in this message",
            settles=False,
        )
    if re.search(r"fp8e\w{2,6} not supported|type fp8\w{0,6} not supported", text):
        if "fp8e4b8" in text:
            return _OTHER_FP8
        return Answer(
            "a kernel computes in fp8, which this card does not have",
            (
                "weights in bfloat16 or 4 bits, in place of the fp8 checkpoint or option",
                "or a card of compute capability 8.9 or newer (L4, RTX 40, H100)",
            ),
            why="fp8 begins with compute capability 8.9 (Ada and Hopper)",
            known="Triton says so",
        )
    return Answer(
        "Triton could not compile or load a kernel",
        (
            "pip install -U torch triton unsloth unsloth_zoo liger-kernel   (those that are used)",
            _NOT_COMPILED,
            "or attn_implementation='eager' (sdpa), and without liger-kernel",
        ),
        why="a kernel may use what this Triton does not know, or what this card does not have "
        "(bfloat16 and fp8 before Ampere and Ada)",
        known="the message; which of these it is, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "triton-missing",
        r"Cannot find a working triton installation|TritonMissing|Unable to import `?triton|"
        r"No module named 'triton(?:\.(?P<gone>ops|common|testing)[\w.]{0,40}|\.\w{1,40})?'|"
        r"DLL load failed while importing libtriton|"
        r"[Tt]riton (?:is not installed|not installed(?! or not compatible; certain)|"
        r"is not available|installation not found)",
        no_triton,
        {
            "torch._inductor.exc.TritonMissing: Cannot find a working triton installation.": (
                "triton-windows"
            ),
            '  File "C:\\venv\\x.py", line 1, in f\nModuleNotFoundError: No module named '
            "'triton'": "triton-windows",
            "ModuleNotFoundError: No module named 'triton.ops'": "pip install -U bitsandbytes",
            "pip install triton-library\nModuleNotFoundError: No module named 'triton.common'": (
                "uninstall -y triton-library"
            ),
            "'cuda' if ok else 'mps', on a RTX 3090, Windows 11\nModuleNotFoundError: No module "
            "named 'triton'": "triton-windows",
            "WSL2 under Windows 11\nModuleNotFoundError: No module named 'triton'": (
                "--force-reinstall torch"
            ),
            "RuntimeError: Triton not installed or not compatible; certain GPU-related functions "
            "will not be available.": "",
        },
    ),
    General(
        "triton-sees-no-card",
        r"\d active drivers \(\[.{0,80}\]\)\. There should only be one",
        always(
            "Triton found no GPU, or more than one kind of it",
            "python -c 'import torch; print(torch.cuda.is_available(), torch.version.cuda)'",
            "nvidia-smi   (or rocminfo): the driver has to see the card, in the container too",
            why="a torch for the CPU, a container without --gpus all, and a process without a "
            "visible device look the same",
            known="the message; which of these it is, it does not say",
            settles=False,
        ),
        {
            "RuntimeError: 0 active drivers ([]). There should only be one.": (
                "torch.cuda.is_available"
            )
        },
    ),
    General(
        "ptxas-too-old",
        r"Value 'sm_\d{2,3}a?' is not defined for option 'gpu-name'|PTXAS error|PTXASError|"
        r"ptxas (?:fatal|died)|(?<!INTERNAL: )ptxas exited",
        _ptxas,
        {
            "ptxas fatal   : Value 'sm_121a' is not defined for option 'gpu-name'": "sm_121a",
            "ptxas fatal   : Value 'sm_70' is not defined for option 'gpu-name'": "no longer knows",
        },
        alone=True,
    ),
    General(
        "ptxas-has-no-such-type-for-the-card",
        r"Feature '[^'\n]{0,30}\bbf16[^'\n]{0,12}' requires \.target sm_80",
        always(
            "a kernel of Triton computes in bfloat16, and this card (before Ampere: T4, V100, "
            "RTX 20) has no instructions for that",
            "dtype=torch.float16 or torch.float32 in from_pretrained, and bf16=False in the "
            "trainer's arguments",
            "Gemma 3 in float16 overflows: take float32, or an Unsloth that keeps its "
            "activations in float32 there",
            why="torch itself computes bfloat16 there slowly; a kernel that Triton compiles "
            "for the card needs the instructions (compute capability 8.0)",
            known="ptxas says so",
        ),
        {
            "ptxas a.ptx, line 387; error   : Feature '.bf16' requires .target sm_80 or higher": (
                "float32"
            )
        },
        alone=True,
    ),
    General(
        "ptxas-failed-without-a-word",
        r"`?ptxas`? failed with error code (?P<code>-?\d+)",
        always(
            "ptxas, which assembles Triton's kernels, failed; its own error is in the lines "
            "around, or was not shown",
            "lines with `ptxas ... error`: `requires .target sm_80` is bfloat16 on an older "
            "card, `is not defined for option` a ptxas older than the card",
            "none there: delete Triton's cache (~/.triton/cache), then a triton-windows (on "
            "Windows) or triton that fits the torch: 3.1 for 2.5, 3.2 for 2.6, 3.3 for 2.7",
            "on Windows: a short path without letters beyond ASCII for the user's folder of "
            "temporary files (set TEMP=C:\\temp), and room on that drive",
            known="the error says that it failed; why, only its own lines do",
            settles=False,
        ),
        {"RuntimeError: `ptxas` failed with error code 4294967295:": "cache"},
    ),
    General(
        "kernel-started-with-too-much",
        r"Triton Error \[(?P<kind>CUDA|HIP)\]:\s{0,3}(?:Code: \d+, Mess{1,2}age: )?invalid "
        r"argument",
        lambda case: Answer(
            "the driver refused a Triton kernel's start: one of its sizes or arguments does not "
            "suit the card",
            (
                "pip install -U unsloth unsloth_zoo liger-kernel   (the package of the frame "
                "that starts the kernel)",
                "or that kernel left out: with Unsloth UNSLOTH_COMPILE_DISABLE=1, without "
                "liger-kernel, attn_implementation='sdpa'",
                "print(torch.version.hip, torch.version.cuda, torch.cuda.get_device_properties(0))",
            ),
            why="a block has at most 1,024 threads: 32 warps on NVIDIA, and 16 on the AMD cards "
            "whose waves have 64 lanes. A kernel written for 32 warps (Unsloth's, of 2024) fails "
            "there. A pointer that is not of the card gives the same text",
            known="the message; which size or argument it is, it does not say",
            settles=False,
        ),
        {
            "RuntimeError: Triton Error [HIP]:  Code: 1, Messsage: invalid argument": "16 on",
            "RuntimeError: Triton Error [CUDA]: invalid argument": "1,024",
        },
    ),
    General(
        "triton-cannot-compile",
        r"triton\.compiler\.errors\.\w{3,40}|\bCompilationError: at \d|PassManager::run failed|"
        r"Triton Error \[(?:CUDA|HIP)\]|error: LLVM Translation failed|LLVM ERROR: Cannot select|"
        r"Failed to (?:link|load) hsaco|LLD failed to link",
        _compiling,
        {
            "RuntimeError: Triton Error [CUDA]: device kernel image is invalid": "triton",
            "RuntimeError: Triton Error [CUDA]: out of memory": "no memory left",
            "triton.compiler.errors.CompilationError: at 74:12: type fp8e4nv not supported in this "
            "architecture.": "8.9",
            "triton.compiler.errors.CompilationError: at 3:1: type fp8e4nv not supported in this "
            "architecture. The supported fp8 dtypes are ('fp8e4b8', 'fp8e5b16')": "MI300",
        },
    ),
)
