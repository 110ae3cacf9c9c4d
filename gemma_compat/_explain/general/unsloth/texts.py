"""Texts of a run under Unsloth: a column without a name, a template that it does not know."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General, always
from .releases import not_linked


def _empty_name(case: Case) -> Answer | None:
    """Answer an empty key where a trainer of TRL reads the rows; elsewhere it may be any dict."""
    if case.is_of_the_script or not re.search(
        r"SFT|\btrl\b|nsloth|_prepare_dataset|text_field", f"{case.near}{case.around}"
    ):
        return None
    return Answer(
        "the column of the text has an empty name: dataset_text_field is ''",
        (
            "SFTConfig(dataset_text_field='', remove_unused_columns=False, "
            "dataset_kwargs={'skip_prepare_dataset': True})   for rows with images: all three",
            "UnslothVisionDataCollator(model, processor)   as data_collator",
            "dataset_text_field='text'   for rows of text",
        ),
        why="with images the collator reads the rows, and the trainer must be told not to look "
        "for a text; a TrainingArguments in place of SFTConfig loses that",
        known="the message; that it is this argument is likely, and the frame of "
        "_prepare_dataset decides",
        certain=False,
        settles=False,
    )


_no_such_template = always(
    "get_chat_template is given a name that Unsloth has no template for",
    "from unsloth.chat_templates import CHAT_TEMPLATES; print(list(CHAT_TEMPLATES))",
    "get_chat_template(tokenizer, chat_template='gemma-3')   (Gemma 1 and 2: 'gemma', "
    "'gemma2'; Gemma 4: 'gemma-4')",
    "or the tokenizer's own template: leave get_chat_template out",
    why="the names are Unsloth's, not those of the checkpoints",
    known="the frame is that of unsloth/chat_templates.py",
)


KINDS: tuple[General, ...] = (
    General(
        "cuda-not-linked",
        r"ImportError: CUDA is not linked properly",
        not_linked,
        {"ImportError: CUDA is not linked properly.\nWe tried": "python -m bitsandbytes"},
    ),
    General(
        "template-name-unknown-to-unsloth",
        r"CHAT_TEMPLATES\[(?:chat_template|[\"'])",
        lambda case: (
            _no_such_template(case)
            if "KeyError" in f"{case.around}{case.hit.after[:3000]}"
            else None  # code that adds a template or names one
        ),
        {
            "ollama_modelfile = CHAT_TEMPLATES[chat_template]\nKeyError: 'gemma-2b-it'": (
                "list(CHAT_TEMPLATES)"
            ),
            'CHAT_TEMPLATES["my"] = (template, "eos_token", True, None)': "",
        },
        alone=True,
    ),
    General(
        "text-column-without-a-name",
        r"KeyError: ''",
        _empty_name,
        {
            "# KeyError: '' During SFTTrainer Creation When Fine Tuning": "skip_prepare_dataset",
            "KeyError: 'text'": "",
            "KeyError: ''": "",
            "from trl import SFTTrainer\nTraceback (most recent call last):\n  File "
            '"/home/me/t.py", line 3, in f\n    d[""]\nKeyError: \'\'': "",
            "press ctrl-C to stop\nKeyError: ''": "",
        },
    ),
    General(
        "responses-without-their-marks",
        r"substring = \[int\(x\) for x in substring\]|_longest_common_substring",
        always(
            "train_on_responses_only could not find by itself where a turn begins in this template",
            "train_on_responses_only(trainer, instruction_part='<start_of_turn>user\\n', "
            "response_part='<start_of_turn>model\\n')   (the marks of this template; Gemma 4 has "
            "<|turn>user and <|turn>model)",
            why="it compares what the template prints for several conversations and found nothing "
            "in common",
            known="the frame is that of Unsloth's search for the marks",
        ),
        {
            "-> 1716     substring = [int(x) for x in substring]\nValueError: invalid literal for "
            "int() with base 10: ''": "instruction_part"
        },
    ),
)
