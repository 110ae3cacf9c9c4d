"""A reentrant checkpoint wrapper gets inputs without a gradient, and its weights learn nothing.

## What breaks
Weights inside a reentrant `checkpoint_wrapper` get no gradient, where nothing that the wrapper is
handed needs one. With an adapter that is the first attention of each stack of layers: the loss is
right, the others learn, and torch only warns `None of the inputs have requires_grad=True. Gradients
will be None`. Where whole layers are wrapped and no head is trained, the backward pass stops with
`element 0 of tensors does not require grad`.

## Why
A reentrant checkpoint runs what it encloses without a graph, and asks autograd for the gradients of
its inputs later. The embeddings of a model with an adapter are frozen, so the first layer's input
needs no gradient, and autograd never comes by. `model.enable_input_require_grads()`, which TRL and
PEFT call for checkpointed models, makes the embeddings ask for one. It reaches the embeddings of a
T5Gemma's encoder only: its decoder loses its first attention all the same.

## Cure
`checkpoint_impl=CheckpointImpl.NO_REENTRANT`, or `model.gradient_checkpointing_enable()` in place
of the wrapper. For a model with one stack of layers `model.enable_input_require_grads()` does too.
"""

from __future__ import annotations

from ...conditions.checkpointing import wrapper_cuts_gradients
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

RULE = Rule(
    code="GC209",
    since="0.3.0",
    severity=Severity.ERROR,
    effects=("wrong-gradients", "nothing-learned"),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}),),
    when=(wrapper_cuts_gradients,),
    fix=Fix(setting="wrap with checkpoint_impl=CheckpointImpl.NO_REENTRANT"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"trained weights of this {facts.model.model_type} sit in a reentrant "
            "checkpoint_wrapper that is handed nothing with a gradient: they get none, and no "
            "error is raised"
        ),
    )
