"""Arguments whose name alone tells who hands them over, to whatever function."""

from __future__ import annotations

import re

from ...answer import Answer

_MARKED = Answer(
    "accelerate or bitsandbytes is older than transformers 5, which marks each weight that is "
    "loaded (_is_hf_initialized)",
    (
        "pip install -U accelerate bitsandbytes   and restart the kernel",
        "or pip install 'transformers<5'",
    ),
    why="a weight that is put onto its device is made anew with all that was set on it; classes of "
    "weights that take no further arguments refuse the mark",
    known="read in transformers 5.23.0, which sets the mark, and bitsandbytes 0.50.2, whose "
    "classes take it",
)
_CHECKPOINTING = Answer(
    "the model's own code switches gradient checkpointing on in another way than the installed "
    "transformers asks for",
    (
        "pip install -U transformers   whose newer releases take the old way too",
        "gradient_checkpointing=False   shows whether that is all",
        "no trust_remote_code=True, where transformers has a class for this model; else the newest "
        "revision of its code",
    ),
    why="transformers 4.35 changed what it hands over; code from the Hub, and classes that bring "
    "their own method, are of the time that they were written in",
    known="read in transformers 4.50.3, which looks at the method's arguments first; the release "
    "of the change is from memory",
    settles=False,
)
_PER_BATCH = Answer(
    "batch_eval_metrics and compute_metrics do not agree about compute_result",
    (
        "batch_eval_metrics=False   for a compute_metrics(eval_pred) of the whole evaluation",
        "def compute_metrics(eval_pred, compute_result):   with batch_eval_metrics=True: called "
        "for each batch, and once with True at the end",
    ),
    why="with batch_eval_metrics the Trainer hands compute_result over, and else it does not",
    known="read in transformers 4.57.6, trainer.py",
)


def known_by_name(function: str, name: str) -> Answer | None:
    """Return the answer for an argument that only one caller hands over."""
    called = function.rpartition(".")[2]
    if name == "_is_hf_initialized":
        return _MARKED
    if re.search(r"set_gradient_checkpointing$", called) and name in {
        "enable",
        "gradient_checkpointing_func",
        "value",
    }:
        return _CHECKPOINTING
    if called == "gradient_checkpointing_enable" and name == "gradient_checkpointing_kwargs":
        return _CHECKPOINTING
    if name == "compute_result":
        return _PER_BATCH
    return None
