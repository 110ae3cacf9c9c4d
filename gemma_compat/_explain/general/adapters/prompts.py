"""PEFT's prompt methods: trained tokens in front of the text."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import General, always

_SAID_OF_IT = re.compile(
    r"(?i)\b(?:no|not|without|avoid\w*|instead of|never|fixed|n't)\b[^\n]{0,40}<bos>\s?<bos>"
)
_TWICE = Answer(
    "the text begins with <bos> twice",
    (
        "tokenizer(text, add_special_tokens=False)   for a text from apply_chat_template",
        "or apply_chat_template(messages, tokenize=True)   in one step",
    ),
    why="the chat template writes <bos>, and the tokenizer adds one; a model that was trained with "
    "one is worse with two, and the other way round",
    known="the text shows it; what else is wrong in the run, it does not say",
    settles=False,
    of_gemma=True,
)


KINDS: tuple[General, ...] = (
    General(
        "two-masks-for-a-prompt",
        r"Expected a single attention mask, got (?P<count>\d+) instead",
        lambda case: Answer(
            "PEFT's prompt methods take one attention mask, and generate hands over "
            f"{case.match['count']}: one for each kind of layer",
            (
                'model.generate(..., cache_implementation="dynamic")',
                "or pip install -U 'transformers>=4.57', where Gemma 2 and 3 no longer ask for a "
                "static cache; use_cache=False",
            ),
            why="a static or hybrid cache makes the masks of sliding and of full attention "
            "beforehand, as a dict",
            known="run on a tiny Gemma 2 with prompt tuning, peft 0.21.2 and transformers 4.57.6 "
            "and 5.23.0: a static cache fails so, a dynamic one works",
        ),
        {
            "ValueError: Expected a single attention mask, got 2 instead, please open an issue": (
                'cache_implementation="dynamic"'
            )
        },
        alone=True,
    ),
    General(
        "prompt-methods-and-checkpointing",
        r"(?:Prefix tuning|[Pp]rompt[- ]\w{1,12}) does not (?:work with|support) (?:gradient|"
        r"activation) checkpointing",
        always(
            "prefix tuning keeps its tokens in the cache, and checkpointing switches the cache off",
            "gradient_checkpointing=False",
            "or LoRA",
        ),
        {"ValueError: Prefix tuning does not work with gradient checkpointing.": "LoRA"},
    ),
    General(
        "two-marks-of-the-beginning",
        r"<bos>\s?<bos>",
        lambda case: None if _SAID_OF_IT.search(case.hit.text) else _TWICE,
        {
            "prompt: '<bos><bos><start_of_turn>user'": "add_special_tokens=False",
            "I made sure that there is no <bos><bos> in the prompt": "",
        },
        alone=True,
    ),
)
