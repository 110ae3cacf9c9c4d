"""Symptoms told of memory that is taken whole, where nothing runs out of it."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told

_cached = told(
    "the card is said to be full whatever is set, and no run is said to have ended by it",
    "torch.cuda.max_memory_allocated() / 2**30   beside nvidia-smi: the first is needed, the "
    "second "
    "is what torch keeps",
    "a longer row, or a batch that is twice as large, for ten steps: does it run? Then there was "
    "room",
    "torch.cuda.set_per_process_memory_fraction(0.8), or PYTORCH_CUDA_ALLOC_CONF="
    "expandable_segments:True,garbage_collection_threshold:0.8   to keep less",
    why="torch keeps what it has freed for the next tensor, so that nvidia-smi shows the most it "
    "ever took; rows of many lengths, and images of many sizes, fill the card so. vLLM takes its "
    "share of the card at its start",
)
_RAN_OUT = re.compile(
    r"(?i)OutOfMemory|(?:got|get|gets|hit|hits|ran|runs|raise\w*|fail\w*|"
    r"crash\w*)[^\n.]{0,20}(?:OOM|out of memory)|"
    r"Tried to allocate|已经?(?:OOM|爆)|报(?:错|了)?[^\n]{0,6}OOM|显存(?:不足|不够|溢出)|爆了"
)


def _full(case: Case) -> Answer | None:
    """Answer unless memory did run out, which another symptom answers."""
    return None if _RAN_OUT.search(case.hit.before) else _cached(case)


TAKEN: tuple[Symptom, ...] = (
    Symptom(
        "memory-that-is-full-and-suffices",
        r"显存[^\n。]{0,8}(?:都|总|一直|始终)?(?:占|打|吃)?得?(?:很|几乎|快)?满|"
        r"\b(?:gpu |v|video )?(?:memory|ram)(?: usage)? (?:is|stays?|remains?|gets?) (?:\w+ "
        r"){0,2}?(?:always|almost|"
        r"nearly|completely|constantly) (?:at )?(?:full|maxed|100 ?%)|"
        r"\b(?:uses?|takes?|occup\w+|fills?|consum\w+) (?:up )?(?:almost |nearly )?(?:all|the "
        r"whole|the entire) "
        r"(?:of )?(?:the |my )?(?:available )?(?:gpu |video )?(?:memory|"
        r"vram)\b[^\n.]{0,40}(?:whatever|no matter|"
        r"regardless|even (?:with|if|when|for)|always)|"
        r"(?:whatever|no matter|regardless|even (?:with|if|when))[^\n.]{0,60}(?:memory|"
        r"vram)[^\n.]{0,20}\bfull\b",
        _full,
        {
            "我发现微调时无论怎么设置参数，显存都占得很满": "max_memory_allocated",
            "No matter which batch size I train with, the GPU memory is full": (
                "max_memory_allocated"
            ),
            "it uses all of the GPU memory even with batch size 1": "max_memory_allocated",
            "显存占满，训练报错OOM": "",
            "it uses all of the GPU memory even with batch size 1, and then I get OOM": "",
        },
        words=("memory", "vram", "显存"),
    ),
)
