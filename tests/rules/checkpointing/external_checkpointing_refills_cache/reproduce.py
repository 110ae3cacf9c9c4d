"""Wrap the decoder layers in torch's `checkpoint_wrapper` and compare with the reference.

No layers share keys and values but in the variant that says so. There GC104 is cured first, where
it applies, and its cure covers this failure too.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import gemma_compat
from gemma_compat.facts import TrainingFacts
from gemma_compat.live.tree import named_configs, text_models
from tests import tiny
from tests.confusion.cells import Cell
from tests.confusion.observing import observe as observe_cell
from tests.evidence.observation import Case, Observation
from tests.live import compare

MODEL_TYPES = (
    "gemma3_text", "gemma2", "gemma3", "paligemma", "gemma3n_text", "gemma4_text", "gemma4",
    "gemma", "vaultgemma", "gemma4_unified",
)  # fmt: skip
SHARING = {"gemma3n_text", "gemma4_text", "gemma4"}
WRAPPED, SHARED, CACHE_OFF, FROM_INSIDE = (
    "training step, layers in checkpoint_wrapper",
    "training step, layers in checkpoint_wrapper, sharing keys and values if they can",
    "training step, layers in checkpoint_wrapper, use_cache=False in every config",
    "training step, gradient_checkpointing_enable()",
)
VARIANTS = (WRAPPED, SHARED, CACHE_OFF, FROM_INSIDE)
EVERY_MINOR = True
# No tiny models of the other tests: the confusion matrix makes them, and compares.
CELLS = {
    WRAPPED: {"checkpointing": "wrapper non-reentrant"},
    SHARED: {"checkpointing": "wrapper non-reentrant"},
    CACHE_OFF: {"checkpointing": "wrapper non-reentrant", "cache": "off"},
    FROM_INSIDE: {"checkpointing": "non-reentrant"},
}
OF_THE_MATRIX = {"gemma": "", "vaultgemma": "", "gemma4_unified": "+unshared"}


def observe(case: Case) -> Observation:
    if case.model_type in OF_THE_MATRIX:
        variant = "" if case.variant == SHARED else OF_THE_MATRIX[case.model_type]
        cell = Cell(case.model_type + variant, **CELLS[case.variant])
        return observe_cell(cell, "GC203", case.patched)
    unshared = case.model_type in SHARING and case.variant != SHARED
    changes = {"num_kv_shared_layers": 0} if unshared else {}
    expected = compare.reference(case.model_type, **changes)
    model = tiny.build(case.model_type, **changes).train()
    if case.variant == SHARED:
        gemma_compat.patch(model, select=["GC104"])
    if case.variant == CACHE_OFF:
        for _, config in named_configs(model):
            config.use_cache = False
    if case.variant == FROM_INSIDE:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    else:
        _wrap_layers(model)
    outside = case.variant != FROM_INSIDE
    training = TrainingFacts(
        trainer=False,
        use_cache=None,
        gradient_checkpointing=not outside,
        external_checkpointing=outside,
    )
    facts = gemma_compat.detect_facts(model=model).replace(training=training)
    if case.patched:
        gemma_compat.patch(model, select=["GC203"])
    broken, seen = _train(model, case, expected)
    return Observation(facts, broken, seen)


def _wrap_layers(model: Any) -> None:
    """As accelerate's and FSDP's ``activation_checkpointing`` do."""
    from torch.distributed.algorithms._checkpoint import checkpoint_wrapper as torch_wrapper

    layer = type(text_models(model)[0][1].layers[0])
    wrap = partial(
        torch_wrapper.checkpoint_wrapper,
        checkpoint_impl=torch_wrapper.CheckpointImpl.NO_REENTRANT,
    )
    torch_wrapper.apply_activation_checkpointing(
        model, checkpoint_wrapper_fn=wrap, check_fn=lambda module: isinstance(module, layer)
    )


def _train(model: Any, case: Case, expected: compare.Run) -> tuple[bool, str]:
    """Whether one step crashes or differs from the reference, and how, in words."""
    try:
        run = compare.run(model, tiny.batch(case.model_type))
    except RuntimeError as error:  # the backward pass; torch's CheckpointError is one too
        return True, f"{type(error).__name__}: {error}"
    grads = {name.replace("_checkpoint_wrapped_module.", ""): g for name, g in run.grads.items()}
    found = compare.differences(expected, compare.Run(run.loss, grads))
    return not found.are_none(), compare.one_line(found)
