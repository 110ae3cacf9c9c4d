"""Builds of torch and bitsandbytes for another device, and drivers older than them."""

from __future__ import annotations

import re

from ....tables import torch_wheels
from ...answer import Answer
from ..base import Case, General
from .no_kernel import capability_in


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


def _for_driver(found: int, capability: int) -> str:
    """Return the label of the build nearest to a driver's CUDA that has code for the card."""
    if capability >= 100 or found >= 12080:
        return torch_wheels.label(capability)
    return torch_wheels.OLD_CARDS


def _older_driver(case: Case) -> Answer:
    """Answer by the CUDA that the driver takes, where torch prints it: 12040 is 12.4."""
    found = case.match["found"]
    if not found and "insufficient" in case.hit.text:
        return Answer(
            "CUDA found no NVIDIA driver, or one that is older than this CUDA",
            (
                "nvidia-smi   in the very place (container, WSL) where this ran: no table means "
                "that no driver is there: docker run --gpus all",
                "a table: a newer driver, or a torch for the CUDA that its first line names",
            ),
            why="CUDA says the same where there is no driver at all",
            known="the message; which of the two, nvidia-smi says",
            settles=False,
        )
    of_10 = bool(found) and int(found) < 11000
    of_13 = bool(found) and found.startswith("13") and len(found) == 5
    of_12 = bool(found) and found.startswith("12") and len(found) == 5
    which = _for_driver(int(found), capability_in(case)) if of_12 or of_13 else ""
    newest = f": it takes CUDA {int(found) // 1000}.{int(found) % 1000 // 10}" if found else ""
    return Answer(
        f"the NVIDIA driver is older than the CUDA that torch was built for{newest}",
        (
            torch_wheels.install("torch torchvision", which) if which else "a newer driver",
            "or a newer driver, on the host: a container uses the host's"
            if of_12 or of_13
            else "on the host: a container uses the host's"
            if of_10
            else "or a torch for an older CUDA (up to torch 2.7): "
            + torch_wheels.install("torch torchvision", torch_wheels.OLD_DRIVERS),
        ),
        why="a driver for one release of CUDA 12 runs what was built for any other of CUDA 12, "
        "and nothing of CUDA 13"
        if of_12
        else "",
        known="the message has what the driver takes" if found else "the message",
    )


_ON_MACOS = (
    r"(?<![A-Za-z]:)(?<!/[A-Za-z])/Users/\w|\bmacOS\b|\bDarwin\b|\bMac(?:Book| mini| Studio)?\b|"
    r"\bApple (?:M\d|[Ss]ilicon)|macosx|arm64-apple|/opt/homebrew/"
)
_ELSEWHERE = r"\bLinux\b|/home/\w|[A-Z]:\\|manylinux|\bNVIDIA [A-Z]|\bGeForce\b|"
_ELSEWHERE += r"\b(?:A100|H100|H200|B200|A10G?|L4|L40S?|T4|V100|RTX ?\d{4})\b"
_ON_LINUX = r"\bLinux\b|/home/\w|/(?:usr|root)/|/workspace\b|manylinux"
_ON_AMD = r"(?i)\bROCm\b|\bRX ?\d{4}|\bgfx\d{3,4}|\bMI\d{3}X?\b"


def is_on_macos(case: Case) -> bool:
    """Return whether something near the message is of macOS."""
    text = f"{case.near}\n{case.around}"
    return re.search(_ON_MACOS, text) is not None and re.search(_ELSEWHERE, text) is None


def no_gpu_build(case: Case) -> tuple[str, ...]:
    """Return how to get a torch that sees the GPU of this system."""
    if re.search(_ON_AMD, f"{case.near}\n{case.around}"):
        return (
            "pip install --force-reinstall torch --index-url "
            "https://download.pytorch.org/whl/rocm6.4   (AMD's wheels on Linux; then "
            "torch.version.hip has a value)",
        )
    capability, driver = capability_in(case), str(case.facts.get("cuda_driver") or "")
    is_linux = re.search(_ON_LINUX, f"{case.near}\n{case.around}") is not None
    if is_linux and torch_wheels.is_served_by_pypi(capability, driver):
        return ("pip install --force-reinstall torch   (pip's wheel for Linux is of CUDA 13)",)
    return (torch_wheels.install(which=torch_wheels.label(capability)),)


def _without_cuda(case: Case) -> Answer:
    if is_on_macos(case):
        return Answer(
            "code asks for CUDA, which macOS does not have",
            (
                "device = 'mps' in place of 'cuda', and no .cuda(): "
                "torch.backends.mps.is_available()",
                "leave out what needs CUDA: load_in_4bit (bitsandbytes), Unsloth's kernels, "
                "flash-attn; mlx-lm trains 4-bit checkpoints on a Mac",
            ),
            why="torch for macOS has the CPU and Apple's GPU (MPS) alone",
            known="torch says so; that it is macOS, the log shows",
        )
    return Answer(
        "the installed torch is the build for the CPU",
        no_gpu_build(case),
        why="on Windows pip's own wheel is the one for the CPU, and a dependency may replace the "
        "other",
        known="torch says so",
    )


def _bnb_missing(case: Case) -> Answer | None:
    if case.error is None and re.match(r"requires|[Pp]lease", case.match[0]):
        return None  # a guide's sentence, or a package's list of what it needs
    if is_on_macos(case):
        return Answer(
            "transformers finds no bitsandbytes that it can use, which is rare on macOS",
            (
                "leave out load_in_4bit and BitsAndBytesConfig: LoRA on weights in 16 bits "
                "(dtype=torch.bfloat16)",
                "or mlx-lm, which trains 4-bit checkpoints on a Mac: mlx_lm.lora",
                "pip install -U bitsandbytes   where a release for macOS will do",
            ),
            why="releases of bitsandbytes before 0.43.1, long the newest for macOS, count as "
            "missing where there is no CUDA",
            known="transformers says so (read in 4.44.2 to 4.57.6); that it is macOS, the log "
            "shows",
            certain=False,
        )
    known = case.facts.packages.get("bitsandbytes")
    here = str(known.get("version", "")) if known is not None else ""
    who = "vLLM" if case.packages[-1:] == ["vllm"] else "transformers"
    return Answer(
        f"{who} finds no bitsandbytes (or accelerate) that it can use"
        + (f"; the log has {here}" if here else ""),
        (
            *(
                ["restart the kernel: what was installed after the import does not count"]
                * bool(here)
            ),
            "pip install -U bitsandbytes accelerate   and restart the kernel, in a notebook",
            'python -c "import torch; print(torch.cuda.is_available())"   : False counts as '
            "missing, with a bitsandbytes before 0.43.1",
        ),
        why=f"{who} looks at what was installed when it was imported",
        known=f"{who} says so",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "torch-without-cuda",
        r"Torch not compiled with CUDA enabled",
        _without_cuda,
        {
            "AssertionError: Torch not compiled with CUDA enabled": "whl/cu128",
            '  File "/Users/me/a.py", line 3, in f\n    m.cuda()\nAssertionError: Torch not '
            "compiled with CUDA enabled": "mps",
            '  File "/mnt/c/Users/me/a.py", line 3, in f\n    m.cuda()\nAssertionError: Torch not '
            "compiled with CUDA enabled ": "whl/cu128",
            "my MacBook, and now a server with an A100\nAssertionError: Torch not compiled with "
            "CUDA enabled": "whl/cu128",
            "NVIDIA GeForce GTX 1080 Ti\nAssertionError: Torch not compiled with CUDA enabled": (
                "whl/cu126"
            ),
        },
    ),
    General(
        "driver-too-old",
        r"NVIDIA driver on your system is too old(?: \(found version (?P<found>\d{4,5})\))?|"
        r"CUDA driver version is insufficient for CUDA runtime",
        _older_driver,
        {
            "UserWarning: CUDA initialization: The NVIDIA driver on your system is too old (found "
            "version 12040).": "--force-reinstall torch torchvision --index-url "
            "https://download.pytorch.org/whl/cu126",
            "UserWarning: CUDA initialization: The NVIDIA driver on your system is too old (found "
            "version 13000).": "whl/cu128",
            "RuntimeError: The NVIDIA driver on your system is too old (found version 11040).": (
                "driver"
            ),
            "RuntimeError: The NVIDIA driver on your system is too old (found version 10020).": (
                "on the host"
            ),
            "RuntimeError: CUDA error: CUDA driver version is insufficient for CUDA runtime "
            "version": "--gpus all",
        },
        alone=True,
    ),
    General(
        "bitsandbytes-setup",
        r"CUDA Setup failed despite|(?<![/\\])libbitsandbytes_(?:cpu|cuda\d+)\.(?:so|dll)|"
        r"libbitsandbytes_(?:cpu|cuda\d+)\.(?:so|dll)[^\n]{0,40}(?:: cannot open|undefined symbol|"
        r"not found|No such file)|"
        r"bitsandbytes[^\n]{0,60} compiled without GPU support|"
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
            "RuntimeError: faiss was compiled without GPU support": "",
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
        _bnb_missing,
        {
            "ImportError: Using `bitsandbytes` 4-bit quantization requires the latest version of "
            "bitsandbytes: `pip install -U bitsandbytes`": "restart",
            '  File "/Users/me/a.py", line 3, in f\n    g()\nImportError: Using `bitsandbytes` '
            "4-bit quantization requires the latest version of bitsandbytes: `pip install -U "
            "bitsandbytes`": "mlx-lm",
        },
        alone=True,
    ),
)
