"""Reentrant checkpointing silently detaches the keys and values that layers share.

## What breaks
The loss is right to the last digit, and the gradients of the layers that lend their keys and
values are wrong: on tiny models the worst cosine between a gradient and the right one is 0.86 for
Gemma 4 (`v_proj`) and 0.23 for Gemma 3n (`k_norm`). Nothing is raised or logged. transformers
5.24.0 still does it.

## Why
The upper layers of Gemma 3n and of Gemma 4 E2B and E4B (`num_kv_shared_layers` in the config)
borrow keys and values from a lower layer, past the inputs and outputs that checkpointing knows.
Reentrant checkpointing runs each layer without a graph at first, so what is lent is detached, and
what borrowers would add to the lender's gradient is lost.

transformers 5 is non-reentrant by default. Reentrant comes from
`gradient_checkpointing_kwargs={"use_reentrant": True}`, from PEFT's
`prepare_model_for_kbit_training(model)`, which passes an empty mapping and so gets torch's own
default, and from Unsloth.

## Cure
`gradient_checkpointing_kwargs={"use_reentrant": False}`, in `TrainingArguments` and in
`prepare_model_for_kbit_training` alike. `patch` does it for the decoder layers at each forward, so
checkpointing that is turned on later is covered too; other modules keep what they have. What
layers share is cut from the graph after the forward, so a step whose backward pass is skipped is
freed. It accepts torch's own checkpoint function only; another one, Unsloth's for example, is
refused with a `PatchRefused` when it is met. A reentrant `checkpoint_wrapper` around the layers or
their attention is not replaced: `patch` stops with a `PatchRefused` and writes nothing at all,
since turning the cache off would only take away the crash of GC203. Wrap with
`CheckpointImpl.NO_REENTRANT`.

Without reentry the CPU has more to do for a step, and the GPU the same. On an H200 a step of Gemma
4 E2B with one row of 2,048 tokens takes 28% longer by torch's own non-reentrant checkpointing, and
31% by `patch`. With four rows, where the GPU is the slower of the two, it takes less than 1% longer
by either. The figures are in `docs/measurements/costs.md`.

Where Unsloth's GPU path keeps these gradients itself (Gemma 4 from unsloth_zoo 2026.6.7 on, Gemma
3n from 2026.9.8 on) this rule is silent and nothing is patched.

DeepSpeed ZeRO-3 with a PEFT adapter needs reentrant checkpointing. It has no safe cure here, and
`patch` stops with a `PatchRefused`: use ZeRO-2, or train without checkpointing. Older releases lose
the shared keys and values altogether; there GC104 covers this defect too.
"""

from __future__ import annotations

from typing import Any

from ...conditions.checkpointing import (
    checkpoints,
    checkpoints_from_outside,
    is_reentrant,
    is_wrapped_with_reentry,
    is_zero3_with_peft,
)
from ...conditions.model import shares_kv
from ...conditions.unsloth import is_not_cured_by_unsloth
from ...engine.condition import any_of
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchTargetMissing
from ...facts import Facts
from ...patching.non_reentrant import (
    decoder_layers,
    refuse_cured_by_unsloth,
)
from ...patching.shared_dict import add_freed_dict

_GEMMA4 = frozenset({"gemma4", "gemma4_text", "gemma4_unified", "gemma4_unified_text"})


RULE = Rule(
    code="GC201",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-gradients",),
    scopes=(
        Scope(
            _GEMMA4,
            {"transformers": ">=5.5.2"},
            by_config=True,
        ),
        Scope({"gemma3n", "gemma3n_text"}, {"transformers": ">=5.6.0"}, by_config=True),
    ),
    when=(
        shares_kv,
        any_of(checkpoints, checkpoints_from_outside),
        is_reentrant,
        is_not_cured_by_unsloth,
    ),
    fix=Fix(
        setting=(
            "gradient_checkpointing_kwargs={'use_reentrant': False} in TrainingArguments and, by "
            "the name gradient_checkpointing_kwargs, in prepare_model_for_kbit_training"
        )
    ),
    applicability=Applicability.SAFE,
    leaves=("force_non_reentrant",),
    refused_if=(is_zero3_with_peft, is_wrapped_with_reentry),
    fixed_by=("unslothai/unsloth-zoo#813",),
)


def describe(facts: Facts) -> Problem:
    if facts.model.get("external_reentrant"):
        return Problem(_message(facts), "wrap the layers with CheckpointImpl.NO_REENTRANT")
    zero3 = facts.training.get("deepspeed_stage") == 3 and facts.model.get("peft") is not None
    cure = (
        "no safe cure under DeepSpeed ZeRO-3 with a PEFT adapter, which needs reentrant "
        "checkpointing: use ZeRO-2, or gradient_checkpointing=False"
    )
    if not zero3:
        cure = (
            "gradient_checkpointing_kwargs={'use_reentrant': False} in TrainingArguments and, by "
            "the name gradient_checkpointing_kwargs, in prepare_model_for_kbit_training, or "
            "gemma_compat.patch(model)"
        )
    return Problem(message=_message(facts), help=cure)


def _message(facts: Facts) -> str:
    return (
        f"{facts.model.num_kv_shared_layers} layers of this {facts.model.model_type} borrow "
        "keys and values, which reentrant checkpointing detaches: the loss is right, and the "
        "gradients of the layers that lend them are silently wrong"
    )


def patch(model: Any, ledger: Any) -> None:
    """Checkpoint the decoder layers without reentry, whoever turns checkpointing on."""
    borrowing = [text_model for _, text_model in ledger.text_models() if _borrows(text_model)]
    for text_model in borrowing:
        refuse_cured_by_unsloth(text_model)  # first: its forward takes anything
    sharing = [text_model for text_model in borrowing if _passes_shared(text_model)]
    if not sharing:
        raise PatchTargetMissing("no decoder layer takes shared_kv_states and borrows from it")
    for text_model in sharing:
        add_freed_dict(text_model, ledger)


def _borrows(text_model: Any) -> bool:
    return any(
        getattr(layer.self_attn, "is_kv_shared_layer", False)
        for layer in decoder_layers(text_model)
    )


def _passes_shared(text_model: Any) -> bool:
    import inspect

    attention = decoder_layers(text_model)[0].self_attn
    return "shared_kv_states" in inspect.signature(type(attention).forward).parameters
