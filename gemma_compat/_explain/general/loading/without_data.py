"""Weights and buffers without data (the meta device): which part, and who needed it."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

_LIST = (
    "print([n for n, p in [*model.named_parameters(), *model.named_buffers()] if p.is_meta][:5])"
)
_MISSING = (
    "the lines at loading: 'newly initialized' or MISSING means that the files lack those names"
)
_BUFFER = Answer(
    "a buffer of the model (not a weight) has no data: it is still on the meta device",
    (
        f"{_LIST}   : which one?",
        "the transformers that the model's code was written for: transformers_version in its "
        "config.json",
        "low_cpu_mem_usage=False, no device_map   (transformers 4): it is then made with data",
    ),
    why="weights are filled from the files, and a buffer that the model's code computes as it is "
    "made is not among them; a model that is made on meta needs code that fills it",
    known="the frames move a buffer; which one, they do not say",
    settles=False,
)
_MOVED = Answer(
    "a model of which parts have no data (the meta device) was moved as a whole",
    (
        f"{_LIST}   before the Trainer is made",
        'device_map={"": 0}   or none at loading: nothing is offloaded then',
        _MISSING,
    ),
    why="what did not fit was offloaded to CPU or disk and stands on meta between calls, or its "
    "names are not in the files",
    known="the frames are those of the move; why the parts have no data, the loading says",
    settles=False,
)
_SAVED = Answer(
    "a model of which parts have no data (the meta device) was to be saved or merged",
    (
        'load it anew without offloading: device_map="cpu" for a merge',
        f"{_LIST}   : which parts?",
        "under ZeRO-3 and FSDP: trainer.save_model(OUT) on all ranks, not save_pretrained on one",
    ),
    why="offloaded layers stand on meta outside of their forward pass",
    known="the frames are those of saving; why the parts have no data, the loading says",
    settles=False,
)
_DISPATCHED = Answer(
    "a weight was to be put on its device, and has no data to put there (the meta device)",
    (
        _MISSING,
        "pip install -U accelerate transformers peft",
        'device_map={"": 0}   or "cpu": it settles whether offloading is behind it',
    ),
    why="its name is not in the files, it is tied to one that was moved already, or it was "
    "offloaded to a folder that was not given (offload_folder)",
    known="the frames are accelerate's, which place the weights; which of these it is, they do not "
    "say",
    settles=False,
)
_UNKNOWN = Answer(
    "a part of the model has no data (the meta device) where it is needed",
    (
        f"{_LIST}   : which parts?",
        'device_map={"": 0}   or none at loading: nothing is offloaded then',
        _MISSING,
    ),
    why="a part was offloaded for want of memory, its names are not in the files, or the model's "
    "code makes it without data",
    known="the message; which of these it is, the lines at loading say",
    settles=False,
)
_BY_FRAMES = (
    (r"_buffers\[key\] = fn\(buf\)", _BUFFER),
    (
        r"\bin (?:save_pretrained|save_model|merge\w*|_save_checkpoint|unload)\b|merge_and_unload",
        _SAVED,
    ),
    (
        r"\bin (?:set_module_tensor_to_device|dispatch_model|attach_\w*hook\w*|init_hook)\b",
        _DISPATCHED,
    ),
    (r"\bin (?:_move_model_to_device|prepare_model|convert)\b|\.to\(", _MOVED),
)


def _copied(case: Case) -> Answer:
    """Answer by the frames that copied what has no data."""
    found = next((answer for text, answer in _BY_FRAMES if re.search(text, case.frames)), _UNKNOWN)
    repository = "transformers_modules" in case.frames
    if found is _BUFFER and repository:
        return found.replace(why=f"{found.why}; the code is that of the model's repository")
    return found


def _trained(case: Case) -> Answer:
    return Answer(
        "a part of the model is on the meta device (without data) while it is used or trained",
        (
            'no device_map="auto" in training: device_map={"": int(os.environ.get("LOCAL_RANK", '
            "0))} or none",
            f"{_LIST}   : offloaded, or missing in the files?",
        ),
        why="what did not fit was offloaded to CPU or disk, whose weights stand on meta "
        "between calls; an offloaded layer cannot be trained",
        known="torch names the device",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "meta-tensors",
        r"Cannot copy out of meta tensor",
        _copied,
        {
            "NotImplementedError: Cannot copy out of meta tensor; no data! Please use": "is_meta",
            'Traceback (most recent call last):\n  File "/x/site-packages/torch/nn/modules/'
            'module.py", line 854, in _apply\n    self._buffers[key] = fn(buf)\n'
            "NotImplementedError: Cannot copy out of meta tensor; no data!": "a buffer",
            'Traceback (most recent call last):\n  File "/x/site-packages/transformers/'
            'trainer.py", line 498, in __init__\n    self._move_model_to_device(model, '
            'args.device)\n  File "/x/site-packages/transformers/trainer.py", line 740, in '
            "_move_model_to_device\n    model = model.to(device)\n"
            "NotImplementedError: Cannot copy out of meta tensor; no data!": "as a whole",
            'Traceback (most recent call last):\n  File "/x/site-packages/peft/tuners/lora/'
            'model.py", line 900, in merge_and_unload\n    return self._unload()\n'
            "NotImplementedError: Cannot copy out of meta tensor; no data!": "saved or merged",
        },
    ),
    General(
        "weight-on-meta",
        r"expected device meta but got|is not on the expected device meta",
        _trained,
        {
            "RuntimeError: Function ToCopyBackward0 returned an invalid gradient at index 0 - "
            "expected device meta but got cuda:0": "is_meta"
        },
        alone=True,
    ),
)
