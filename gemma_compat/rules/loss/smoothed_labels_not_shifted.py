"""Label smoothing trains a PaliGemma to repeat each token in place of predicting the next.

## What breaks
Nothing is raised, and the loss looks fine. With `label_smoothing_factor=0.1` the Trainer compares
the logits of each token with that very token: a tiny model logged 4.86, which is the smoothed
loss without the shift to its last digit; with the shift it is 5.80 (transformers 5.5.4).

## Why
With smoothing the Trainer takes the labels from the batch and computes the loss itself. It shifts
them only for classes that transformers lists as causal language models.
`Gemma3ForConditionalGeneration` and `Gemma4ForConditionalGeneration` are in that list,
`PaliGemmaForConditionalGeneration` is not in any release looked at (4.50.3, 4.57.6, 5.5.4,
5.24.0).

## Cure
Train without label smoothing, or compute the loss yourself (`compute_loss_func`). `patch` does
nothing here.
"""

from __future__ import annotations

from ...conditions.run import has_trainer, smooths_labels
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

RULE = Rule(
    code="GC505",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-loss", "nothing-learned"),
    scopes=(Scope({"paligemma"}, {}),),
    when=(smooths_labels, has_trainer),
    fix=Fix(setting="label_smoothing_factor=0"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            "a Trainer that smooths labels does not shift those of a "
            f"{facts.model.model_type}: it is trained to repeat each token, not to predict the next"
        ),
    )
