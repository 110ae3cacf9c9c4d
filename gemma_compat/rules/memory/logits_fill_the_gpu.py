"""The logits over 262,144 tokens take more than half of the GPU's memory.

## What breaks
`torch.OutOfMemoryError: CUDA out of memory` at the loss, or at the first long batch, while the
model itself is small. What it tries to allocate is batch x length x 262144 x 4 bytes.

## Why
The loss of transformers needs every logit at once, casts them to float32 and keeps copies for the
backward pass. Measured at the peak of a step, for each logit, on one H100 (transformers 5.17.0,
torch 2.11.0, one layer, batch 1 x 1024): 14 bytes where the logits are bfloat16, 16 with
`final_logit_softcapping` (Gemma 2), 16 and 20 where they are float32. The multimodal Gemma 3 of
4.50 to 5.16 casts them once more by itself, which was not measured. So 2 x 4096 tokens over 262,144
take 28 GiB, on top of weights, gradients, optimizer and activations.

The rule multiplies `per_device_train_batch_size`, `max_length` and the vocabulary, and compares
with the smallest visible GPU. Batches that are shorter than `max_length` take less.

## Cure
A loss in chunks: TRL's SFTTrainer computes one by itself from 1.8 on, `use_liger_kernel=True` does
for Gemma 1 to 3 (Gemma 3 needs liger-kernel 0.5.7, Gemma 4 0.8.5, for Gemma 3n there is none), and
Unsloth has one. Else a smaller batch with gradient accumulation, or a smaller `max_length`.
"""

from __future__ import annotations

from ... import versions
from ...engine.rule import Applicability, Evidence, Problem, Rule, Scope, Severity, condition
from ...errors import UnknownFact
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

_SHARE = 0.5  # of the memory of the smallest GPU
_MIB, _GIB = 2**20, 2**30


def bytes_per_logit(facts: Facts) -> int:
    """At the peak of a step, as measured (see the page)."""
    caps = facts.model.final_logit_softcapping is not None
    is_float = facts.model.dtype == "float32" and facts.training.mixed_precision == "no"
    if is_float:
        return 20 if caps else 16
    return 16 if caps else 14


def needed(facts: Facts) -> int:
    """Bytes for the logits of one full batch. ``UnknownFact`` where its length has no limit."""
    length = facts.training.max_length
    if length is None:
        raise UnknownFact("training.max_length", "no limit is set")
    tokens = facts.training.per_device_train_batch_size * length
    return int(tokens * facts.model.vocab_size * bytes_per_logit(facts))


@condition("the logits of a batch take more than half of the smallest GPU")
def fills_the_gpu(facts: Facts) -> bool:
    if not facts.gpus:
        return False
    smallest = min(gpu.memory_total for gpu in facts.gpus) * _MIB
    return needed(facts) > _SHARE * smallest


@condition("the loss needs every logit at once")
def needs_every_logit(facts: Facts) -> bool:
    if "UNSLOTH_IS_PRESENT" in facts.environment or facts.training.loss_type == "chunked_nll":
        return False
    if facts.training.use_liger_kernel:
        return facts.model.model_type in {"gemma3n", "gemma3n_text"}
    # TRL from 1.15 on has no other loss than one in chunks; plain arguments name no loss_type.
    return facts.training.loss_type is None or not _is_new_trl(facts)


def _is_new_trl(facts: Facts) -> bool:
    version = facts.version("trl")
    return version is not None and versions.contains(">=1.15.0", version)


def describe(facts: Facts) -> Problem:
    run = facts.training
    smallest = min(gpu.memory_total for gpu in facts.gpus) * _MIB
    return Problem(
        message=(
            f"the logits of a {facts.model.model_type} take up to "
            f"{needed(facts) / _GIB:.1f} GiB of {smallest / _GIB:.1f}: "
            f"{run.per_device_train_batch_size} x {run.max_length} tokens x "
            f"{facts.model.vocab_size} x {bytes_per_logit(facts)} bytes"
        ),
        help="a loss in chunks (TRL's SFTTrainer from 1.8, use_liger_kernel=True), or a smaller "
        "per_device_train_batch_size with gradient_accumulation_steps",
    )


RULE = Rule(
    code="GC1201",
    name="logits-fill-the-gpu",
    severity=Severity.WARNING,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}),),
    when=(fills_the_gpu, needs_every_logit),
    describe=describe,
    evidence=Evidence.SOURCE,
    symptoms=(r"CUDA out of memory\. Tried to allocate",),
    upstream=("huggingface/trl#4457",),
    covers=("F24",),
    since="0.1.0",
)
