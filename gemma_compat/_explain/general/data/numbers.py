"""Numbers read as texts, ids in another dtype, empty lists, predictions of many shapes."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always


def _compared(case: Case) -> Answer:
    kinds = {case.match["one"], case.match["other"]}
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


def _told(case: Case) -> str:
    """Return the frames, or the report's own words where it shows none."""
    return case.frames or case.near


KINDS: tuple[General, ...] = (
    General(
        "number-as-a-text",
        r"'[<>]=?' not supported between instances of '(?P<one>(?!None)\w{1,20})' and "
        r"'(?P<other>(?!None)\w{1,20})'",
        _compared,
        {"TypeError: '<=' not supported between instances of 'float' and 'str'": "2.0e-5"},
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
        r"max\(\) arg is an empty sequence",
        always(
            "a list that is joined is empty: a batch without rows, or rows without images or "
            "tokens",
            "dataset.filter(lambda row: len(row['input_ids']) > 0)   and images in every row, or "
            "in "
            "none",
            known="the message; which list it is, the frames say",
            settles=False,
        ),
        {"RuntimeError: stack expects a non-empty TensorList": "filter"},
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
