"""Values that are not there."""

from __future__ import annotations

import re

from ...answer import Answer
from ...marked import without_value
from ..base import Case, General
from ..released import upgrade

_ABSENT = {
    "chat_template": "the processor has no tokenizer with a template",
    "apply_chat_template": "the tokenizer was not loaded: what holds it is None",
    "tokenizer": "the processor was not loaded: what holds it is None",
    "image_processor": "the processor was not loaded: what holds it is None",
    "pad_token_id": "the tokenizer was not loaded: what holds it is None",
    "split": "a text that should be there is None: an empty field of a row, or no answer",
    "strip": "a text that should be there is None: an empty field of a row, or no answer",
    "replace": "a text that should be there is None: an empty field of a row, or no answer",
}
_NO_MASK = Answer(
    "the model is asked for something with an attention_mask, and none was handed over",
    (
        "model.generate(**tokenizer(texts, return_tensors='pt').to(model.device), ...)   : with "
        "input_ids and attention_mask",
        "pip install -U unsloth unsloth_zoo   where the last frame is Unsloth's",
    ),
    why="input_ids alone leave the mask None; releases that ask for it fail, others take every "
    "token as real. Unsloth of mid February 2025 did so, by its reports",
    known="the frame's line is attention_mask.to(...)",
    certain=False,
    settles=False,
)
_NO_TRITON = Answer(
    "this TRL computes the loss with a kernel in Triton, and Triton cannot be imported here",
    (
        "pip install triton   on Linux with an NVIDIA or AMD GPU (a CUDA build of torch brings it)",
        "pip install 'trl==0.24.0' 'transformers==4.57.6'   on a CPU: it computes the loss without",
    ),
    why="trl/trainer/utils.py puts None in place of the kernel where its import fails",
    known="the last frame; read in TRL 1.15.0, and 0.24.0 trained so on a CPU without Triton",
)


_NO_LOGITS = Answer(
    "the model gave no logits, and they are used: logits is None",
    (
        "without Liger: use_liger_kernel=False   (or its skip_logits=False), where logits are "
        "needed: by another loss, or by metrics",
        "with Unsloth: import os; os.environ['UNSLOTH_RETURN_LOGITS'] = '1'   before unsloth is "
        "imported",
        "or the model's own loss: model(**batch, labels=...).loss",
    ),
    why="fused losses (Liger, Unsloth, and whoever computes the loss in chunks) never make the "
    "whole of them while the model trains with labels",
    known="the line that raised reads logits, which are None; what left them out, the log may not "
    "say",
    certain=False,
    settles=False,
)


_FROM_ROWS = "dataset.filter(lambda row: row[COLUMN] is not None)   where it comes from the rows"
_WHAT_STANDS_THERE = (
    "print what stands before the dot (or the bracket) in the last frame's line: who should have "
    "set it is the cause"
)


def _none(case: Case) -> Answer | None:
    name = case.match["name"] or ""
    if re.match(r"c[a-z]+\d|cget_|cquantize|cdequantize|clion|cadam", name):
        return None  # bitsandbytes without its library
    if name == "to" and re.search(r"attention_mask\.to\(", case.around):
        return _NO_MASK
    if name == "apply" and re.search(r"_ChunkedLogProbFunction\.apply\(", case.frames):
        return _NO_TRITON
    is_taken = "subscriptable" in case.match[0] or "callable" in case.match[0]
    traceback = case.error.traceback if case.error else ""
    what = without_value(traceback, name, takes_part=is_taken)
    if what.endswith("logits"):
        return _NO_LOGITS
    outside = [item for item in case.packages if item != "torch" and not case.is_of_the_script]
    who = outside[-1] if outside else "the script"
    reads = f"reads {name} of it" if name else "uses it"
    happened = _ABSENT.get(name)
    is_of_rows = not name or name in {"split", "strip", "replace"}
    more = (_FROM_ROWS,) if is_of_rows else (upgrade(who),) if outside else ()
    return Answer(
        happened
        or (f"{what} is None" if what else f"a value that {who} needs is None: {who} {reads}"),
        (
            f"print({what})   before that line: who should have set it is the cause"
            if what
            else _WHAT_STANDS_THERE,
            *more,
        ),
        why="an argument that was not passed, a part that the checkpoint does not have, or a "
        "function that returned nothing",
        known="the message, and the line that raised"
        if what
        else "the message; what is None, only the frame's line says",
        certain=happened is None,
        settles=False,
    )


_HAS_NO = r"'NoneType' object has no attribute '(?P<name>\w{1,60})'"


KINDS: tuple[General, ...] = (
    General(
        "something-is-none",
        rf"{_HAS_NO}|'NoneType' object is not (?:iterable|subscriptable|callable)|"
        r"None is not a callable object|argument of type 'NoneType' is not iterable|"
        r"object of type 'NoneType' has no len|cannot unpack non-iterable NoneType|"
        r"expected str, bytes or os\.PathLike object, not NoneType",
        _none,
        {
            "AttributeError: 'NoneType' object has no attribute 'shape'": "None",
            "TypeError: 'NoneType' object is not iterable": "None",
            'Traceback (most recent call last):\n  File "train.py", line 11, in compute_loss\n    '
            "loss = f(out.logits[:, :-1])\n             ~~~~~~~~~~^^^^^^^^\n"
            "TypeError: 'NoneType' object is not subscriptable": "UNSLOTH_RETURN_LOGITS",
            'Traceback (most recent call last):\n  File "train.py", line 7, in <module>\n    '
            "n = self.cfg.rope.keys()\n        ^^^^^^^^^^^^^^^^^^\n"
            "AttributeError: 'NoneType' object has no attribute 'keys'": "print(self.cfg.rope)",
            'Traceback (most recent call last):\n  File "/x/site-packages/trl/trainer/utils.py", '
            "line "
            "1638, in _fused_forward\n    per_token = "
            "_ChunkedLogProbFunction.apply(\nAttributeError: "
            "'NoneType' object has no attribute 'apply'": "pip install triton",
            "AttributeError: 'NoneType' object has no attribute 'cadam32bit_grad_fp32'": "",
        },
    ),
)
