"""The first token of each row counts as trained, so the loss comes out a little too small.

## What breaks
Nothing is raised. Where every token of a row has a label, the logged loss and the gradients are
those of the true mean times (n - 1) / n, n being the tokens of the row: 11/12 for the tiny models
that were run with rows of 12, 0.998 for rows of 512. Losses of two releases, or of rows of other
lengths, do not compare exactly. Adam and clipping hide the factor, plain SGD does not.

## Why
A Trainer counts the labels that are not -100 and has the forward divide by that count. A causal
model predicts the next token, so the first label of a row is never a target, but was counted.
Rows whose first token has no label, as with a masked prompt, come out right.

## Cure
Give the first token of each row the label -100, or upgrade to transformers 5.10.0. Nothing is
patched: the factor is small, and the data are yours.
"""

from __future__ import annotations

from ...conditions.model import accepts_count
from ...conditions.run import has_trainer
from ...engine.condition import YES, condition, first_known
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts


@condition("the first token of a row has a label (no prompt is masked)")
def first_token_trained(facts: Facts) -> bool:
    return facts.training.first_token_trained


divides_by_count = first_known(accepts_count, YES)


RULE = Rule(
    code="GC502",
    since="0.1.0",
    severity=Severity.NOTICE,
    effects=("wrong-loss-scale",),
    scopes=(
        Scope(
            {"gemma2", "gemma3_text", "gemma3n_text", "gemma4_text"},
            {"transformers": "<5.10.0"},
        ),
        Scope({"paligemma"}, {"transformers": ">=4.52.0,<5.10.0"}),
    ),
    when=(has_trainer, first_token_trained, divides_by_count),
    fix=Fix(fixed_in={"transformers": "5.10.0"}, setting="labels[:, 0] = -100 in the collator"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"on transformers {facts.version('transformers')} a Trainer counts the first token of "
            f"each row, which a {facts.model.model_type} does not predict: the loss and the "
            "gradients are (n - 1) / n of the true ones for rows of n tokens"
        ),
    )
