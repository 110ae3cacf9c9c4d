"""Packages that are compiled here, and the toolkit that compiles them."""

from __future__ import annotations

from ...answer import Answer
from ..base import Case, General
from .why_not_built import not_built

# The first toolkit that knows a capability.
_FIRST = {80: "11.0", 86: "11.1", 87: "11.4", 103: "12.9", 110: "13.0", 121: "12.9"}


def _nvcc(case: Case) -> Answer:
    """Answer by the number: newer toolkits leave out old cards, older ones do not know new ones."""
    arch = int(case.match["arch"])
    newest = _FIRST.get(arch, "12.8" if arch > 90 else "11.8")
    if arch < 75:
        return Answer(
            f"the CUDA toolkit that compiles no longer knows compute_{arch}",
            (
                "TORCH_CUDA_ARCH_LIST=8.6 before the command   with the capability of the card: "
                "nvcc compiles for that alone",
                f"a card of compute_{arch}: CUDA_HOME=/usr/local/cuda-12.6, or another toolkit of "
                "that time",
            ),
            why="CUDA 13 left out what is older than 7.5 (Maxwell, Pascal, Volta), CUDA 12 what is "
            "older than 5.0; a build often names more cards than the one that is there",
            known="nvcc says so",
            settles=False,
        )
    return Answer(
        f"the CUDA toolkit that compiles does not know compute_{arch} yet",
        (
            f"nvcc --version   and a toolkit that knows it: {newest} or newer",
            f"CUDA_HOME=/usr/local/cuda-{newest} before the command",
            "TORCH_CUDA_ARCH_LIST=8.6, with the capability of the card, where it is an older one",
        ),
        known="nvcc says so",
    )


KINDS: tuple[General, ...] = (
    General(
        "build-failed",
        r"Failed building wheel for \S{2,60}|Failed to build installable wheels|"
        r"Could not build wheels for \S{2,60}|error: subprocess-exited-with-error|"
        r"metadata-generation-failed|Failed to build `?[\w.-]{2,60}[`=]",
        not_built,
        {
            "  ERROR: Failed building wheel for flash-attn": "sdpa",
            "  ERROR: Failed building wheel for sentencepiece": "sentencepiece",
            "error: subprocess-exited-with-error": "compiler",
            "error: subprocess-exited-with-error\n  × git clone --quiet https://x.org/y /tmp/z did "
            "not run successfully.": "by git",
            "  OSError: CUDA_HOME environment variable is not set.\n  ERROR: Failed building wheel "
            "for deepspeed": "needs the CUDA toolkit",
            "  The detected CUDA version (11.8) mismatches the version that was used to compile\n"
            "  PyTorch (12.4). Please\n  ERROR: Failed building wheel for apex": "cuda-12.4",
            "  error: can't find Rust compiler\n  ERROR: Failed building wheel for tokenizers": (
                "Rust"
            ),
            "  error: Microsoft Visual C++ 14.0 or greater is required.\n  ERROR: Failed building "
            "wheel for llama-cpp-python": "Build Tools",
            "Collecting sklearn\n  The 'sklearn' PyPI package is deprecated, use 'scikit-learn'\n"
            "error: metadata-generation-failed": "pip install scikit-learn",
            "$ pip install flash-attn --no-build-isolation\nCollecting flash-attn\n      "
            "ModuleNotFoundError: No module named 'torch'\nerror: metadata-generation-failed": (
                "no torch in this"
            ),
            "      ModuleNotFoundError: No module named 'torch'\n      hint: try `pip install "
            "flash-attn --no-build-isolation`\nerror: metadata-generation-failed": "isolation",
            "  error: command 'cl.exe' failed with exit status 2\n  ERROR: Failed building wheel "
            "for pycocotools": "stands above it",
            "  error: rustc 1.63.0 is not supported by this package\n  ERROR: Failed building "
            "wheel for tokenizers": "stands above it",
            "  The detected CUDA version (12.2) mismatches the version that was used to compile\n"
            "  PyTorch (11.8). Please\n  ERROR: Failed building wheel for apex": "whl/cu126",
            "error: subprocess-exited-with-error\n      torch is not installed, please install "
            "torch first!": "--no-build-isolation",
        },
        alone=True,
    ),
    General(
        "nvcc-older-than-the-card",
        r"Unsupported gpu architecture 'compute_(?P<arch>\d{2,3})a?'",
        _nvcc,
        {
            "nvcc fatal   : Unsupported gpu architecture 'compute_120'": "12.8",
            "nvcc fatal   : Unsupported gpu architecture 'compute_89'": "11.8 or newer",
            "nvcc fatal   : Unsupported gpu architecture 'compute_121'": "12.9",
            "nvcc fatal   : Unsupported gpu architecture 'compute_70'": "no longer knows",
        },
        alone=True,
    ),
)
