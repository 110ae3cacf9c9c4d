"""The logits over 262,144 tokens take more than half of the GPU's memory.

## What breaks
`torch.OutOfMemoryError: CUDA out of memory` at the loss, or at the first long batch, while the
model itself is small. What it tries to allocate is batch x length x 262144 x 4 bytes.

## Why
The loss of transformers needs every logit at once, casts them to float32 and keeps copies for the
backward pass: 12 bytes for each logit, and 2 more with `final_logit_softcapping` (Gemma 2), or 4
where the run is in float32. The published Gemma 3 270M on an H200 (transformers 5.17.0, torch
2.11.0, up to 1 x 4096 tokens) took 12.1 in bfloat16 and 12.2 in float32. A loop that keeps the
model's whole output until the backward pass, which a Trainer does not, took 14.1 and 16.2. The
multimodal Gemma 3 of 4.50 to 5.16 casts them once more by itself, which was not measured. So 2 x
4096 tokens over 262,144 take 24 GiB, on top of weights, gradients, optimizer and activations.

The rule multiplies `per_device_train_batch_size`, `max_length` and the vocabulary, and compares
with the smallest visible GPU. Batches that are shorter than `max_length` take less.

## Cure
A loss in chunks: TRL's SFTTrainer computes one by itself from 1.7 on, `use_liger_kernel=True` does
for Gemma 1 to 3 (Gemma 3 needs liger-kernel 0.5.7, Gemma 4 0.8.5, for Gemma 3n there is none), and
Unsloth has one. Else a smaller batch with gradient accumulation, or a smaller `max_length`.
"""

from __future__ import annotations

from ...conditions.hardware import has_gpu
from ...conditions.precision import runs_in_float32
from ...conditions.run import is_chunked, names_no_loss, uses_liger
from ...conditions.unsloth import is_present
from ...engine.condition import Condition, all_of, any_gpu, any_of, choose, condition, not_
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...errors import UnknownFact
from ...facts import Facts, Gpu
from ...tables.families import KNOWN_MODEL_TYPES

_SHARE, _MIB, _GIB = 0.5, 2**20, 2**30  # the share is of the memory of the smallest GPU
# Bytes a logit takes at the peak of a Trainer's step, as measured (see the page): plain, capped,
# and capped in float32.
_PLAIN, _CAPPED, _CAPPED_FLOAT32 = 12, 14, 16


@condition("the logits are capped (final_logit_softcapping)")
def caps_logits(facts: Facts) -> bool:
    return facts.model.final_logit_softcapping is not None


@condition("a batch has tokens (max_length)")
def has_tokens(facts: Facts) -> bool:
    return _tokens(facts) > 0


def _tokens(facts: Facts) -> int:
    """Return the tokens in a full batch. ``UnknownFact`` where the length of its rows has no
    limit.
    """
    length = facts.training.max_length
    if length is None:
        raise UnknownFact("training.max_length", "no limit is set")
    return length * facts.training.per_device_train_batch_size


def needed(facts: Facts, bytes_per_logit: int) -> int:
    """Return the bytes for the logits of one full batch."""
    return _tokens(facts) * facts.model.vocab_size * bytes_per_logit


def _exceeds(size: int) -> Condition:
    @any_gpu(f"{size} bytes a logit take more than half of a GPU")
    def exceeds(facts: Facts, gpu: Gpu) -> bool:
        return needed(facts, size) > _SHARE * gpu.memory_total * _MIB

    return exceeds


fills_the_gpu = all_of(
    has_gpu,
    has_tokens,
    choose(
        caps_logits,
        then=choose(runs_in_float32, _exceeds(_CAPPED_FLOAT32), _exceeds(_CAPPED)),
        otherwise=_exceeds(_PLAIN),
    ),
    phrase="the logits of a batch take more than half of the smallest GPU",
)


@condition("liger's kernels compute every logit of this model type")
def keeps_logits_under_liger(facts: Facts) -> bool:
    return facts.model.model_type in {"gemma3n", "gemma3n_text"}


@condition("TRL is older than 1.15, or not installed")
def has_old_trl(facts: Facts) -> bool:
    return not facts.has_release("trl", ">=1.15.0")


# TRL from 1.15 on has no other loss than one in chunks; plain arguments name no loss_type.
needs_every_logit = all_of(
    not_(is_present, "Unsloth does not compute the loss"),
    not_(is_chunked, "the loss is not computed in chunks"),
    choose(uses_liger, then=keeps_logits_under_liger, otherwise=any_of(names_no_loss, has_old_trl)),
    phrase="the loss needs every logit at once",
)


RULE = Rule(
    code="GC1201",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.SOURCE,
    read_in=("trl 1.6.0, 1.7.0: trainer/sft_config.py",),
    effects=("out-of-memory",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}),),
    when=(fills_the_gpu, needs_every_logit),
    fix=Fix(
        setting=(
            "a loss in chunks (TRL's SFTTrainer from 1.7, use_liger_kernel=True), or a "
            "smaller per_device_train_batch_size with gradient_accumulation_steps"
        )
    ),
    symptoms=(r"CUDA out of memory\. Tried to allocate",),
    reports=("huggingface/trl#4457",),
)


def _bound(facts: Facts) -> str:
    """Return "at least" if a fact that adds to the size is unknown, else "up to"."""
    known = facts.model.known("final_logit_softcapping") and facts.model.known("dtype")
    return "up to" if known and facts.training.known("mixed_precision") else "at least"


def describe(facts: Facts) -> Problem:
    run = facts.training
    smallest = min(gpu.memory_total for gpu in facts.gpus if gpu.known("memory_total")) * _MIB
    capped = _CAPPED_FLOAT32 if runs_in_float32.is_known_to_hold(facts) else _CAPPED
    size = capped if caps_logits.is_known_to_hold(facts) else _PLAIN
    return Problem(
        message=(
            f"the logits of a {facts.model.model_type} take {_bound(facts)} "
            f"{needed(facts, size) / _GIB:.1f} GiB of {smallest / _GIB:.1f}: "
            f"{run.per_device_train_batch_size} x {run.max_length} tokens x "
            f"{facts.model.vocab_size} x {size} bytes"
        ),
    )
