"""Gradient accumulation multiplies the loss and the gradients by its number of steps.

## What breaks
Nothing is raised. With `gradient_accumulation_steps=4` the logged loss is four times the true one
and so are the gradients: of tiny models 23.22 in place of 5.81, and a gradient norm of 25.97 in
place of 6.49. With the weights of the published Gemma 3 270M in the multimodal class of 4.50.3,
14.28 in place of 3.57, and 117.1 in place of 29.3; patched, and on 4.57.6, 3.57 and 29.3. Clipping
then cuts every step, and a learning rate tuned with it fits no other run. Only the multimodal
classes do it.

## Why
A Trainer hands `num_items_in_batch` to a forward that takes keywords, and trusts it to divide the
summed loss by that count; then it does not divide by the accumulation steps itself. The
multimodal forwards take the keyword and compute a plain mean. Gemma 3 did so from 4.50 up to
4.57, PaliGemma up to 4.52, Gemma 3n from 4.53 to 5.6 (read in the source, not run) and Gemma 4
from 5.5 to 5.6. A flag on the
class stops it, `accepts_loss_kwargs = False`; releases before 4.57 set it on the inner model,
where no Trainer looks.

For a live model in a run that accumulates, a model of its class, two layers small, is made on the
CPU and asked whether its loss halves when the count doubles: a class whose forward was replaced is
judged by what it does, or not at all.

## Cure
`patch` sets `accepts_loss_kwargs = False` on the model inside any wrapper, where every Trainer
looks, PEFT or not. A Trainer reads it when it is made, so patch before `Trainer(...)`. Or upgrade
to transformers 4.57.0, for Gemma 4 and Gemma 3n 5.6.0. Under Unsloth this rule is silent from
2026.4.5 on: it asks what the forward accepts, and the Trainer divides (GC1124 is about older ones).
"""

from __future__ import annotations

from typing import Any

from ...conditions.model import accepts_count, is_live
from ...conditions.run import accumulates, has_trainer
from ...conditions.unsloth import divides_no_loss
from ...engine.condition import NO, YES, all_of, any_of, condition, first_known, not_
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchRefused
from ...facts import Facts


@condition("the loss does not heed num_items_in_batch")
def loss_ignores_count(facts: Facts) -> bool:
    return facts.model.loss_ignores_token_count


# The releases of the scopes ignore it. A live model with accumulation is tried: where that failed,
# the answer stays unknown.
was_tried = all_of(first_known(is_live, NO), first_known(accumulates, NO))


ignores_count = first_known(
    loss_ignores_count, any_of(loss_ignores_count, not_(was_tried, "the loss was not tried"))
)


is_handed_count = first_known(accepts_count, YES)


RULE = Rule(
    code="GC501",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-loss-scale",),
    scopes=(
        Scope(
            {"gemma3"},
            {"transformers": ">=4.50.0.dev0,<4.57.0"},
            fixed_in={"transformers": "4.57.0"},
        ),
        Scope({"paligemma"}, {"transformers": "<4.52.0"}, fixed_in={"transformers": "4.52.0"}),
        Scope({"gemma4"}, {"transformers": ">=5.5.0,<5.6.0"}),
        Scope({"gemma3n"}, {"transformers": ">=4.53.0,<5.6.0"}),
    ),
    when=(has_trainer, accumulates, ignores_count, is_handed_count, divides_no_loss),
    read_in=(
        "transformers 4.53.1, 4.57.6, 5.5.4 and 5.12.1: models/gemma3n/modeling_gemma3n.py, "
        "Gemma3nForConditionalGeneration.forward",
    ),
    fix=Fix(fixed_in={"transformers": "5.6.0"}, setting="model.accepts_loss_kwargs = False"),
    applicability=Applicability.SAFE,
    before_trainer=True,
    reports=("huggingface/transformers#37197",),
    fixed_by=("huggingface/transformers#45354",),
)


def describe(facts: Facts) -> Problem:
    steps = facts.training.gradient_accumulation_steps
    return Problem(
        message=(
            f"with gradient_accumulation_steps={steps} on transformers "
            f"{facts.version('transformers')} the loss and the gradients of a "
            f"{facts.model.model_type} come out {steps} times too large"
        ),
        help="gemma_compat.patch(model) before Trainer(...), or model.accepts_loss_kwargs = False",
    )


def patch(model: Any, ledger: Any) -> None:
    """Have the Trainer divide by the accumulation steps itself."""
    made_by = str(getattr(type(model).forward, "__module__", ""))
    if not made_by.startswith("transformers.models."):
        name = type(model).__name__
        raise PatchRefused(f"the forward of {name} is {made_by}'s, which may divide by the count")
    ledger.set_attribute(model, "accepts_loss_kwargs", False)
