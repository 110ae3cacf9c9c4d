"""Too little memory while an adapter is merged or saved: what trains does not matter there."""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case

_SAVES = re.compile(
    r"_merge_lora|merge_and_overwrite_lora|merge_and_unload|save_pretrained_(?:merged|gguf)|"
    r"push_to_hub_(?:merged|gguf)|unsloth_save_model"
)


def out_of_memory_at_saving(case: Case) -> Answer | None:
    """Answer an error of memory whose frames merge or save; ``None`` for any other."""
    if not _SAVES.search(case.around):
        return None
    return answer_of_merge("nsloth" in case.around)


def answer_of_merge(is_unsloth: bool) -> Answer:
    """Answer with how to merge where the run's card is full."""
    return Answer(
        "the card has no room for the merge: the trained model and a 16-bit copy of its layers "
        "have to fit beside what training left there",
        (
            "restart the kernel, load the adapter's folder alone, and merge then",
            "maximum_memory_usage=0.5 in save_pretrained_merged and save_pretrained_gguf"
            if is_unsloth
            else "device_map='cpu' for base and adapter: a merge needs no GPU",
            "or PEFT on the CPU: PeftModel.from_pretrained(BASE_IN_16_BITS, 'ADAPTER')"
            ".merge_and_unload()",
        ),
        why="optimizer states, gradients and cached blocks of the run still hold the card",
        known="the frames are those of merging and saving; how much each part holds is not in the "
        "log",
        settles=False,
    )
