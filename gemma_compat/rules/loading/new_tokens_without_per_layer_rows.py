"""New tokens have no row in Gemma 3n's and Gemma 4's embeddings per layer.

## What breaks
After `resize_token_embeddings` the first batch with a new token ends with `IndexError: index out of
range in self`, on a GPU with `device-side assert triggered`.

## Why
These models have a second table, `embed_tokens_per_layer`, which releases before 5.6.0 do not
resize. A multimodal Gemma 3n fails elsewhere, and on 5.23.0 still: it takes every id from 262,272
up for an audio token, and looks it up in a table of 128 rows.

## Cure
Upgrade to transformers 5.6.0, or use reserved tokens (`<unused0>` and on) for what would be new
ones. For a multimodal Gemma 3n only the reserved tokens help. Nothing is patched: the resized table
has to be saved together with its config, which older releases would then not load.
"""

from __future__ import annotations

from ...conditions.model import has_per_layer_table
from ...engine.condition import NO, any_of, condition, first_known
from ...engine.rule import Problem, Rule, Scope, Severity
from ...facts import Facts

# Rows that the embeddings have more by design: soft tokens, which are never looked up per layer.
_MORE_BY_DESIGN = {"gemma3n": 256, "gemma3n_text": 256}


@condition("the embeddings have more rows than the table of embeddings per layer")
def was_resized(facts: Facts) -> bool:
    more = _difference(facts.model.embedding_rows, facts.model.per_layer_embedding_rows)
    return more > _MORE_BY_DESIGN.get(facts.model.model_type, 0)


def _difference(rows: int, per_layer_rows: int | None) -> int:
    return rows - (per_layer_rows or 0)


@condition("the embeddings are resized for new tokens (resize_token_embeddings)")
def run_adds_tokens(facts: Facts) -> bool:
    return facts.training.adds_tokens


adds_tokens = any_of(first_known(was_resized, NO), run_adds_tokens, phrase=run_adds_tokens.phrase)


RULE = Rule(
    code="GC609",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("crash-in-training",),
    scopes=(
        Scope({"gemma3n_text"}, {"transformers": "<5.6.0"}),
        Scope({"gemma4", "gemma4_text"}, {"transformers": "<5.6.0"}),
        Scope({"gemma3n"}, {"transformers": ">=4.53.0"}),
    ),
    when=(has_per_layer_table, adds_tokens),
    symptoms=(r"IndexError: index out of range in self", r"device-side assert triggered"),
    reports=("huggingface/transformers#39921",),
)


def describe(facts: Facts) -> Problem:
    old = facts.model.model_type != "gemma3n"
    return Problem(
        message=(
            f"new tokens of this {facts.model.model_type} have no row in "
            f"{'embed_tokens_per_layer' if old else 'a table of audio tokens'} on transformers "
            f"{facts.version('transformers')}: the first batch with one of them crashes"
        ),
        help=(
            "pip install -U 'transformers>=5.6.0' and resize there, or use reserved tokens "
            "(<unused0> and on)"
            if old
            else "use reserved tokens (<unused0> and on): no release resizes what they need"
        ),
    )
