"""Shapes that do not fit."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General
from ..memory.merging import merged_sizes

_VISION = re.compile(r"vision|image|pixel|siglip|projector|embed_vision", re.IGNORECASE)


def _matrices(case: Case) -> Answer:
    inner, rows, columns = (int(case.match[name]) for name in ("inner", "rows", "columns"))
    if rows == 1 and columns > 1 and (columns * 2) % inner == 0:
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
    return Answer(
        f"a layer for inputs of size {rows:,} got inputs of size {inner:,}",
        (
            "print(model.config) and print(model)   show which of the two the model is made for",
            "the checkpoint's own class and config, without strict=False and "
            "ignore_mismatched_sizes=True",
        ),
        why="a head, projector or adapter of another size than the model's hidden states: of "
        "another member of the family, or not loaded from the same files",
        known="both shapes are in the message; which of the two is wrong is not",
        settles=False,
    )


def _partitioned(case: Case) -> Answer:
    return Answer(
        "a weight lacks its dimensions where it is used: most often ZeRO-3 or FSDP has partitioned "
        "it, and nothing gathered it",
        (
            "with deepspeed.zero.GatheredParameters(module.parameters()):   around that call",
            "or call the whole model, not a part of it: no model.embed_tokens(...), no "
            "lm_head(...) outside forward",
            "or ZeRO-2",
        ),
        why="between the calls of a module its weights are shards of size 0; DeepSpeed's hooks "
        "gather them only for the modules that it has wrapped. A module that was added or loaded "
        "later has no such hook",
        known="torch's message means a weight without its two dimensions; that it is partitioned "
        "is the usual reason",
        certain=False,
        settles=False,
    )


_EMPTY = Answer(
    "values are put into a tensor, and there are none: the source is empty (size 0)",
    (
        "print what the last frame's line assigns: who made it, and from what?",
        "GRPO: each reward function returns one number for each completion: print(len(rewards), "
        "len(completions))",
    ),
    why="a list of no scores, no rows or no labels became a tensor of size 0; a reward function "
    "whose column (answer, solution) is not in the rows returns nothing",
    known="both sizes are in the message; what the values are, only the frames say",
    settles=False,
)


_PREPARING = re.compile(r"\bnormalize\(|\brescale\(|image_transforms|image_processing")
_CHANNELS = Answer(
    "an image has another number of colour channels than the three that are expected",
    ("image = image.convert('RGB')   for each image that was opened",),
    why="a PNG with transparency has four (RGBA), a grey one has one",
    known="both numbers are in the message, and the frames are those of preparing an image",
    certain=False,
)


_OPTIMIZER_STATE = Answer(
    "FSDP gathers the state of the optimizer, and that state has not the shape of the weights",
    (
        "save_only_model=True   : checkpoints without the optimizer",
        "or optim='adamw_torch'   whose state has the shape of the weights",
    ),
    why="FSDP takes each tensor of the state for one with the shape of the sharded weight. "
    "Adafactor keeps rows and columns of a matrix in place of it, and others keep packed blocks",
    known="the last frame is of FSDP's optimizer state; torch's source says what it assumes",
    certain=False,
    settles=False,
)


def _two_sizes(case: Case) -> Answer:
    numbers = [text for text in case.match.groups() if text]
    if case.match["d"] == "0":
        return _EMPTY
    if case.match["h"]:
        numbers = [f"[{text}]" for text in numbers]
    told = f": {numbers[0]} and {numbers[1]}" if len(numbers) > 1 else ""
    if "fsdp/_optim_utils.py" in f"{case.frames} {case.around}":
        return _OPTIMIZER_STATE
    if re.search(r"attention|attn|mask", case.frames, re.IGNORECASE):
        return _two_lengths(told)
    if re.search(r"\blora_[AB]\b|\bmerg(?:e|ing|ed)\b|lora_weights", case.around):
        return merged_sizes(told, numbers)
    if _PREPARING.search(case.frames) and {"3"} < set(numbers) <= {"1", "2", "3", "4"}:
        return _CHANNELS
    if _VISION.search(case.frames):
        return Answer(
            f"two tensors of the vision part have sizes that do not fit{told}",
            (
                "the processor and the config of one checkpoint: AutoProcessor.from_pretrained of "
                "the same name",
                "one row first: per_device_train_batch_size=1",
            ),
            why="an image size, a number of image tokens or a projector of another checkpoint",
            known="the message has both sizes; the last frames are of the vision part",
            settles=False,
        )
    return Answer(
        f"two tensors of one operation have sizes that do not fit{told}",
        (
            "one row first: per_device_train_batch_size=1   shows whether rows of different "
            "lengths are at fault",
            "print the shapes before the line of the last frame",
        ),
        why="rows that are not padded alike, a mask or labels cut apart from the input, or weights "
        "of another size than the config's",
        known="the message has both sizes; which of these it is, it does not say",
        settles=False,
    )


def _two_lengths(told: str) -> Answer:
    return Answer(
        f"two tensors in the attention have sizes that do not fit, most often the mask{told}",
        (
            "leave your own attention_mask out, or make it as long as input_ids plus the cache",
            "per_device_train_batch_size=1, use_cache=False   show whether padding or the cache is "
            "at fault",
        ),
        why="a mask of another batch, a static or sliding cache of another length, or an attention "
        "of another release than the code that builds the mask",
        known="the message has both sizes; the last frames are of the attention",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "matrices-of-other-sizes",
        r"mat1 and mat2 shapes cannot be multiplied \(\d+x(?P<inner>\d+) and (?P<rows>\d+)x"
        r"(?P<columns>\d+)\)",
        _matrices,
        {
            "RuntimeError: mat1 and mat2 shapes cannot be multiplied (512x2560 and 1x3276800)": (
                "2,560 x 2,560"
            ),
            "RuntimeError: mat1 and mat2 shapes cannot be multiplied (512x1152 and 2560x1152)": (
                "inputs of size 2,560"
            ),
        },
    ),
    General(
        "weights-without-their-dimensions",
        r"'weight' must be 2-D|size mismatch, got input \(\d+\), mat \(\d+x\d+\), vec \(0\)|"
        r"weight should have at least three dimensions|"
        r"mat2 must be a matrix, got 1-D tensor|but got weight of size \[0\]",
        _partitioned,
        {
            "RuntimeError: 'weight' must be 2-D": "GatheredParameters",
            "RuntimeError: size mismatch, got input (512), mat (512x2304), vec (0)": "ZeRO-3",
        },
    ),
    General(
        "sizes-that-do-not-fit",
        r"The size of tensor a \((?P<a>\d+)\) must match the size of tensor b \((?P<b>\d+)\) at|"
        r"expanded size of the tensor \((?P<c>-?\d+)\) must match the existing size \((?P<d>\d+)\)|"
        r"Sizes of tensors must match except in dimension \d+\. Expected size (?P<e>\d+) but got "
        r"size (?P<f>\d+)|Sizes of tensors must match except in dimension|"
        r"shape '\[[^\]\n]{1,80}\]' is invalid for input of size (?P<g>\d+)|"
        r"The shape of the mask \[[\d, ]{1,60}\] at index|"
        r"size of tensor a must match the size of tensor b|"
        r"shape mismatch: value tensor of shape|"
        r"output with shape \[(?P<h>[\d, ]{1,60})\] doesn't match the broadcast shape "
        r"\[(?P<i>[\d, ]{1,60})\]|"
        r"Attention mask should be of size \(",
        _two_sizes,
        {
            "RuntimeError: The size of tensor a (4096) must match the size of tensor b (8192) at "
            "non-singleton dimension 1": "4096 and 8192",
            "RuntimeError: Sizes of tensors must match except in dimension 1. Expected size 12 but "
            "got size 14 for tensor number 1 in the list.": "12 and 14",
            "d[key] += (lora_A @ lora_B).transpose(0, 1)\nRuntimeError: output with shape "
            "[1152] doesn't match the broadcast shape [1152, 1152]": (
                "base that the adapter was trained on"
            ),
            "RuntimeError: output with shape [8] doesn't match the broadcast shape [8, 8]": (
                "per_device_train_batch_size=1"
            ),
            "RuntimeError: The expanded size of the tensor (2) must match the existing size (0) at "
            "non-singleton dimension 0.": "reward function",
            "RuntimeError: shape '[1, 12, 8, 256]' is invalid for input of size 12288": (
                "do not fit"
            ),
            'File "/x/site-packages/torch/distributed/fsdp/_optim_utils.py", line 1420, in f\n'
            "RuntimeError: The size of tensor a (8) must match the size of tensor b (2) at "
            "non-singleton dimension 0": "save_only_model",
        },
    ),
)
