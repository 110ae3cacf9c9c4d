"""Answers where a value is called as a function, by who calls it."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

# What is handed to a trainer and called by it, with what it has to be.
_PASSED = {
    "data_collator": "data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=False)   or a "
    "function of your own, without brackets behind its name",
    "collate_fn": "collate_fn=my_function   without brackets behind its name",
    "formatting_func": "formatting_func=my_function   and dataset_text_field='text' for the name "
    "of a column",
    "compute_metrics": "compute_metrics=my_function   without brackets behind its name",
    "preprocess_logits_for_metrics": "preprocess_logits_for_metrics=my_function   without brackets",
    "reward_func": "reward_funcs=[my_function]   functions, models or names of models",
    "compute_loss_func": "compute_loss_func=my_function   without brackets behind its name",
    "model_init": "model_init=my_function   that returns a new model",
}
_CALLS = re.compile(rf"\b(?:self\.)?(?P<name>{'|'.join(_PASSED)})\(")


def called(case: Case) -> Answer:
    """Answer what was passed in place of a function, or a name that hides one."""
    kind = case.match["kind"]
    passed = _CALLS.search(case.code) if case.places and not case.is_of_the_script else None
    if passed is not None:
        name = passed["name"]
        return Answer(
            f"{name} has to be a function, and a value of the kind {kind} was passed for it",
            (_PASSED[name],),
            why="my_function() is what it returns, my_function the function; the trainer calls it "
            "itself",
            known="the last frame is the call of what was passed",
        )
    known = {
        "Dataset": "dataset[0], dataset['text']   with square brackets",
        "DatasetDict": "dataset['train']   with square brackets",
        "str": "a name of a function or of Python (str, list, len, print) was given a text",
        "dict": "batch['input_ids']   with square brackets",
        "list": "a name of Python (list, sum, max) was given a value, or brackets for an index",
    }.get(
        kind,
        f"print what stands before the bracket in the last frame's line: it is of the kind {kind}",
    )
    return Answer(
        f"something is called as a function, and it is a value of the kind {kind}",
        (known,),
        why="a variable that bears the name of a function hides it, in a notebook until the kernel "
        "is restarted; round brackets in place of square ones look the same",
        known="the message names the kind",
        settles=False,
    )
