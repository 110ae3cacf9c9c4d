"""Label smoothing with gradient accumulation multiplies the loss by the number of steps.

## What breaks
Nothing is raised. With `label_smoothing_factor=0.1` and `gradient_accumulation_steps=4` the logged
loss and the gradients come out four times as large: of a tiny Gemma 2 23.00 in place of 5.75, and
a gradient norm of 15.30 in place of 3.83. With 1 step, or without smoothing, they are right.

## Why
A Trainer counts the labels of all accumulated batches, hands the count to the model and then no
longer divides by the steps. But with smoothing the loss is not the model's: the Trainer takes the
mean over one batch and does not use the count. transformers 5.15.0 hands it on. A model whose class
says `accepts_loss_kwargs = False` (Gemma 3 with images from 4.57, Gemma 4 with images from 5.6) is
spared.

## Cure
Upgrade to transformers 5.15.0, set `model.accepts_loss_kwargs = False` before the Trainer is made,
or divide the learning rate and the clipping. `patch` does nothing here: the flag would change how
batches are weighted in a run without smoothing.
"""

from __future__ import annotations

from ...conditions.model import accepts_count
from ...conditions.run import accumulates, has_trainer, smooths_labels
from ...engine.condition import YES, first_known
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts

_TYPES = frozenset(
    {
        "gemma",
        "gemma2",
        "gemma3",
        "gemma3_text",
        "gemma3n",
        "gemma3n_text",
        "gemma4_text",
        "paligemma",
        "recurrent_gemma",
        "vaultgemma",
    }
)


RULE = Rule(
    code="GC504",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-loss-scale",),
    scopes=(Scope(_TYPES, {"transformers": "<5.15.0"}),),
    when=(smooths_labels, has_trainer, accumulates, first_known(accepts_count, YES)),
    fix=Fix(fixed_in={"transformers": "5.15.0"}, setting="model.accepts_loss_kwargs = False"),
)


def describe(facts: Facts) -> Problem:
    steps = facts.training.gradient_accumulation_steps
    return Problem(
        message=(
            f"label smoothing on transformers {facts.version('transformers')} is not divided by "
            f"the {steps} accumulated batches: loss and gradients are {steps} times too large"
        ),
    )
