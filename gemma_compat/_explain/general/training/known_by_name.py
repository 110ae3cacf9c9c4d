"""Arguments whose name alone tells who hands them over, to whatever function."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

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
    known="read in transformers 4.50.3, which looks at the method's arguments first, and names "
    "4.35 for the change",
    settles=False,
)
_OWN_CHECKPOINTING = Answer(
    "gradient_checkpointing_enable of this class does not take gradient_checkpointing_kwargs, "
    "which its caller hands over",
    (
        "pip install -U transformers   where the method is PreTrainedModel's",
        "def gradient_checkpointing_enable(self, gradient_checkpointing_kwargs=None):   in a class "
        "of your own; pip install -U of the package that the class is of",
        "gradient_checkpointing=False   shows whether that is all",
    ),
    why="a class that brings this method, or a transformers before 4.35, is of an older time than "
    "the trainer that calls it",
    known="the message; the release is that of a comment in transformers 4.50.3",
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


# The release that brought what a method is given.
BROUGHT = {"log": "4.47", "get_batch_samples": "4.50", "_get_train_sampler": "4.52"}


PLACEHOLDERS = Answer(
    "transformers 4.55.0 calls Gemma 3n's get_placeholder_mask() without what it asks for: images "
    "and audio fail so",
    (
        "pip install -U 'transformers>=4.55.1'   and restart the kernel or the program",
        "or pip install 'transformers<4.55'",
    ),
    why="that release's forward hands over the features of one kind, and the method requires both",
    known="read in transformers 4.55.0, modeling_gemma3n.py",
    of_gemma=True,
)


def of_the_base(method: str) -> Answer:
    """Answer a line of the script that calls the Trainer's own method."""
    older = method == "_save_checkpoint"  # which lost an argument
    since = BROUGHT.get(method, "4.46")
    return Answer(
        f"{method} of the installed transformers takes fewer arguments than the script hands it",
        (
            "super()._save_checkpoint(model, trial)   in that line"
            if older
            else f"pip install -U 'transformers>={since}'",
            "or only what the installed one takes in the call of super(): "
            f"help(transformers.Trainer.{method})",
        ),
        why="a subclass hands on to the Trainer what another release of transformers takes",
        known="the message: the method that refuses is the Trainer's own",
        settles=False,
    )


# Methods by whose name alone transformers' Trainer is known.
_ONLY_THERE = {"compute_loss", "get_batch_samples", "_get_train_sampler", "_save_checkpoint"}


def is_of_no_trainer(case: Case, owner: str) -> bool:
    """Return whether a method of such a name is none of transformers' Trainer."""
    if re.search(r"[/\\](?:pytorch_)?lightning(?:_fabric)?[/\\]", case.frames):
        return True
    if "positional" not in case.match[0] or "Trainer" in owner:
        return False
    if case.places:
        return case.is_of_the_script
    return case.match["method"] not in _ONLY_THERE and "Trainer" not in case.near


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
        return _OWN_CHECKPOINTING
    if name == "compute_result":
        return _PER_BATCH
    return None
