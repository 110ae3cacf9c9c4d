"""Answers to two matrices that cannot be multiplied."""

from __future__ import annotations

import re

from ...answer import Answer
from ...unknown import OF_MODEL, OWN
from ..base import Case

_PARALLEL = re.compile(r"parallel_apply|data_parallel\.py|replica \d+ on device")
_IN_8_BITS = re.compile(r"bitsandbytes|load_in_8bit|Linear8bit|MatMul8bit|int8|--bits 8")
_SPLIT_IN_8_BITS = Answer(
    "a product in 8 bits fails on a copy of the model that DataParallel made for another GPU",
    (
        "CUDA_VISIBLE_DEVICES=0 before the command: one GPU",
        "or one process for each: accelerate launch or torchrun, with device_map={'': "
        "int(os.environ['LOCAL_RANK'])}",
    ),
    why="a script that runs without a launcher on several GPUs runs under DataParallel, whose "
    "copies of a layer do not carry what bitsandbytes keeps beside its weights",
    known="the frames are of DataParallel, and the log names 8 bits",
    settles=False,
)
_PLAIN_LAYER_ON_PACKED = Answer(
    "a plain adapter layer of PEFT computes on a weight that bitsandbytes has packed in 4 bits",
    (
        "pip install -U peft bitsandbytes transformers   and restart the kernel",
        "load the base by BitsAndBytesConfig(load_in_4bit=True), and neither model.half() nor "
        "model.cuda() on it afterwards",
    ),
    why="PEFT puts its own layer for 4 bits on a model only where it sees that it is quantized: "
    "releases before 0.4 know no 4 bits, and code that sets the mark aside has the same effect",
    known="the packed size is in the message, and the frame is PEFT's plain layer; why it was "
    "taken, is not in the log",
    settles=False,
)


_FEWEST_PACKED = 4_096  # bytes: a smaller column is a layer of one input
_SHAPE = "print(x.shape) before your own line that the traceback shows last"
_ITS_RELEASE = (
    "pip install the transformers that the repository's config.json names (transformers_version): "
    "the line is code from the Hub"
)


def matrices(case: Case) -> Answer:
    """Answer two matrices whose sizes do not go together."""
    inner, rows, columns = (int(case.match[name]) for name in ("inner", "rows", "columns"))
    if _PARALLEL.search(case.around) and _IN_8_BITS.search(case.around + case.near):
        return _SPLIT_IN_8_BITS
    if rows == 1 and columns >= _FEWEST_PACKED and (columns * 2) % inner == 0:
        place = case.caller
        if place is not None and place.module == "peft" and not place.file.endswith("bnb.py"):
            return _PLAIN_LAYER_ON_PACKED
        return Answer(
            f"a weight that is packed in 4 bits met a plain matmul: {columns:,} bytes are a matrix "
            f"of {columns * 2 // inner:,} x {inner:,}",
            (
                "load it with its quantization_config, and keep the layers that bitsandbytes made",
                "or load the base in 16 bits, where code replaces or copies layers",
            ),
            why="bitsandbytes stores a 4-bit weight as one column of bytes; only its own layer "
            "unpacks it. Code that copies .weight, converts the module, or calls F.linear on it "
            "loses that",
            known="the shapes are in the message; the rest follows by arithmetic",
            settles=False,
        )
    own = case.caller is not None and case.caller.owner == OWN
    of_hub = case.caller is not None and case.caller.module == OF_MODEL
    return Answer(
        f"a layer for inputs of size {rows:,} got inputs of size {inner:,}",
        (
            *((_SHAPE,) if own else ()),
            *((_ITS_RELEASE,) if of_hub else ()),
            "print(model.config) and print(model)   show which of the two the model is made for",
            "the checkpoint's own class and config, without strict=False and "
            "ignore_mismatched_sizes=True",
        ),
        why="a head, projector or adapter of another size than the model's hidden states: of "
        "another member of the family, or not loaded from the same files",
        known="both shapes are in the message; which of the two is wrong is not",
        settles=False,
    )
