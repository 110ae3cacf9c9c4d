"""Answers where something cannot be pickled: by what is done with it."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

_COPIED = re.compile(r"in _?deepcopy\b|copy\.deepcopy\(")
_SAVED = re.compile(
    r"torch[/\\]serialization\.py|torch\.save\(|pickle\.dump\(|joblib[/\\]|in _save_checkpoint\b"
)
_SPREAD = re.compile(
    r"multiprocess(?:ing)?[/\\]|dataloader\.py|num_proc|in _map_|popen_spawn|concurrent[/\\]futures"
)


_IS_COPIED = Answer(
    "copy.deepcopy meets something that cannot be copied",
    (
        "a second model by from_pretrained, in place of a deepcopy of the first",
        "take locks, open files, loggers, clients (wandb) and generators out of what is "
        "copied: a config or an object that holds them",
    ),
    why="a deepcopy goes through the same steps as pickling",
    known="the frames are those of copy.deepcopy; the message names the object",
    settles=False,
)


_IS_SAVED = Answer(
    "something that is to be saved to a file cannot be pickled",
    (
        "torch.save(model.state_dict(), PATH), or model.save_pretrained(FOLDER), in place "
        "of the whole object",
        "functions and hooks at the top of a module, not within a function; no lambda, "
        "module or open file in the arguments and the model",
    ),
    why="torch.save pickles what it is given. The Trainer saves the model, its arguments "
    "(training_args.bin) and the optimizer: a function or a hook that was put on one of "
    "them has no place to be imported from",
    known="the frames are of saving; the message names the object",
    settles=False,
)


def cannot_pickle(case: Case) -> Answer:
    """Answer by the frames: copied, saved, or handed to another process."""
    last = "\n".join(case.frames.splitlines()[-14:])
    if _COPIED.search(last) and not _SPREAD.search(last):
        return _IS_COPIED
    if _SAVED.search(last) and not _SPREAD.search(last):
        return _IS_SAVED
    return Answer(
        "something that another process should get (or a file should hold) cannot be pickled",
        (
            "num_proc=None (dataset_num_proc=1) in map, dataloader_num_workers=0",
            "or take the model, the trainer and open files out of what the mapped function uses",
        ),
        why="functions of a notebook, models and configs that a package has rebuilt have no "
        "place to be imported from",
        known="the message names the object",
        settles=False,
    )
