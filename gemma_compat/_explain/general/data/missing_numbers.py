"""Numbers that were never set, and are reckoned with."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General


def _text_joined(case: Case) -> Answer:
    """Answer a text that is joined with None: a field of a row, or a token that is not set."""
    token = re.search(r"(?i)\w*(?:eos|bos)_?token\w*", case.code)
    fields = (
        "dataset.filter(lambda row: row['output'] is not None)   with the columns of that line",
        "(row['input'] or '')   in that line, where an empty field is right",
    )
    tokens = (
        f"print({token[0] if token else 'tokenizer.eos_token'})   : a tokenizer may have no such "
        f"token",
    )
    return Answer(
        "a text and None are joined by +: a field of a row, or a token, is None",
        (*tokens, *fields) if token and "[" not in case.code else (*fields, *tokens),
        why="an empty cell of a table is None, and so is a token that the tokenizer lacks",
        known="the message has both kinds; which value is None, it does not say",
        settles=False,
    )


_PACKED_TO_NONE = Answer(
    "TRL packs rows to a length that is None",
    (
        "max_seq_length=2048   in SFTConfig (of an older TRL, in SFTTrainer)",
        "or pip install -U trl   and max_length=2048 in SFTConfig",
    ),
    why="packing counts max_seq_length x characters for each token; without it an older "
    "TRL takes the tokenizer's bound, and has none here",
    known="the line of code in the traceback",
)


def _reckoned_with_none(case: Case) -> Answer:
    near = case.hit.before + case.around + case.hit.after
    if "nsloth" in near and "for /: 'Tensor' and 'NoneType'" in case.hit.text:
        return Answer(
            "a loss is divided by a number of tokens that is None, under Unsloth",
            (
                "pip install -U unsloth unsloth_zoo   and delete unsloth_compiled_cache, then "
                "restart",
                "or gradient_accumulation_steps=1, to see whether it is the number of items in a "
                "batch",
            ),
            why="Unsloth's training step hands num_items_in_batch to the loss that it generated; a "
            "release of transformers that counts it otherwise leaves it None",
            known="a tensor divided by None is this division most often; the last frame would show "
            "it",
            certain=False,
            settles=False,
        )
    if "seq_length * chars_per_token" in near:
        return _PACKED_TO_NONE
    if "for +: " in case.hit.text and "'str'" in case.hit.text:
        return _text_joined(case)
    return Answer(
        "a value that the code reckons with or compares is None",
        (
            "look at the last frame: which name in that line is None",
            "or in the config.json beside the weights: a field that is null or missing",
        ),
        why="a function that returned nothing, an empty field of a row, or a field of the config "
        "or an argument without a default",
        known="the message; which value it is, the line of code shows",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "reckoning-with-none",
        r"unsupported operand type\(s\) for (?P<sign>\S{1,3}): '(?:NoneType' and '\w{2,20}|"
        r"\w{2,20}' and 'NoneType)'|'(?:<|>|<=|>=)' not supported between instances of "
        r"'(?:NoneType' and '\w{2,20}|\w{2,20}' and 'NoneType)'|"
        r"argument must be a string, a bytes-like object or a (?:real )?number, not 'NoneType'",
        _reckoned_with_none,
        {
            "TypeError: unsupported operand type(s) for *: 'NoneType' and 'int'": "None",
            "self.max_buffer_size = seq_length * chars_per_token * num_of_sequences\n"
            "TypeError: unsupported operand type(s) for *: 'NoneType' and 'float'": (
                "max_seq_length=2048"
            ),
            "TypeError: '<' not supported between instances of 'NoneType' and 'int'": "None",
            'Traceback (most recent call last):\n  File "/w/a.py", line 9, in formatting_func\n    '
            "text = example['question'] + EOS_TOKEN\nTypeError: unsupported operand type(s) for +: "
            "'NoneType' and 'str'": "with the columns of that line",
            "==((====))==  Unsloth 2025.3.15: Fast Gemma3 patching. Transformers: 4.50.0.dev0.\n"
            "TypeError: unsupported operand type(s) for /: 'Tensor' and 'NoneType'": "unsloth_zoo",
        },
    ),
)
