"""Answers where bitsandbytes finds inputs or packed weights on the CPU."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

_LISTED = re.compile(r"torch\.Size\(\[(?P<shape>[\d, ]*)\]\), device\(type='(?P<device>\w+)'")


def left_on_the_cpu(case: Case) -> Answer:
    """Answer by the list of shapes and devices that bitsandbytes prints."""
    listed = _LISTED.findall(case.message)
    packed = [shape for shape, device in listed if device == "cpu" and re.search(r"\b1\b", shape)]
    move = "inputs = inputs.to(model.device)   or .to('cuda')"
    place = 'device_map={"": 0}   where a part of the model was placed on the CPU'
    inside = re.search(r"in (?:training_step|prediction_step)\b", case.frames) is not None
    if packed and any(int(n) > 65_536 for n in re.findall(r"\d+", " ".join(packed))):
        return Answer(
            "packed weights of a 4-bit layer lie on the CPU, and its input on the GPU",
            (place, "a smaller model or a larger card, where it does not fit on one"),
            why="device_map='auto' leaves on the CPU what does not fit, where 4-bit kernels for "
            "the GPU do not run",
            known="bitsandbytes lists the shapes and devices: one column of bytes is a packed "
            "weight",
        )
    return Answer(
        "a 4-bit or 8-bit layer is given inputs, or keeps weights, on the CPU",
        (place, move) if inside else (move, place),
        why="a trainer moves the batch itself" if inside else "",
        known="bitsandbytes says so; which of the two it is, it does not say",
        settles=False,
    )
