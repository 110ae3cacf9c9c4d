"""Compilers and compiled code that stop at an assertion."""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case, General, always


def _assertion(case: Case) -> Answer:
    text = case.hit.text
    if re.search("Triton|mlir", text):
        return Answer(
            "Triton's compiler stopped at a check of its code while it built a kernel for this "
            "card",
            (
                "pip install -U torch torchvision   brings a newer Triton (a V100 or T4 needs one "
                "that still knows it)",
                "TORCHDYNAMO_DISABLE=1 (with Unsloth: UNSLOTH_COMPILE_DISABLE=1)   leaves the "
                "compiled kernels out; Unsloth's own remain",
                "rm -rf ~/.triton/cache",
            ),
            why="an older card (compute capability 7) or a kernel of a shape that this Triton "
            "cannot lay out",
            known="the file is one of Triton's; which kernel it was, the lines above say",
            settles=False,
        )
    return Answer(
        f"compiled code stopped the process at a check in {case.match['file']}: "
        f"{case.match['text'][:120]}",
        (
            "python -X faulthandler train.py   shows the Python frames that led there",
            "CUDA_LAUNCH_BLOCKING=1 before the command, where the file is a CUDA kernel",
        ),
        known="the line has the check; what brought it there, the Python frames say",
        settles=False,
    )


COMPILED_CODE: tuple[General, ...] = (
    General(
        "assertion-in-compiled-code",
        r"(?P<file>[\w.-]{3,60}\.(?:cpp|cc|cu|cuh|h)):\d{1,5}: "
        r"(?![^\n]{0,120}block: \[)[^\n]{0,300}?"
        r"Assertion [`'](?P<text>[^`'\n]{3,160})'? ?failed",
        _assertion,
        {
            "python: /project/lib/Conversion/TritonGPUToLLVM/ReduceOpToLLVM.cpp:31: virtual "
            'mlir::LogicalResult: Assertion `helper.isSupportedLayout() && "x"\' failed.\nAborted '
            "(core dumped)": "Triton",
            "kernel.cpp:12: void f(): Assertion `n > 0' failed.": "kernel.cpp",
        },
        alone=True,
    ),
    General(
        "compiler-loses-its-pieces",
        r"AssertionError: Pieces mismatches|Cannot access storage of TensorWrapper",
        always(
            "torch.compile gave up on a part of the model: the error is the compiler's",
            "TORCHDYNAMO_DISABLE=1 before the command (with Unsloth: UNSLOTH_COMPILE_DISABLE=1)",
            "or CUDA_VISIBLE_DEVICES=0, where the model was split over several cards",
            "pip install -U torch triton unsloth unsloth_zoo   for a compiler that knows it",
            known="both texts are torch's own; what in the model brought them is not in them",
            settles=False,
        ),
        {
            "AssertionError: Pieces mismatches: [{804, 805}]": "UNSLOTH_COMPILE_DISABLE",
            "NotImplementedError: Cannot access storage of TensorWrapper": "CUDA_VISIBLE_DEVICES",
        },
        alone=True,
    ),
)
