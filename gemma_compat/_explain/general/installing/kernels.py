"""Kernels that a card, a build of torch or a machine does not have."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from .compiled_code import no_bfloat16
from .no_kernel import no_kernel_image, of_card


def _ampere(case: Case) -> Answer:
    return Answer(
        "flash-attn 2 was asked for, and the GPU is older than Ampere: it has no kernels for it",
        ('attn_implementation="sdpa" (or "eager" for Gemma 2)',),
        why=f"flash-attn 2 begins with compute capability 8.0 (A100, RTX 30){of_card(case)}",
        known="the message is flash-attn's own",
    )


def _head_dim(case: Case) -> Answer:
    most = case.match["most"]
    return Answer(
        f"flash-attn has no kernel for this model's head dimension: it ends at {most}",
        ('attn_implementation="sdpa"',),
        why="the full-attention layers of Gemma 4 have heads of 512; other Gemmas have at most 256",
        known="the message is flash-attn's own",
    )


# What the compiler's own lines say is missing, and what brings it.
_MISSING = (
    (
        r"Python\.h: No such|'Python\.h' not found",
        "the header files of this Python",
        "sudo apt-get install python3-dev   (python3.11-dev, for that Python); a Python of uv or "
        "conda has them",
    ),
    (
        r"cannot find -lcuda\b",
        "the driver's libcuda.so on the linker's path",
        "sudo ldconfig /usr/lib64-nvidia   (Colab), or LIBRARY_PATH=FOLDER that has libcuda.so "
        "(/usr/local/cuda/lib64/stubs)",
    ),
    (
        r"Failed to find C compiler",
        "a C compiler",
        "sudo apt-get install build-essential   (Windows: pip install -U triton-windows, or Visual "
        "Studio's Build Tools)",
    ),
    (
        r"\bcl(?:\.exe)? is not (?:found|recognized)|Failed to find (?:MSVC|Windows SDK)",
        "Visual Studio's C++ compiler",
        'the Build Tools for Visual Studio with "Desktop development with C++", and the command '
        "in its own terminal (x64 Native Tools)",
    ),
)


_BUILDS_A_WHEEL = r"(?i)failed building wheel|subprocess-exited-with-error|building wheel for"
# Who compiles while a run goes on: its names, and the files that it writes.
_OF_TRITON = (
    r"(?i)triton|inductor|dynamo|torch\.compile|cuda_utils|[/\\]main\.c\b|find C compiler|"
    r"Compiler: cl"
)


def _no_compiler(case: Case) -> Answer | None:
    warned = re.search(r"Failed to find (?:MSVC|Windows SDK)", case.match[0]) is not None
    if warned and (case.log.finished_at or case.log.figures.losses):
        return None  # a warning of Triton for Windows; the run went on without
    off = "or TORCHDYNAMO_DISABLE=1 (with Unsloth: UNSLOTH_COMPILE_DISABLE=1)"
    near = f"{case.hit.before[-3000:]}{case.hit.text}\n{case.hit.after[:1500]}"
    if re.search(_BUILDS_A_WHEEL, near) and not re.search(_OF_TRITON, near):
        return None  # pip's own lines say which package is built
    said = next((row for row in _MISSING if re.search(row[0], near)), None)
    if said is not None and not re.search(_OF_TRITON, near):
        return Answer(
            f"a compiler or linker failed here: this machine lacks {said[1]}",
            (said[2], f"{off}, where it is Triton that compiles"),
            known="the compiler's own line says what is missing; who called it, it does not",
            settles=False,
        )
    who = "torch.compile" if "inductor" in near else "Triton"
    if who == "Triton" and re.search(r"(?i)cut_cross_entropy|\bcce_patch\b|liger", near):
        off = "or training without the kernels of cut_cross_entropy or Liger, which Triton compiles"
    if said is not None:
        return Answer(
            f"{who} compiles code while the run goes on, and this machine lacks {said[1]}",
            (said[2], off),
            known="the compiler's own line says what is missing",
            certain=not warned,
        )
    return Answer(
        "Triton compiles a helper in C, and that failed: a compiler, Python's headers or the "
        "driver's libcuda.so is missing",
        (
            "read the compiler's own lines above: Python.h, -lcuda, or no such file",
            "sudo apt-get install build-essential python3-dev   (Windows: Visual Studio's C++ "
            "build tools)",
            "sudo ldconfig /usr/lib64-nvidia   (Colab), or the folder that has libcuda.so, where "
            "-lcuda is not found",
            off,
        ),
        known="the message; the compiler's own lines say which of them is missing",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "flash-attention-needs-ampere",
        r"FlashAttention only supports Ampere GPUs or newer",
        _ampere,
        {"RuntimeError: FlashAttention only supports Ampere GPUs or newer.": "sdpa"},
        alone=True,
    ),
    General(
        "flash-attention-head-dimension",
        r"FlashAttention (?:forward )?only supports head dimension at most (?P<most>\d+)",
        _head_dim,
        {"RuntimeError: FlashAttention forward only supports head dimension at most 256": "sdpa"},
        alone=True,
    ),
    General(
        "no-kernel-for-the-card",
        r"no kernel image is available for execution|CUDA error: invalid device function|"
        r"CUDA capability sm_\d+ is not compatible with the current PyTorch|"
        r"nvrtc: error: invalid value for --gpu-architecture",
        no_kernel_image,
        {
            "RuntimeError: CUDA error: no kernel image is available for execution on the device": (
                "kernels for the GPU"
            ),
            "UserWarning: NVIDIA Thor with CUDA capability sm_110 is not compatible with the "
            "current PyTorch installation.": "whl/cu130",
        },
        alone=True,
    ),
    General(
        "no-compiler",
        r"Failed to find C compiler|fatal error: Python\.h: No such file|"
        r"include file 'Python\.h' not found|cannot find -lcuda\b|"
        r"Command '\[[^\n]{0,40}\b(?:gcc|cc|clang)'[^\n]{20,600}(?:-lcuda|cuda_utils|__triton_|"
        r"triton)|"
        r"\bcl(?:\.exe)? is not (?:found|recognized)|Compiler: cl is not found|"
        r"Failed to find (?:MSVC|Windows SDK)",
        _no_compiler,
        {
            "subprocess.CalledProcessError: Command '['/usr/bin/gcc', '/tmp/t/main.c', '-O3', "
            "'-shared', '-o', '/tmp/t/cuda_utils.so', '-lcuda']' returned non-zero exit status "
            "1.": "python3-dev",
            "/usr/bin/ld: cannot find -lcuda: No such file or directory": "ldconfig",
            "a/main.c:5:10: fatal error: Python.h: No such file or directory": "lacks the header",
            "torch._inductor.exc.InductorError: RuntimeError: Compiler: cl is not found.": (
                "torch.compile compiles"
            ),
            "subprocess.CalledProcessError: Command '['python', 'train.py']' returned": "",
            "Building wheel for psutil\n  psutil/_psutil_common.c:9:10: fatal error: Python.h: No "
            "such file or directory\n  ERROR: Failed building wheel for psutil": "",
            "gcc -c my.c\nmy.c:1:10: fatal error: Python.h: No such file or directory": (
                "a compiler or linker failed"
            ),
            'it shows this warning, "Failed to find MSVC", and does not work': "Build Tools",
            "WARNING: Failed to find Windows SDK.\n{'loss': 1.2, 'epoch': 0.1}\n{'loss': 1.0, "
            "'epoch': 0.2}": "",
            "RuntimeError: Failed to find C compiler. Please specify via CC environment": (
                "compiler"
            ),
        },
        alone=True,
    ),
    General(
        "bfloat16-not-here",
        r"doesn't support bf16/gpu|bf16 mixed precision requires PyTorch >= ?1\.10 and a supported|"
        r"Bfloat16 is only supported on GPUs with compute capability of at least|"
        r"(?<!_mps\")(?<!unscale_cuda\")(?<!tril_cuda_template\") not implemented for 'BFloat16'",
        lambda case: no_bfloat16(case, of_card(case)),
        {
            "ValueError: bf16 mixed precision requires PyTorch >= 1.10 and a supported device.": (
                "bf16=False"
            ),
            "ValueError: Your setup doesn't support bf16/gpu. You need torch>=1.10": "is_available",
            "ValueError: Your setup doesn't support bf16/gpu.": "sees no GPU",
            "ValueError: Your setup doesn't support bf16/gpu. You need Ampere+ GPU with "
            "cuda>=11.0": "fp16=True",
            "__Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your "
            "Tesla V100-SXM2-16GB GPU has compute capability 7.0.": "float32",
            "RuntimeError: \"eye\" not implemented for 'BFloat16'": "pip install -U torch",
            "RuntimeError: \"addmm_impl_cpu_\" not implemented for 'BFloat16'": "on the CPU",
            "a layer that is not implemented for 'BFloat16' here": "float32",
        },
        alone=True,
    ),
    General(
        "shared-memory-of-the-card",
        r"out of resource: (?P<what>shared memory|threads|registers|tensor memory)",
        lambda case: Answer(
            f"a Triton kernel needs more of a block's {case.match['what']} than this card has",
            (
                'attn_implementation="sdpa" (or "eager"), where the kernel is flex attention',
                "pip install -U   of the package of the last frame (liger-kernel, unsloth, fla)",
                "TORCHDYNAMO_DISABLE=1 (with Unsloth: UNSLOTH_COMPILE_DISABLE=1) leaves compiled "
                "kernels out",
            ),
            why="block sizes are chosen for large cards; RTX cards and older ones have less",
            known="the message states both sizes; which kernel it is, the traceback",
            settles=False,
        ),
        {
            "triton.runtime.errors.OutOfResources: out of resource: shared memory, Required: "
            "147456, Hardware limit: 101376.": "shared memory",
            "triton.runtime.errors.OutOfResources: out of resource: threads, Required: 2048, "
            "Hardware limit: 1024.": "block's threads",
        },
    ),
)
