"""Conditions on gradient checkpointing."""

from __future__ import annotations

from ..engine.condition import NO, YES, all_of, any_of, condition, first_known, not_
from ..facts import Facts
from .adapter import has_adapter
from .run import is_zero3


@condition("gradient checkpointing is on")
def model_checkpoints(facts: Facts) -> bool:
    """Return whether the model in hand checkpoints right now."""
    return facts.model.gradient_checkpointing


@condition("gradient checkpointing is on")
def run_checkpoints(facts: Facts) -> bool:
    """Return whether the run turns checkpointing on."""
    return facts.training.gradient_checkpointing


checkpoints = any_of(
    first_known(model_checkpoints, NO), run_checkpoints, phrase="gradient checkpointing is on"
)


@condition("a checkpoint wrapper is on the model")
def model_is_wrapped(facts: Facts) -> bool:
    return facts.model.external_checkpointing


@condition("the layers sit in a reentrant checkpoint_wrapper")
def wrapper_is_reentrant(facts: Facts) -> bool:
    return bool(facts.model.external_reentrant)


@condition("a reentrant checkpoint_wrapper encloses trained weights and gets no gradient to pass")
def cuts_gradients(facts: Facts) -> bool:
    return facts.model.external_cuts_gradients


wrapper_cuts_gradients = first_known(cuts_gradients, NO)

is_wrapped_with_reentry = first_known(
    wrapper_is_reentrant,
    NO,
    phrase="the layers sit in a reentrant checkpoint_wrapper, which patch does not replace",
)


@condition("the run wraps the model in checkpointing")
def run_wraps(facts: Facts) -> bool:
    return facts.training.external_checkpointing


checkpoints_from_outside = any_of(
    first_known(model_is_wrapped, NO),
    run_wraps,
    phrase="checkpointing is applied from outside the model (FSDP, accelerate, checkpoint_wrapper)",
)


@condition("the run asks for reentrant checkpointing (use_reentrant=True)")
def run_asks_for_reentrant(facts: Facts) -> bool:
    return bool(facts.training.use_reentrant)


@condition("the run asks for checkpointing without reentry (use_reentrant=False)")
def run_asks_for_no_reentry(facts: Facts) -> bool:
    return facts.training.use_reentrant is False


checkpoints_without_reentry = all_of(
    run_checkpoints,
    run_asks_for_no_reentry,
    phrase="gradient checkpointing runs without reentry (use_reentrant=False)",
)


@condition("the layers checkpoint reentrantly now (PEFT's k-bit preparation)")
def layers_are_reentrant(facts: Facts) -> bool:
    return bool(facts.model.use_reentrant)


# A run that turns checkpointing on sets the layers' function anew; else the layers keep theirs.
run_keeps_the_layers = not_(run_checkpoints, "the run does not turn checkpointing on")
is_reentrant = any_of(
    all_of(first_known(model_is_wrapped, NO), wrapper_is_reentrant),
    all_of(run_checkpoints, run_asks_for_reentrant),
    all_of(first_known(run_keeps_the_layers, YES), first_known(layers_are_reentrant, NO)),
    phrase="checkpointing is reentrant (use_reentrant=True, or PEFT's k-bit preparation)",
)

is_zero3_with_peft = all_of(
    has_adapter,
    is_zero3,
    phrase="DeepSpeed ZeRO-3 trains a PEFT adapter, which needs reentrant checkpointing",
)
