"""Unsloth and the card: none that it sees, and kernels that are too small."""

from __future__ import annotations

import re

from ....tables import torch_wheels
from ...answer import Answer
from ..base import Case, General


def _too_wide(case: Case) -> Answer:
    """Tell Liger's check, whose sentence says "recommended", from Unsloth's."""
    size = int(case.match["n"])
    if "recommended" in case.hit.text:
        return Answer(
            f"a kernel of Liger takes rows of 65,536 values at most, and the row here has {size:,}",
            (
                "pip install -U liger-kernel",
                "use_liger_kernel=False   or that one kernel left out (the last frame names it)",
            ),
            known="the sentence is that of Liger's kernels; read in liger-kernel 0.8.5, "
            "ops/utils.py",
            settles=False,
        )
    return Answer(
        f"this Unsloth's kernels take rows of 65,536 values at most, and the row here has {size:,}",
        ("pip install -U unsloth unsloth_zoo   and restart the kernel, in a notebook",),
        why="that is the size of the vocabulary (Gemma's has 256,000 or 262,144 tokens), most "
        "often; "
        "a newer release computes the loss in chunks",
        known="the message has the size; read in unsloth 2024.11, cross_entropy_loss.py",
    )


_A_MAC = Answer(
    "Unsloth sees no GPU that it supports: this is a Mac",
    (
        "pip install -U unsloth unsloth_zoo mlx mlx-lm   : newer releases train with MLX",
        "mlx_lm.lora, or transformers with PEFT on mps, where this one does not",
        "or a machine with an NVIDIA, AMD or Intel card (Colab, Kaggle)",
    ),
    why="torch's CUDA does not exist on a Mac",
    known="Unsloth says so; that it is a Mac, the log says",
    settles=False,
)


# Makers that Unsloth's own sentence lists, and what collect_env says where there is none.
_NOT_OF_THIS_MACHINE = re.compile(r"only works on[^\n]*|(?i:\b(?:ROCM|HIP)\b[^\n]{0,40}: ?N/?A\b)")


def _no_gpu(case: Case) -> Answer:
    """Answer by the card that the log names: a wheel for CUDA helps an NVIDIA card only."""
    near = _NOT_OF_THIS_MACHINE.sub("", f"{case.near}\n{case.around}")
    amd = re.search(
        r"(?i)\brocm|\bamd (?:gpu|card)|radeon (?:rx|pro|ai)|instinct|\brx ?[5-9]\d{3}\b", near
    )
    look = "python -c 'import torch; print(torch.__version__, torch.cuda.is_available())'"
    if amd and not re.search(r"(?i)nvidia|geforce|\brtx\b|tesla", near):
        return Answer(
            "Unsloth sees no GPU, and the log names one of AMD",
            (
                f"{look}   and   rocminfo",
                "pip install --force-reinstall torch --index-url "
                "https://download.pytorch.org/whl/rocm6.4, then pip install -U unsloth unsloth_zoo",
                "ls -l /dev/kfd /dev/dri   : the user has to be in the groups render and video; "
                "in a "
                "container both devices are handed in",
            ),
            why="older releases of Unsloth take cards of NVIDIA and Intel only",
            known="Unsloth says so; that the card is AMD's, the log says",
            settles=False,
        )
    elsewhere = re.search(r"(?i)\bwindows\b|\blinux\b|\bwsl", near)
    if not elsewhere and re.search(
        r"(?i)\bmac ?os\b|darwin|apple (?:silicon|m\d)|\bm[1-5] (?:pro|max|ultra)\b", near
    ):
        return _A_MAC
    return Answer(
        "Unsloth sees no GPU",
        (
            f"{look}   and   nvidia-smi",
            f"{torch_wheels.install()}   where torch says +cpu and the card is NVIDIA's: "
            "pip's wheel for Windows is that",
            "in Colab or Kaggle: choose a GPU for the notebook",
        ),
        why="no driver, a torch for the CPU, or a machine whose GPU Unsloth does not support",
        known="Unsloth says so",
    )


KINDS: tuple[General, ...] = (
    General(
        "unsloth-vocabulary-too-large-for-a-kernel",
        r"Cannot launch Triton kernel since n = (?P<n>\d{5,7}) exceeds",
        _too_wide,
        {
            "RuntimeError: Cannot launch Triton kernel since n = 256000 exceeds the maximum CUDA "
            "blocksize = 65536.": "256,000",
            "RuntimeError: Cannot launch Triton kernel since n = 131072 exceeds the recommended "
            "Triton blocksize = 65536.": "a kernel of Liger",
        },
    ),
    General(
        "unsloth-auto-install",
        r"RuntimeError: (?:Torch|CUDA) = (?P<version>[\w.+]{1,20}) "
        r"(?P<what>too old|too new|not supported|requires CUDA)",
        lambda case: Answer(
            f"Unsloth's installer script has no wheel set for this torch or CUDA "
            f"({case.match['version']}: {case.match['what']})",
            (
                "pip install unsloth   without extras: pip chooses the parts by their metadata",
                f"or another torch: {torch_wheels.install()}",
            ),
            why="the script knows a list of torch and CUDA releases, and this pair is not in it",
            known="the message is that of unsloth's _auto_install.py",
        ),
        {"RuntimeError: Torch = 2.0.1 too old!": "without extras"},
    ),
    General(
        "unsloth-without-gpu",
        r"Unsloth cannot find any torch accelerator|Unsloth: No NVIDIA GPU found|"
        r"Unsloth currently only works on NVIDIA",
        _no_gpu,
        {
            "NotImplementedError: Unsloth cannot find any torch accelerator? You need a GPU.": (
                "GPU"
            ),
            "NotImplementedError: Unsloth currently only works on NVIDIA GPUs and Intel GPUs.": (
                "nvidia-smi"
            ),
            "torch 2.9.0+rocm6.4, AMD Radeon RX 7900 XTX\nNotImplementedError: Unsloth cannot find "
            "any torch accelerator? You need a GPU.": "rocminfo",
            "CPU: AMD EPYC 7763\nNotImplementedError: Unsloth currently only works on NVIDIA, AMD "
            "and Intel GPUs.": "nvidia-smi",
            "Windows 11; the same notebook runs on macOS\nNotImplementedError: Unsloth cannot find "
            "any torch accelerator? You need a GPU.": "nvidia-smi",
            "macOS 15, Apple M3 Max\nNotImplementedError: Unsloth cannot find any torch "
            "accelerator? You need a GPU.": "mlx",
        },
        alone=True,
    ),
)
