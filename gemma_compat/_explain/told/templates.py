"""Symptoms told of chat templates and of the marks that they write."""

from __future__ import annotations

import re

from ..answer import Answer
from ..general.base import Case
from .base import Symptom, told

_marks = told(
    "a chat template is said to write marks where they do not belong",
    "print(tokenizer.apply_chat_template(messages, tokenize=False))   and the tokens of a row of "
    "the training: print(tokenizer.decode(row['input_ids']))",
    "the template of the checkpoint: AutoTokenizer.from_pretrained('google/...-it').chat_template, "
    "in place of the framework's",
    "eos_token: <end_of_turn>   in the framework's config, where it adds eos after turns",
    why="Gemma's own template writes <bos> once and <end_of_turn> after each turn, and no <eos>; "
    "frameworks that build the text themselves add their tokenizer's eos",
    of_gemma=True,
)


def _marks_left(case: Case) -> Answer | None:
    """Leave out the setting that the text says is set already."""
    answer = _marks(case)
    if answer and re.search(r"eos_token\W{1,3}<end_of_turn>", case.near):
        return answer.replace(do=answer.do[:2])
    return answer


TEMPLATES: tuple[Symptom, ...] = (
    Symptom(
        "marks-that-a-template-writes",
        r"template[^\n.]{0,40}(?:inserts?|adds?|appends?|puts?|writes?|prepends?) [^\n.]{0,30}"
        r"(?:eos|bos|end_of_turn|special token|newline)|(?:eos|bos)(?:_token)?s? (?:gets?|is|are|"
        r"being) (?:inserted|added|appended|prepended) (?:between|after|before|to|at)",
        _marks_left,
        {
            "# Gemma 2 chat template inserts eos_token after every chat turn": "end_of_turn",
            "# The template inserts eos_token after every turn\n\nI set eos_token: <end_of_turn>": (
                "in place of the framework's marks-that"
            ),
            "the template has an error": "",
        },
        words=("eos", "bos", "end_of_turn", "special token", "newline"),
        effects=("wrong-turn-end",),
    ),
    Symptom(
        "two-bos-are-told",
        r"(?<!ignoring the )(?<!ignore the )(?<!apart from the )(?<!except for the )"
        r"(?<!besides the )(?<!without the )(?<!leaving out the )"
        r"\b(?:double|two|duplicate[d]?|extra|second|multiple|twice) <?bos>?(?: token)?s?\b|"
        r"<bos>\s?<bos>|"
        r"<?bos>?(?: tokens?)? (?:is |are |gets? |being )?(?:added |inserted |prepended |appears )?"
        r"(?:twice|two times|doubled|duplicated)",
        told(
            "the text begins with <bos> twice",
            "tokenizer(text, add_special_tokens=False)   for a text from apply_chat_template",
            "or apply_chat_template(messages, tokenize=True)   in one step",
            why="the chat template writes <bos>, and the tokenizer adds one; a model that was "
            "trained with one is worse with two, and the other way round",
            of_gemma=True,
        ),
        {
            "Gemma 3 model generates double <bos> token": "add_special_tokens=False",
            "Ignoring the extra BOS token, the ids are the same": "",
            "apart from the second <bos> the prompts agree": "",
        },
        words=("bos",),
        effects=("wrong-loss", "missing-bos"),
    ),
)
