"""The tokenizer can produce ids for which the embeddings have no row.

## What breaks
A text that contains such a token ends with `IndexError: index out of range in self`, on a GPU with
`device-side assert triggered`, which kills the process; any other text is fine.

## Why
Tokens were added to the tokenizer and the model was not resized, or the two come from different
checkpoints. Gemma 3 1B is published that way: its tokenizer knows `<image_soft_token>` as 262,144,
and its embeddings end at 262,143. Only a dataset that spells this token out is hit there.

## Cure
`model.resize_token_embeddings(len(tokenizer))`, or keep such tokens out of the data (for Gemma 3
1B that is right: it was never trained on images).
"""

from __future__ import annotations

from ...conditions.model import is_live
from ...engine.condition import NO, choose, condition, first_known
from ...engine.rule import Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES


@condition("the tokenizer's largest id is not below the number of rows of the embeddings")
def id_is_beyond_rows(facts: Facts) -> bool:
    return facts.tokenizer.largest_id >= facts.model.embedding_rows


@condition("the tokenizer's largest id is not below vocab_size")
def id_is_beyond_vocabulary(facts: Facts) -> bool:
    return facts.tokenizer.largest_id >= facts.model.vocab_size


id_has_no_row = choose(
    first_known(is_live, NO),
    then=id_is_beyond_rows,
    otherwise=id_is_beyond_vocabulary,
    phrase=id_is_beyond_rows.phrase,
)


RULE = Rule(
    code="GC612",
    since="0.1.0",
    severity=Severity.WARNING,
    effects=("crash-in-training",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}, by_config=True),),
    when=(id_has_no_row,),
    symptoms=(r"IndexError: index out of range in self", r"device-side assert triggered"),
    reports=("huggingface/transformers#37011",),
)


def _rows(facts: Facts) -> int:
    live = is_live.is_known_to_hold(facts)
    return facts.model.embedding_rows if live else facts.model.vocab_size


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"the tokenizer can produce id {facts.tokenizer.largest_id}, and the embeddings of "
            f"this {facts.model.model_type} have {_rows(facts)} rows: a text with it crashes"
        ),
        help=(
            "model.resize_token_embeddings(len(tokenizer)), or keep the tokens from "
            f"{_rows(facts)} up out of the data"
        ),
    )
