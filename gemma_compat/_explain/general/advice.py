"""An error that no kind knows and that says itself what to do: the last of all answers."""

from __future__ import annotations

import re

from ..answer import Answer
from .base import Case, General

# Advice that sends a person elsewhere, and is nothing to do.
_ELSEWHERE = re.compile(
    r"(?i)report|issue|see |refer|check the (?:log|trace|output)|contact|for more|stack ?trace|"
    r"documentation|inner exception|above|below|TORCH_USE_CUDA_DSA|CUDA_LAUNCH_BLOCKING|"
    r"feature request|file a|let us know|NCCL_DEBUG"
)


def _advice(case: Case) -> Answer | None:
    if case.error is None or case.error.is_of_a_launcher:
        return None
    text = re.sub(r"\s+", " ", case.match["advice"]).strip(" .")
    if _ELSEWHERE.search(text) or len(text.split()) < 3:
        return None
    raiser = case.packages[-1] if case.packages else ""
    return Answer(
        f"{raiser} stopped, and says itself what it wants"
        if raiser
        else "what stopped says itself what it wants",
        (text,),
        known="the advice is the message's own, word for word; nothing more is known of it here",
        settles=False,
    )


ADVICE: tuple[General, ...] = (
    General(
        "message-says-what-to-do",
        r"(?:^|[.,;:!?)`'\"] )(?P<advice>(?:[Pp]lease|[Yy]ou (?:should|must|need to|have to)|"
        r"(?:Try|Consider|Ensure|Make sure|Set|Use|Either|To fix)) [^\n]{8,300}?)(?:\.(?: |$)|!|$)",
        _advice,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/llamafactory/train/'
            'tuner.py", line 9, in export_model\n    raise ValueError(\nValueError: Please specify '
            "`export_dir` to save model.": "specify `export_dir`",
            "NotImplementedError: FSDP1 is not supported. Please use FSDP2 (fsdp_version=2) "
            "instead.": "use FSDP2 (fsdp_version=2)",
            "RuntimeError: Something broke. Please report this issue.": "",
            "Please consider this text of no error": "",
        },
    ),
)
