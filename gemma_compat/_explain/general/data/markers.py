"""Markers at which an answer begins."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case, General


def _marker(case: Case) -> Answer:
    """Answer a marker that the tokens of a row lack, with the log's own where it is a Gemma."""
    is_gemma = re.search(r"(?i)gemma", f"{case.model} {case.near}") and not case.log.is_other
    as_ids = (
        "response_template = tokenizer.encode('<start_of_turn>model\\n', add_special_tokens=False)"
        "   as ids, for Gemma 1 to 3"
        if is_gemma
        else "response_template = tokenizer.encode('\\n' + MARKER, add_special_tokens=False)[2:]"
        "   : the ids as they are within a text (Llama's and Mistral's tokenizers)"
    )
    return Answer(
        "the marker at which the answer begins is not among the tokens of a row",
        (
            "print(tokenizer.decode(row['input_ids']))   of that row: is the marker in it, letter "
            "for letter?",
            f"it is: {as_ids}",
            "it is cut off: a longer max_length (max_seq_length), or shorter rows",
            "or rows of prompt and completion with completion_only_loss=True, in a newer TRL",
        ),
        why="the text of a marker becomes other tokens within a row than alone, rows that are "
        "cut lose it, and a template of another family does not write it",
        known="TRL's collator says so; which of these it is, it does not say",
        settles=False,
    )


KINDS: tuple[General, ...] = (
    General(
        "answer-marker-not-in-the-row",
        r"Could not find (?:response|instruction) key [`\['\"]",
        _marker,
        {
            "UserWarning: Could not find response key `### Answer:` in the following instance: "
            "<bos>": "completion_only_loss",
            "RuntimeError: Could not find response key [1, 32002] in token IDs tensor([1, 2])": (
                "response_template"
            ),
            "unsloth/gemma-3-4b-it\nRuntimeError: Could not find response key [1] in token IDs": (
                "<start_of_turn>model"
            ),
        },
        alone=True,
    ),
)
