"""Kernels that a card, a build of torch or a machine does not have."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
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


def _bitsandbytes(case: Case) -> Answer:
    return Answer(
        "bitsandbytes found no library for this machine's CUDA (or ROCm)",
        (
            "pip install -U bitsandbytes",
            "python -m bitsandbytes   prints what it looked for",
        ),
        why="its wheel holds one library for each CUDA release, chosen by torch's. An old wheel "
        "has none for a new torch, and a machine without a GPU has only the one for the CPU",
        known="the message; which of the two, `python -m bitsandbytes` says",
        settles=False,
    )


def _older_driver(case: Case) -> Answer:
    """Answer by the CUDA that the driver takes, where torch prints it: 12040 is 12.4."""
    found = case.match["found"]
    of_12 = bool(found) and found.startswith("12") and len(found) == 5
    newest = f": it takes CUDA {int(found) // 1000}.{int(found) % 1000 // 10}" if found else ""
    return Answer(
        f"the NVIDIA driver is older than the CUDA that torch was built for{newest}",
        (
            "pip install torch --index-url https://download.pytorch.org/whl/cu126"
            if of_12
            else "a newer driver",
            "or a newer driver, on the host: a container uses the host's"
            if of_12
            else "or a torch for an older CUDA: pip install torch --index-url "
            "https://download.pytorch.org/whl/cu118",
        ),
        why="a driver for one release of CUDA 12 runs what was built for any other of CUDA 12, "
        "and nothing of CUDA 13"
        if of_12
        else "",
        known="the message has what the driver takes" if found else "the message",
    )


def _no_compiler(case: Case) -> Answer | None:
    warned = re.search(r"Failed to find (?:MSVC|Windows SDK)", case.match[0]) is not None
    if warned and (case.log.finished_at or case.log.figures.losses):
        return None  # a warning of Triton for Windows; the run went on without
    return Answer(
        "Triton compiles a helper in C, and this machine lacks a compiler, Python headers "
        "or the driver's libcuda.so for it",
        (
            "sudo apt-get install build-essential python3-dev   (Windows: Visual Studio's C++ "
            "build tools)",
            "sudo ldconfig /usr/lib64-nvidia   (Colab), or the folder that has libcuda.so, where "
            "-lcuda is not found",
            "or TORCHDYNAMO_DISABLE=1 (with Unsloth: UNSLOTH_COMPILE_DISABLE=1)",
        ),
        known="the message; the compiler's own lines say which of them is missing",
        certain=not warned,
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
            )
        },
        alone=True,
    ),
    General(
        "torch-without-cuda",
        r"Torch not compiled with CUDA enabled",
        always(
            "the installed torch is the build for the CPU",
            "pip install --force-reinstall torch --index-url "
            "https://download.pytorch.org/whl/cu126",
            why="on Windows pip's own wheel is the one for the CPU, and a dependency may replace "
            "the other",
            known="torch says so",
        ),
        {"AssertionError: Torch not compiled with CUDA enabled": "CPU"},
    ),
    General(
        "driver-too-old",
        r"NVIDIA driver on your system is too old(?: \(found version (?P<found>\d{4,5})\))?|"
        r"CUDA driver version is insufficient for CUDA runtime",
        _older_driver,
        {
            "UserWarning: CUDA initialization: The NVIDIA driver on your system is too old (found "
            "version 12040).": "whl/cu126",
            "RuntimeError: The NVIDIA driver on your system is too old (found version 11040).": (
                "driver"
            ),
        },
        alone=True,
    ),
    General(
        "bitsandbytes-setup",
        r"CUDA Setup failed despite|(?<![/\\])libbitsandbytes_(?:cpu|cuda\d+)\.(?:so|dll)|"
        r"libbitsandbytes_(?:cpu|cuda\d+)\.(?:so|dll)[^\n]{0,40}(?:: cannot open|undefined symbol|"
        r"not found|No such file)|"
        r"compiled without GPU support|"
        r"Configured (?:CUDA|ROCm) binary not found|"
        r"'NoneType' object has no attribute 'c(?:de)?(?:quantize|get|adam|lion|i?gemm|prefetch)\w|"
        r"name 'str2optimizer\w{4,30}' is not defined",
        _bitsandbytes,
        {
            "AttributeError: 'NoneType' object has no attribute 'cquantize_blockwise_fp16_nf4'": (
                "bitsandbytes"
            ),
            "AttributeError: 'NoneType' object has no attribute 'cget_managed_ptr'": (
                "python -m bitsandbytes"
            ),
            "AttributeError: 'NoneType' object has no attribute 'cigemmlt_turing_32'": (
                "bitsandbytes"
            ),
            "NameError: name 'str2optimizer8bit_blockwise' is not defined": "bitsandbytes",
            "RuntimeError: CUDA Setup failed despite GPU being available. Please run": (
                "bitsandbytes"
            ),
        },
    ),
    General(
        "bitsandbytes-missing",
        r"(?:Using|quantization requires).{0,80}bitsandbytes.{0,80}(?:pip install|the latest)|"
        r"No package metadata was found for bitsandbytes|"
        r"requires (?:the latest version of )?bitsandbytes|"
        r"[Pp]lease install bitsandbytes|bnb modules are not available",
        always(
            "bitsandbytes or accelerate is missing or too old for this loading in 4 or 8 bits",
            "pip install -U bitsandbytes accelerate",
            "and restart the kernel, in a notebook",
            why="transformers looks at what was installed when it was imported, and asks for a "
            "GPU (or another supported device) as well",
            known="transformers says so",
        ),
        {
            "ImportError: Using `bitsandbytes` 4-bit quantization requires the latest version of "
            "bitsandbytes: `pip install -U bitsandbytes`": "restart"
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
            "subprocess.CalledProcessError: Command '['python', 'train.py']' returned": "",
            'it shows this warning, "Failed to find MSVC", and does not work': "C++ build tools",
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
            "ValueError: Your setup doesn't support bf16/gpu. You need torch>=1.10": "use_cpu=True",
            "ValueError: bf16 mixed precision requires PyTorch >= 1.10 and a supported device.": (
                "bf16=False"
            ),
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
        r"out of resource: shared memory",
        always(
            "a Triton kernel needs more shared memory than one block has on this card",
            'attn_implementation="sdpa" (or "eager"), where the kernel is flex attention',
            "TORCHDYNAMO_DISABLE=1 (with Unsloth: UNSLOTH_COMPILE_DISABLE=1) leaves compiled "
            "kernels out",
            why="block sizes are chosen for large cards; RTX cards and older ones have less",
            known="the message states both sizes; which kernel it is, the traceback",
            settles=False,
        ),
        {
            "triton.runtime.errors.OutOfResources: out of resource: shared memory, Required: "
            "147456, Hardware limit: 101376.": "shared memory"
        },
    ),
)
