"""Keys that outputs and logs do not have, and numbers that are too large to count with."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_OF_LOGS = re.compile(
    r"\blogs?\b|log_history|\bhistory\b|metrics|\bstate\b|\bdf\b|results?\b|stats"
)
# What a model returned, in a line that writes to a log as well.
_OF_OUTPUTS = re.compile(r"(?:\bout(?:puts?)?|\)) ?\[['\"]")


def _of_a_log(case: Case, name: str) -> Answer:
    return Answer(
        f"the line reads {name} of a log or a table that has no such entry",
        (
            f"logs.get('{name}')   and a look at what is there: print(logs.keys())",
            "[row for row in trainer.state.log_history if 'loss' in row]   : rows of training "
            "alone",
        ),
        why="the Trainer logs loss at its steps only: an evaluation's row has eval_loss, and the "
        "last one train_loss",
        known="the line that reads it; the names were read in transformers 4.57.6",
        settles=False,
    )


def _no_such_output(case: Case) -> Answer:
    name = case.match["name"]
    if _OF_LOGS.search(case.code) and not _OF_OUTPUTS.search(case.code):
        return _of_a_log(case, name)
    if name == "loss":
        return Answer(
            "the output has no loss: labels did not come with the input, or this class computes "
            "none",
            (
                "batch['labels'] = batch['input_ids'].clone()   with -100 where padding is",
                "AutoModelForCausalLM (or the class with a head), and not AutoModel",
            ),
            why="a loss is computed only where labels come with the input",
            known="the key in the message; which of the two it is, print(batch.keys()) says",
            certain=False,
            settles=False,
        )
    return Answer(
        f"the output of the model has no {name}",
        ("print(outputs.keys())   and the class: AutoModel has no head, so no logits",),
        why="a class without a head returns last_hidden_state; a trainer that computes the loss in "
        "chunks may leave the logits out",
        known="the key in the message",
        certain=False,
        settles=False,
    )


_OF_TEXT = re.compile(r"(?i)token|truncat|max_len|encode|padding|model_max")
_OF_TABLES = re.compile(r"csv|pandas|pyarrow|numpy|sqlite|field_size_limit|np\.|pd\.")


def _too_large(case: Case) -> Answer | None:
    frames = case.frames
    if case.is_of_the_script and "to_bytes" in case.code:
        return None  # bytes that are too few for a number of the script's own
    seen = case.code or frames[-400:]
    limit = "csv.field_size_limit(2**31 - 1)   in place of sys.maxsize, on Windows"
    wide = "np.int64 (dtype='int64') for that column, or text, where it holds long ids or hashes"
    if _OF_TABLES.search(seen) and not _OF_TEXT.search(frames):
        return Answer(
            "a number does not fit into the C integer that it is turned into",
            (limit, wide) if "field_size_limit" in seen else (wide, limit),
            why="a C long has 32 bits on Windows, and so has NumPy's default before 2.0 there",
            known="the message, and the line that raised it; which number it is, only the data "
            "says",
            settles=False,
        )
    return Answer(
        "a number is far too large for a length or an id: most often "
        "tokenizer.model_max_length, which is 10**30 where the checkpoint states none",
        (
            "max_length=2048   in place of tokenizer.model_max_length",
            "print(tokenizer.model_max_length)",
        ),
        known="the message; which number it is, the last frame says",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "output-without-a-loss",
        r"KeyError: '(?P<name>loss|logits)'",
        _no_such_output,
        {
            "KeyError: 'loss'": "labels",
            "KeyError: 'logits'": "AutoModel",
            'Traceback (most recent call last):\n  File "/w/t.py", line 9, in on_log\n    '
            "self.seen.append(logs['loss'])\nKeyError: 'loss'": "logs.get('loss')",
            'Traceback (most recent call last):\n  File "/w/t.py", line 9, in compute_loss\n    '
            "metrics['loss'] = outputs['loss']\nKeyError: 'loss'": "labels did not come",
        },
    ),
    General(
        "number-for-a-length-too-large",
        r"\b(?:int too big to convert|cannot fit 'int' into an index-sized integer|"
        r"Python int(?:eger)? too large to convert to C)",
        _too_large,
        {
            "OverflowError: int too big to convert": "max_length=2048",
            "OverflowError: cannot fit 'int' into an index-sized integer": "model_max_length",
            'Traceback (most recent call last):\n  File "/w/a.py", line 1, in f\n    '
            "b = n.to_bytes(4, 'big')\nOverflowError: int too big to convert": "",
            'Traceback (most recent call last):\n  File "/w/t.py", line 9, in f\n    '
            "csv.field_size_limit(sys.maxsize)\nOverflowError: Python int too large to convert to "
            "C long": "field_size_limit",
        },
    ),
)
