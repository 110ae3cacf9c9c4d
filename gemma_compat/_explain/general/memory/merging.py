"""Too little memory while an adapter is merged or saved: what trains does not matter there."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case

_SAVES = re.compile(
    r"_merge_lora|merge_and_overwrite_lora|merge_and_unload|save_pretrained_(?:merged|gguf)|"
    r"push_to_hub_(?:merged|gguf)|unsloth_save_model"
)


def out_of_memory_at_saving(case: Case) -> Answer | None:
    """Answer an error of memory whose frames merge or save; ``None`` for any other."""
    if not _SAVES.search(case.frames or _in_one_row(case.around)):
        return None
    return answer_of_merge("nsloth" in case.around)


def _in_one_row(text: str) -> str:
    """Return the rows that hold a traceback whose line breaks are lost; not what prose says."""
    return "\n".join(row for row in text.splitlines() if re.search(r'File "[^"]+", line \d', row))


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


MERGE_TOLD = Answer(
    "memory is said to run out where an adapter is merged: the base's weights in 16 bits have to "
    "fit, and so has a copy of what is being written",
    (
        "a machine with twice the memory of the 16-bit weights (2 bytes a parameter: 54 GB for "
        "27B); free -h and nvidia-smi while it runs tell whether it is the machine's or the card's",
        "the card's: restart the kernel, load the adapter's folder alone, and merge then; or on "
        "the CPU: device_map='cpu' for base and adapter",
        "the machine's: dtype=torch.bfloat16, low_cpu_mem_usage=True, max_shard_size='2GB'; "
        "maximum_memory_usage=0.5 in Unsloth's save_pretrained_merged",
        "or save the adapter alone (save_pretrained), and merge it elsewhere or serve it as it is",
    ),
    why="float32, the default of older loaders, doubles it; a notebook's free tier has 12 to 30 "
    "GB, and what training left holds the card",
    known="a sentence says so; no cause is known from that",
    certain=False,
    settles=False,
)


def _is_packed(numbers: list[str]) -> bool:
    """Return whether one size is that of a square or wide matrix in 4 bits: half its numbers."""
    if len(numbers) != 2 or not all(text.isdigit() for text in numbers):
        return False
    large, small = (int(text) for text in numbers)
    return small >= 256 and large >= small * 64 and large * 2 % small == 0


_PACKED = Answer(
    "an adapter is merged into a weight that is packed in 4 bits: its size is half the number of "
    "its values, in one column",
    (
        "load the base in 16 bits for the merge: no load_in_4bit, no -bnb-4bit repository; then "
        "PeftModel.from_pretrained(BASE, 'ADAPTER').merge_and_unload()",
        "Unsloth: model.save_pretrained_merged(FOLDER, tokenizer, save_method='merged_16bit')",
    ),
    why="bitsandbytes keeps a matrix as bytes with two values each; what adds to .weight itself "
    "meets the bytes",
    known="by arithmetic: the larger size is half of a multiple of the smaller one, and the log "
    "says that an adapter is merged",
    certain=False,
    settles=False,
)


def merged_sizes(told: str, numbers: list[str]) -> Answer:
    """Answer where the sizes of an adapter and of a weight do not fit."""
    if _is_packed(numbers):
        return _PACKED
    return Answer(
        f"an adapter's matrices and the weight that they change have sizes that do not fit{told}",
        (
            "use the base that the adapter was trained on, by the same name and class: "
            "base_model_name_or_path in adapter_config.json",
            "update the program that merges, if they are the same",
        ),
        why="an adapter of another base or layout (quantized, fused, with added tokens), or a "
        "merge that takes a layer for another",
        known="the message has the sizes, and the log says that an adapter is merged; which "
        "of these it is, it does not say",
        settles=False,
    )
