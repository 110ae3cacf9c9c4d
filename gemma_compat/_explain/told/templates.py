"""Symptoms told of chat templates and of the marks that they write."""

from __future__ import annotations

from .base import Symptom, told

TEMPLATES: tuple[Symptom, ...] = (
    Symptom(
        "marks-that-a-template-writes",
        r"template[^\n.]{0,40}(?:inserts?|adds?|appends?|puts?|writes?|prepends?) [^\n.]{0,30}"
        r"(?:eos|bos|end_of_turn|special token|newline)|(?:eos|bos)(?:_token)?s? (?:gets?|is|are|"
        r"being) (?:inserted|added|appended|prepended) (?:between|after|before|to|at)",
        told(
            "a chat template is said to write marks where they do not belong",
            "print(tokenizer.apply_chat_template(messages, tokenize=False))   and the tokens of a "
            "row of the training: print(tokenizer.decode(row['input_ids']))",
            "the template of the checkpoint: AutoTokenizer.from_pretrained('google/...-it')"
            ".chat_template, in place of the framework's",
            "eos_token: <end_of_turn>   in the framework's config, where it adds eos after turns",
            why="Gemma's own template writes <bos> once and <end_of_turn> after each turn, and no "
            "<eos>; frameworks that build the text themselves add their tokenizer's eos",
            of_gemma=True,
        ),
        {
            "# Gemma 2 chat template inserts eos_token after every chat turn": "end_of_turn",
            "the template has an error": "",
        },
        words=("eos", "bos", "end_of_turn", "special token", "newline"),
        effects=("wrong-turn-end",),
    ),
)
