"""Python's own errors that say little: what they mean in a fine-tune, and what to look at."""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case, General, always
from .released import upgrade

_ROWS = "the last frame of the script or of the trainer shows which value it is"


def _unpacked(case: Case) -> Answer:
    wanted = case.match["wanted"] or case.match["least"]
    shapes = re.search(r"\.(?:shape|size\(\))", case.frames)
    return Answer(
        f"a line takes a value apart into {wanted} parts, and it has another number of them",
        (
            "print the value in that line; print(x.shape) where it is x.shape or x.size(): a row "
            "that was encoded alone has a batch dimension, and a second one makes it one too many"
            if not shapes
            else "print(x.shape) before that line: a batch or a time dimension is missing or "
            "one too many",
            "a function of another release returns more or fewer values: read its documentation "
            "for the release that is installed",
        ),
        why="the script, or code that it took from elsewhere, counts on a form that the data or "
        "the library do not have",
        known=_ROWS,
        certain=True,
        settles=False,
    )


_LOOPED = (
    "a number (or True, False) stands where a list, a text or a tensor is expected",
    (
        "look at the last frame: which of its values is it, and who made it",
        "print(batch) or print(row)   before that line: a single id in place of a list of ids is "
        "the commonest",
    ),
)


def _number_looped_over(case: Case) -> Answer:
    happened, do = _LOOPED
    of_unsloth = "nsloth" in case.hit.before[-4000:] + case.around + case.hit.after
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


def _bases_that_clash(case: Case) -> Answer:
    packages = [item for item in case.packages if item != "torch"]
    line = re.search(r"class (?P<name>\w{1,60})\((?P<bases>[^)\n]{1,120})\)", case.frames)
    of = f" ({line['name']}, of {line['bases']})" if line else ""
    newer = [upgrade(packages[-1])] if packages and not case.is_of_the_script else []
    return Answer(
        f"a class cannot be made from the bases that it names{of}: theirs do not go together",
        (
            *newer,
            "or the releases that the code was written for: a base became another kind of class "
            "since (its requirements.txt names them)",
            "in code of your own: leave out metaclass=..., or the base that is named twice",
        ),
        why="Python makes a class only where one base's metaclass, and one order of all bases, "
        "serves for all; an import that failed and left None or a stand-in as a base looks the "
        "same",
        known="the message; which base it is, the line of the class shows",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "bases-that-clash",
        r"metaclass conflict: the metaclass of a derived class|"
        r"Cannot create a consistent method resolution order|duplicate base class \w",
        _bases_that_clash,
        {
            "TypeError: metaclass conflict: the metaclass of a derived class must be a (non-strict)"
            " subclass of the metaclasses of all its bases": "theirs do not go together",
            'Traceback (most recent call last):\n  File "/x/site-packages/surya/a.py", line 3, in '
            "<module>\n    class A(B, metaclass=C):\nTypeError: metaclass conflict: the metaclass "
            "of a derived class must be a (non-strict) subclass": "pip install -U surya",
            "TypeError: Cannot create a consistent method resolution order (MRO) for bases A, B": (
                "bases"
            ),
            "TypeError: duplicate base class Generic": "named twice",
        },
    ),
    General(
        "nothing-to-reduce",
        r"Expected reduction dim (?:\d+ )?to have non-zero size|cannot perform reduction function "
        r"\w{3,8} on a tensor with no elements|min\(\) (?:arg is an empty sequence|"
        r"iterable argument is empty)|"
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
        "parts-of-another-number",
        r"too many values to unpack \(expected (?P<wanted>\d+)|"
        r"not enough values to unpack \(expected (?:at least )?(?P<least>\d+)",
        _unpacked,
        {
            "ValueError: too many values to unpack (expected 2)": "into 2 parts",
            "ValueError: too many values to unpack (expected 3)": "print(x.shape)",
            "ValueError: not enough values to unpack (expected 4, got 3)": "into 4 parts",
        },
    ),
    General(
        "divided-by-nothing",
        r"ZeroDivisionError: (?:integer |float )?(?:division|modulo|integer modulo|float floor)",
        always(
            "something is divided by a count that is 0",
            "print(len(dataset)), and after filtering and packing again",
            "steps of an epoch: rows / (batch x GPUs x accumulation) must be at least 1",
            why="in training it is mostly an empty data set, an evaluation without rows, or a "
            "batch without a label that counts",
            known="the message; which count it is, the last frame shows",
            settles=False,
            certain=True,
        ),
        {"ZeroDivisionError: division by zero": "len(dataset)"},
    ),
    General(
        "list-where-a-name-is-expected",
        r"unhashable type: '(?P<kind>list|dict|set|Tensor)'",
        lambda case: Answer(
            f"a {case.match['kind']} stands where a name or a number is looked up in a table",
            (
                "print the value in the last frame of the script",
                "messages: each content a text, or a list of parts only where the processor takes "
                "images",
            ),
            why="keys of a dict and members of a set are texts or numbers",
            known=_ROWS,
            settles=False,
        ),
        {"TypeError: unhashable type: 'list'": "a list stands"},
    ),
    General(
        "tuple-indexed-by-a-name",
        r"(?P<kind>tuple) indices must be integers or slices, not (?P<by>str|Tensor|tuple|"
        r"float)|'(?P<object>ModelOutput|tuple)' object is not (?:a mapping|callable)",
        lambda case: Answer(
            f"a {case.match['kind'] or case.match['object']} is read as if it had names",
            (
                "return_dict=True in the call of the model   gives outputs with names",
                "a row that became a list: print(dataset[0]), and batched=True in map hands "
                "over columns",
            ),
            known=_ROWS,
            settles=False,
        ),
        {
            "TypeError: tuple indices must be integers or slices, not str": "return_dict=True",
        },
    ),
    General(
        "scalar-of-many",
        r"only integer tensors of a single element can be converted to an index|"
        r"only (?:one element tensors|length-1 arrays|size-1 arrays|0-dimensional arrays) can be "
        r"converted to (?:a )?Python scalars|\bTensor with \d+ elements cannot be converted to",
        _one_of_many,
        {
            "TypeError: only integer tensors of a single element can be converted to an index": (
                "loss.mean()"
            ),
            "TypeError: only integer tensors of a single element can be converted to an index, "
            "in _get_unpad_data": "FlashAttention",
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/'
            'modeling_flash_attention_utils.py", line 3, in _upad_input\n    max_seqlen_in_batch_k '
            "= f(mask)\nTypeError: only integer tensors of a single element can be converted to "
            "an index": "FlashAttention",
        },
    ),
    General(
        "dict-read-by-number",
        r"KeyError: (?P<number>\d{1,7})(?:$|[^\w.:/-])",
        lambda case: Answer(
            f"a dict, or a table, is asked for the entry {case.match['number']}, which it has not",
            (
                "print(type(row), row) before that line: messages has to be a list of dicts, and a "
                "batch a dict of lists",
                "a pandas table that was split or filtered: df.reset_index(drop=True) before it "
                "becomes a data set",
            ),
            why="code that counts on a list got a dict; a table keeps the numbers of its rows when "
            "some are taken out; a number of a class or a layer may be missing in a table of names",
            known=_ROWS,
            certain=False,
            settles=False,
        ),
        {
            "KeyError: 18": "reset_index",
            '"KeyError: 0" when trying to fine-tune on a data set': "list of dicts",
            "KeyError: 0.5": "",
        },
    ),
)
