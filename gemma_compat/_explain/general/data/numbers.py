"""Numbers read as texts, ids in another dtype, empty lists, predictions of many shapes."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _compared(case: Case) -> Answer:
    kinds = {case.match["one"], case.match["other"]}
    is_of_rates = "float" in kinds or re.search(r"[/\\]optim|lr_sched|learning_rate", case.near)
    if kinds & {"float", "int"} and "str" in kinds and not is_of_rates:
        return Answer(
            "a number is compared with a text",
            (
                "int(value) or float(value)   where it is read: YAML keeps 1e5 and what stands in "
                "quotes as texts, argparse all without type=int, a CSV file a column with a word "
                "in it",
                "print(repr(value))   before the line of the last frame",
            ),
            known="the message has both kinds; which value it is, the frames say",
            settles=False,
        )
    if kinds & {"float", "int"} and "str" in kinds:
        return Answer(
            "a number was read as a text: a learning rate like 2e-5 in YAML is one",
            (
                "learning_rate: 2.0e-5   (with a point), or float(...) where the file is read",
                "the frame says which value: lr, eps and betas are checked by torch's optimizers",
            ),
            why="YAML takes 2e-5 without a point for a text",
            known="the message has both kinds; which value it is, the frames say",
            certain=False,
        )
    return Answer(
        f"two values of different kinds are compared: {case.match['one']} and "
        f"{case.match['other']}",
        ("print both before the line of the last frame",),
        known="the message",
        settles=False,
    )


def _nothing(case: Case) -> Answer:
    """Answer an empty list by what goes over it: max() of anything, an evaluation, a batch."""
    if case.match[0].startswith("max("):
        return Answer(
            "max() was asked of a list that has nothing in it",
            (
                "print what the line of the last frame goes over: a pattern of files that fits "
                "none, "
                "a filter that leaves no row, a batch without lengths",
                "print(len(dataset))   where it goes over rows",
            ),
            known="the message; which list it is, the last frame shows",
            settles=False,
        )
    if re.search(r"evaluation_loop|prediction_loop|compute_metrics|\bin evaluate\b", case.frames):
        return Answer(
            "an evaluation joined no predictions at all: it went over no batch",
            (
                "print(len(trainer.eval_dataset))   : an empty one, or fewer rows than processes "
                "or "
                "a batch with dataloader_drop_last",
                "or prediction_loss_only=True, where only the loss is wanted",
            ),
            known="the message, and the frames of an evaluation",
            settles=False,
        )
    return Answer(
        "a list that is joined is empty: a batch without rows, or rows without images or tokens, "
        "most likely",
        (
            "dataset.filter(lambda row: len(row['input_ids']) > 0)   and images in every row, or "
            "in "
            "none",
            "print the list in the line of the last frame, where it is none of rows",
        ),
        known="the message; which list it is, the frames say",
        certain=False,
        settles=False,
    )


def _told(case: Case) -> str:
    """Return the frames, or the report's own words where it shows none."""
    return case.frames or case.near


KINDS: tuple[General, ...] = (
    General(
        "number-as-a-text",
        r"'[<>]=?' not supported between instances of '(?P<one>(?!None)\w{1,20})' and "
        r"'(?P<other>(?!None)\w{1,20})'",
        _compared,
        {
            "TypeError: '<=' not supported between instances of 'float' and 'str'": "2.0e-5",
            "TypeError: '>' not supported between instances of 'str' and 'int'": "int(value)",
        },
    ),
    General(
        "ids-that-are-no-integers",
        r"have one of the following scalar types: Long, Int|"
        r"\"(?:nll_loss|cross_entropy|embedding)\w{0,60}\" not implemented for '(?:Int|Float|"
        r"Short)'",
        always(
            "ids or labels have to be integers of 64 bits, and came as others",
            "batch['input_ids'].long(), batch['labels'].long()",
            why="an empty list becomes floats, and NumPy on Windows gives 32 bits",
            known="torch names the dtype",
        ),
        {
            "RuntimeError: Expected tensor for argument #1 'indices' to have one of the following "
            "scalar types: Long, Int; but got torch.cuda.FloatTensor instead": ".long()"
        },
    ),
    General(
        "nothing-to-stack",
        r"stack expects a non-empty TensorList|torch\.cat\(\): expected a non-empty list of "
        r"Tensors|"
        r"Cannot find the batch size from empty|need at least one array to (?:stack|concatenate)|"
        r"max\(\) (?:arg is an empty sequence|iterable argument is empty)",
        _nothing,
        {
            "RuntimeError: stack expects a non-empty TensorList": "filter",
            "ValueError: max() arg is an empty sequence": "has nothing in it",
            "ValueError: max() iterable argument is empty": "has nothing in it",
            "Traceback (most recent call last):\n  File "
            '"/x/site-packages/transformers/trainer.py", '
            "line 9, in evaluation_loop\n    a = np.concatenate(b)\nValueError: need at least one "
            "array to concatenate": "eval_dataset",
        },
    ),
    General(
        "figures-of-another-length",
        r"operands could not be broadcast together|array at index 0 has size|"
        r"inhomogeneous shape after \d+ dimensions|"
        r"Sizes of tensors must match except in dimension 0",
        lambda case: (
            Answer(
                "an evaluation joins predictions of different shapes",
                (
                    "preprocess_logits_for_metrics=lambda logits, labels: logits.argmax(-1)",
                    "or prediction_loss_only=True, where only the loss is wanted",
                ),
                why="logits, hidden states and a cache come back together, over 262,144 tokens, "
                "and "
                "rows of different lengths",
                known="the message; that it is the evaluation, the frames or the report say",
                certain=False,
                settles=False,
            )
            if re.search(r"compute_metrics|evaluation_loop|eval_loop|nested_concat", _told(case))
            else None
        ),
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/trainer.py",'
            " line 3, in evaluation_loop\n    f()\nValueError: operands could not be broadcast "
            "together with shapes (2,256) (2,262144)": "argmax(-1)",
            "ValueError: operands could not be broadcast together with shapes (2,) (3,)": "",
            "# compute_metrics on SFTTrainer gives: RuntimeError: Sizes of tensors must match "
            "except in dimension 0. Expected size 102 but got size 212": "argmax(-1)",
            "RuntimeError: Sizes of tensors must match except in dimension 0. Expected size 2": "",
        },
    ),
)
