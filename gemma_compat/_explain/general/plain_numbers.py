"""Python's own errors of numbers: one of many, none, a fraction of nothing."""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case, General
from .plain_python import _ROWS

_LOOPED = (
    "a number (or True, False) stands where a list, a text or a tensor is expected",
    (
        "look at the last frame: which of its values is it, and who made it",
        "print(batch) or print(row)   before that line: a single id in place of a list of ids is "
        "the commonest",
    ),
)


def _own_number(case: Case) -> Answer:
    """Answer a number in place of a list, in a line of the script's own."""
    in_reward = case.says(r"reward")
    return Answer(
        "a number (or True, False) stands where a list, a text or a tensor is expected, in a line "
        "of the script",
        (
            "print(type(completions[0]), completions[0])   : a text, or a list of turns where the "
            "prompts are lists of turns"
            if in_reward
            else "print what stands in that line, with its type()",
            "a row of the data: print(dataset[0]); batched=True in map hands over columns, without "
            "it a row",
        ),
        known="the last frame is the script's own",
        settles=False,
    )


def _number_looped_over(case: Case) -> Answer:
    happened, do = _LOOPED
    of_unsloth = "nsloth" in case.hit.before[-4000:] + case.around + case.hit.after
    if case.is_of_the_script:
        return _own_number(case)
    newer = ("pip install -U unsloth unsloth_zoo   and restart the kernel",)
    return Answer(
        happened,
        (*newer, *do) if of_unsloth else do,
        why="one row in place of a batch, an id or a size in place of a list, or a function of "
        "another release that returned a list before"
        + ("; Unsloth of March 2025 did so with Gemma 3's images" if of_unsloth else ""),
        known="the message; which value it is, only the frames show",
        certain=not of_unsloth,
        settles=False,
    )


_LIST_OF_TENSORS = Answer(
    "a tensor is made from a list of tensors (or arrays) that have more than one element",
    (
        "torch.stack(rows)   where all have one shape",
        "torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD)   for "
        "rows of different lengths",
        "or lists of numbers in it: x.tolist()",
    ),
    why="torch.tensor takes numbers and lists of them; a tensor in such a list counts as "
    "one number",
    known="the statement that failed is in the log",
)


_GATHERED = Answer(
    "DataParallel puts together what the model returned on each GPU, and one part is not "
    "made for it",
    (
        "CUDA_VISIBLE_DEVICES=0   before the command, for one GPU",
        "or torchrun --nproc_per_node GPUS SCRIPT: one process for each GPU",
        "or use_cache=False, where the last frame is that of a cache",
    ),
    why="it gathers every value of the result: a cache of keys and values holds "
    "numbers that have no rows",
    known="the frames are of torch's scatter_gather.py",
)


def _one_of_many(case: Case) -> Answer:
    """Answer a tensor of several numbers where one is expected."""
    near = f"{case.frames}\n{case.hit.text}"
    if re.search(r"_get_unpad_data|max_seq_?len|cu_seq_?lens|_upad_input", near):
        return Answer(
            "FlashAttention's path wants the longest row of a batch as one number, and gets a "
            "tensor of several",
            (
                "update the framework that trains: one that packs rows puts its own "
                "_get_unpad_data in the place of transformers'",
                "or the transformers that this framework was made for",
                'or attn_implementation="sdpa"   without packing, to see that it is this',
            ),
            why="the lengths are counted from the attention mask: code that numbers packed rows in "
            "it counts otherwise than transformers does",
            known="the names of that path are in the log; who replaced it, the last frame shows",
            certain=False,
            settles=False,
        )
    if "scatter_gather.py" in case.frames:
        return _GATHERED
    makes = re.search(
        r"torch\.(?:as_)?tensor\(|np\.array\(|torch\.(?:Long|Float)Tensor\(", case.code
    )
    if makes and not re.search(r"\.item\(\)|\b(?:float|int)\(", case.code):
        return _LIST_OF_TENSORS
    return Answer(
        "one number is expected, and a tensor of several is given",
        (
            "print the tensor's shape before the line of the last frame",
            "loss.mean()   where a loss for each row or GPU is returned",
            "x[0].item(), or a loop over the rows",
        ),
        known=_ROWS,
        settles=False,
    )


def _divided(case: Case) -> Answer:
    """Answer a division by zero, by whose line it is."""
    happened = "something is divided by a count that is 0"
    known = "the message; which count it is, the last frame shows"
    if case.is_of_the_script and case.code:
        return Answer(
            f"{happened}, in a line of the script",
            (
                "a / b if b else 0.0   in that line",
                "print what stands below the line of the fraction: a metric without a hit, an "
                "empty text, len(dataset) of 0",
            ),
            known="the last frame is the script's own",
            settles=False,
        )
    return Answer(
        happened,
        (
            "print(len(dataset)), and after filtering and packing again",
            "steps of an epoch: rows / (batch x GPUs x accumulation) must be at least 1",
        ),
        why="in training it is mostly an empty data set, an evaluation without rows, or a batch "
        "without a label that counts",
        known=known,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "nothing-to-reduce",
        r"Expected reduction dim (?:\d+ )?to have non-zero size|cannot perform reduction function "
        r"\w{3,8} on a tensor with no elements|"
        r"min\(\) (?:arg is an empty sequence|iterable argument is empty)|"
        r"Expected reduction dim to be specified for input\.numel\(\) == 0",
        lambda case: Answer(
            "the largest (or smallest) of nothing is asked for: a list or tensor is empty",
            (
                "print the shape of what the last frame's line reduces, and who made it",
                "GRPO: max_completion_length above 0, prompts shorter than max_seq_length minus "
                "it; print the completions of one step",
                "rows: dataset.filter(lambda row: len(row['input_ids']) > 1)",
            ),
            why="no completion token, no label, no row or no image was left after a cut, a filter "
            "or a mask",
            known="the message; what is empty, only the frames say",
            settles=False,
        ),
        {
            "# Unsloth GRPO trainer error - IndexError: argmax(): Expected reduction dim 1 to have "
            "non-zero size.": "max_completion_length",
            "ValueError: min() arg is an empty sequence": "is empty",
            "ValueError: min() iterable argument is empty": "is empty",
        },
    ),
    General(
        "number-that-is-looped-over",
        r"'(?:int|float|bool)' object is not (?:iterable|subscriptable)|"
        r"iteration over a 0-d tensor|"
        r"object of type '(?:int|float|bool)' has no len",
        _number_looped_over,
        {
            "# [BUG] Fine-tuning Gemma3 vision with unsloth throws error: TypeError: 'int' object "
            "is not iterable": "pip install -U unsloth",
            "TypeError: 'bool' object is not subscriptable": "last frame",
            "TypeError: object of type 'int' has no len()": "last frame",
        },
    ),
    General(
        "divided-by-nothing",
        r"ZeroDivisionError: (?:integer |float )?(?:division|modulo|integer modulo|float floor)",
        _divided,
        {
            "ZeroDivisionError: division by zero": "len(dataset)",
            'Traceback (most recent call last):\n  File "/home/me/t.py", line 3, in '
            "compute_metrics\n    f1 = 2 * p * r / (p + r)\nZeroDivisionError: float division by "
            "zero": "else 0.0",
        },
    ),
    General(
        "scalar-of-many",
        r"only integer tensors of a single element can be converted to an index|"
        r"only (?:one element tensors|length-1 arrays|size-1 arrays|0-dimensional arrays) can be "
        r"converted to (?:a )?Python scalars|can only convert an array of size 1 to a Python|"
        r"\bTensor with \d+ elements cannot be converted to",
        _one_of_many,
        {
            "TypeError: only integer tensors of a single element can be converted to an index": (
                "loss.mean()"
            ),
            "ValueError: can only convert an array of size 1 to a Python scalar": "several",
            'Traceback (most recent call last):\n  File "/home/me/t.py", line 4, in collate\n    '
            'ids = torch.tensor([x["input_ids"] for x in batch])\nValueError: only one element '
            "tensors can be converted to Python scalars": "pad_sequence",
            'Traceback (most recent call last):\n  File "/home/me/t.py", line 4, in collate\n    '
            "l = torch.tensor([x.item() for x in ls])\nRuntimeError: a Tensor with 5 elements "
            "cannot be converted to Scalar": "tensor of several is given",
            "TypeError: only integer tensors of a single element can be converted to an index, "
            "in _get_unpad_data": "FlashAttention",
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/'
            'modeling_flash_attention_utils.py", line 3, in _upad_input\n    max_seqlen_in_batch_k '
            "= f(mask)\nTypeError: only integer tensors of a single element can be converted to "
            "an index": "FlashAttention",
        },
    ),
)
