"""Rows begin without <bos>, which no Gemma was trained without.

## What breaks
Nothing is raised: the loss starts far too high, and generation rambles. The published Gemma 3 270M
gives the same words of one English paragraph a perplexity of 56 with <bos> and of 774 without. Two
<bos> do next to no harm (59) and come about the other way round: text that a chat template
rendered, and so begins with <bos>, is tokenized by a tokenizer that puts another in front.

## Why
Gemma's tokenizer adds <bos> and its chat template writes it. `apply_chat_template` with
`tokenize=True` therefore adds none. A template that was replaced by one without
`bos_token`, with a tokenizer that was saved with `add_bos_token=false`, leaves it out altogether.
Which of the two holds for a row that is in the dataset already, no file says.

## Cure
Begin the template with `{{ bos_token }}`, or set `tokenizer.add_bos_token = True`. Look at
`tokenizer.decode(batch["input_ids"][0])`: it should begin with one <bos>. For rendered text pass
`add_special_tokens=False`.
"""

from __future__ import annotations

from ...conditions.tokenizer import adds_no_bos, template_writes_no_bos
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

_TYPES = frozenset(
    {
        "gemma",
        "gemma2",
        "gemma3",
        "gemma3_text",
        "gemma3n",
        "gemma3n_text",
        "gemma4",
        "gemma4_text",
    }
)


RULE = Rule(
    code="GC805",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.REPORTED,
    effects=("missing-bos",),
    scopes=(Scope(_TYPES, {}),),
    when=(adds_no_bos, template_writes_no_bos),
    fix=Fix(
        setting=("tokenizer.add_bos_token = True, or {{ bos_token }} at the start of the template")
    ),
    reports=("huggingface/trl#1709",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"neither the tokenizer nor the chat template of this {facts.model.model_type} puts "
            "<bos> in front of a row"
        ),
    )
