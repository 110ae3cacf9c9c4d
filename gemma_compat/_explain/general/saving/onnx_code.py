"""A Gemma that a script exports to ONNX itself: how it is traced, and what quantizes it."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General


def _traced_masks(case: Case) -> Answer | None:
    said = f"{case.around}{case.near}"
    if not re.search(r"masking_utils|sdpa_mask|q_length|mask_arguments", said):
        return None
    if not re.search(r"onnx|jit\.trace|torchscript|[Tt]rac(?:er|ing)|export", said):
        return None
    return Answer(
        "the older exporter (torch.jit.trace) cannot follow how transformers makes its masks",
        (
            "torch.onnx.export(..., dynamo=True, dynamic_shapes=...)   with past_key_values as one "
            "tuple",
            "or optimum-onnx, where it has the architecture",
        ),
        why="while it traces, a length is a tensor, and the masks' code takes it for a number",
        known="the frames name the masks, and the text an export",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "masks-that-cannot-be-traced",
        r"tuple index out of range",
        _traced_masks,
        {
            "Legacy tracer hits `IndexError: tuple index out of range` in masking_utils (q_length)"
            ", torch.onnx.export(dynamo=False)": "dynamo=True",
            "IndexError: tuple index out of range": "",
        },
    ),
    General(
        "export-with-inputs-of-another-form",
        r"treespec\.unflatten\(leaves\): [`'\"]?leaves[`'\"]? has length (?P<got>\d+) but",
        lambda case: Answer(
            f"the export found {case.match['got']} tensors where the form of the inputs has "
            "another number",
            (
                "past_key_values as one argument (a tuple), not *past_key_values",
                "dynamic_shapes in the same nesting as the inputs; dynamic_axes is of the older "
                "exporter (dynamo=False)",
            ),
            why="torch.export takes the inputs apart by their nesting, and a function with *args "
            "has another one than the example",
            known="torch says so; torch.onnx.export uses torch.export by default from 2.9 on",
            certain=False,
            settles=False,
        ),
        {
            "2.3 `treespec.unflatten(leaves): leaves has length 73 but spec holds 4 items`": (
                "dynamic_shapes"
            ),
        },
        alone=True,
    ),
    General(
        "quantizer-of-onnx-renamed",
        r"onnxruntime\.quantization\.matmul_4bits_quantizer|MatMul4BitsQuantizer",
        lambda case: (
            Answer(
                "this onnxruntime has the quantizer under another name: matmul_nbits_quantizer",
                (
                    "from onnxruntime.quantization.matmul_nbits_quantizer import "
                    "MatMulNBitsQuantizer",
                    'or pip install "onnxruntime<1.21"',
                ),
                why="it was renamed between 1.20 and 1.22",
                known="read in the wheels of onnxruntime 1.20.0, 1.22.0 and 1.24.1",
            )
            if re.search(r"ModuleNotFound|No module named|cannot import name", case.hit.text)
            else None
        ),
        {
            "`ModuleNotFoundError: onnxruntime.quantization.matmul_4bits_quantizer`": "NBits",
            "ModuleNotFoundError: No module named 'onnxruntime.quantization.matmul_4bits_"
            "quantizer'": "matmul_nbits",
            "from onnxruntime.quantization.matmul_4bits_quantizer import MatMul4BitsQuantizer": "",
        },
    ),
)
