"""Unsloth that fails while it rewrites other packages, whatever the error is: asked last."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General

# A sentence of Unsloth's, and the words of one that speaks of the code it rewrites.
_REFUSAL = re.compile(r"(?:\*{2,3} )?(?i:unsloth)[ :_]")
_OF_PATCHING = re.compile(
    r"(?i)patch|source|import|module|function|signature|compil|return line|inject|rewrit|changed"
)


def _patching(case: Case) -> Answer | None:
    if not case.says(r"unsloth"):
        return None
    if case.error and "pin_memory=True requires" in case.error.message:
        return None  # a machine without a card, and no release
    if case.error and _REFUSAL.match(case.error.message) and not _OF_PATCHING.search(case.message):
        return None  # a setting that Unsloth itself refuses, in code that it adds to a trainer
    return Answer(
        "Unsloth fails while it rewrites the code of another package (transformers, TRL, PEFT, "
        "vLLM): the two are not of the same time",
        (
            "pip install -U unsloth unsloth_zoo   and delete unsloth_compiled_cache",
            "or the releases that this Unsloth allows: pip show unsloth names them, and python -m "
            "gemma_compat advise finds a set",
        ),
        why="it takes functions apart by their text; a release that came after it has another text",
        known="the frames are those of Unsloth's patching; which package is too new, they do not "
        "say",
        certain=False,
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "unsloth-fails-at-patching",
        r"\bin (?:_?patch_(?:functions|trl_\w{2,30}|model_and_tokenizer|compiled_autograd|"
        r"tokenizer|gradient_accumulation_fix|vllm\w{0,40}|peft\w{0,40}|unsloth\w{0,40})|"
        r"PatchFastRL|"
        r"create_new_function|unsloth_compile_transformers|create_standalone_class)\b|"
        r"unsloth[/\\]models[/\\]rl(?:_replacements)?\.py",
        _patching,
        {
            'Traceback (most recent call last):\n  File "/x/site-packages/unsloth/models/rl.py", '
            "line 8, in patch_functions\n    a = b[-2]\nIndexError: list index out of range": (
                "another text"
            ),
            'Traceback (most recent call last):\n  File "/x/site-packages/unsloth/models/rl.py", '
            "line 8, in __init__\n    raise ValueError(\nValueError: Unsloth: GRPO with use_vllm = "
            "True but fast_inference = False cannot sync a quantized model into TRL's own "
            "engine.": "",
            'Traceback (most recent call last):\n  File "/x/mine.py", line 3, in patch_functions\n'
            "    last = lines[-2]\nIndexError: list index out of range": "",
        },
    ),
)
