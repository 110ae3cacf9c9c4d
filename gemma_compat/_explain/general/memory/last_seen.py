"""What ran when a process was killed, by the last line above that shows it."""

from __future__ import annotations

import re

from ..base import Case

_LESS = (
    "fewer dataloader_num_workers, or a streaming data set",
    "low_cpu_mem_usage=True where the weights are loaded",
)


COPIES = (
    "free -g   against the checkpoint's size times the processes: each may read a whole copy",
    "dtype=torch.bfloat16, low_cpu_mem_usage=True   (float32 takes twice as much)",
    "fewer processes on the machine, or ZeRO-3 / FSDP set up before the loading",
)
GATHERS = (
    "save_only_model=True, FSDP: SHARDED_STATE_DICT, ZeRO-3: "
    "stage3_gather_16bit_weights_on_model_save=false",
    "merging: dtype=torch.bfloat16, max_shard_size='2GB'",
)
# The last thing that the log names before the end: what ran then.
_RAN = (
    (
        r"(?:Loading checkpoint shards|Loading weights|Fetching \d+ files):?\s{1,9}"
        r"(?!100%)\d{1,2}%|"
        r"loading weights file|in from_pretrained",
        " while the weights were loaded",
        COPIES,
    ),
    (
        r"export_model|llamafactory-cli export|swift export|merge_lora|merge_and_unload|"
        r"Saving model checkpoint|Saving (?:the )?(?:merged|model)|Merging|Unsloth: Merging|"
        r"in (?:save_checkpoint|save_pretrained|_save_checkpoint)|Converting",
        " while a model was saved or merged",
        GATHERS,
    ),
    (
        r"(?:Map|Running tokenizer[^\n]{0,40}|Tokenizing[^\n]{0,40}|Filter|Generating \w+ split)"
        r"(?: \(num_proc=\d+\))?:?\s{1,9}(?!100%)\d{1,2}%",
        " while rows were prepared",
        ("num_proc=1 (preprocessing_num_workers), or a streaming data set",),
    ),
    (
        r"DataLoader worker",
        " (a worker of the data loader)",
        ("fewer dataloader_num_workers, or a streaming data set",),
    ),
)


def what_ran(case: Case) -> tuple[str, tuple[str, ...]]:
    """Return what ran when the process ended, by the last such line above; and what takes less."""
    above = f"{case.hit.before[-3000:]}\n{case.hit.text}"
    found = [
        (match.start(), when, do)
        for pattern, when, do in _RAN
        for match in re.finditer(pattern, above)
    ]
    return max(found)[1:] if found else ("", _LESS)
