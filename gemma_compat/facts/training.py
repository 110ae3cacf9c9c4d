"""How the run is to be trained, from ``TrainingArguments`` or a mapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._record import UNKNOWN, Record, check_keys


@dataclass(frozen=True, eq=False, repr=False)
class TrainingFacts(Record):
    """One run.

    Attributes:
        trainer: whether a Hugging Face ``Trainer`` (or a subclass, TRL's for example) drives it.
            Trainer 5 switches the top-level ``use_cache`` off by itself.
        mixed_precision: autocast dtype: ``no``, ``bf16`` or ``fp16``.
        gradient_checkpointing: whether the run turns it on.
        use_reentrant: as the run states it; ``None`` where it leaves the library's default.
        gradient_accumulation_steps: micro-batches per optimizer step.
        evaluates: whether the model is run in eval mode during the run. The default
            ``eval_strategy="no"`` leaves this unknown, since ``evaluate()`` can still be called.
        gathers_outputs: whether evaluation collects model outputs (``compute_metrics``,
            ``predict``, or ``prediction_loss_only=False``).
        use_cache: ``args.use_cache`` of Trainer >= 5; ``None`` where the release has no such field.
        distributed: ``no``, ``ddp``, ``fsdp`` or ``deepspeed``.
        deepspeed_stage: ZeRO stage, or ``None`` without DeepSpeed.
        external_checkpointing: whether checkpointing is applied from outside the model
            (FSDP's ``activation_checkpointing``, a checkpoint wrapper).
        passes_cache: whether the training loop passes ``past_key_values`` of its own. No
            training argument says so: it is unknown unless stated.
    """

    topic: ClassVar[str] = "training"

    trainer: bool = UNKNOWN
    mixed_precision: str = UNKNOWN
    gradient_checkpointing: bool = UNKNOWN
    use_reentrant: bool | None = UNKNOWN
    gradient_accumulation_steps: int = UNKNOWN
    evaluates: bool = UNKNOWN
    gathers_outputs: bool = UNKNOWN
    use_cache: bool | None = UNKNOWN
    distributed: str = UNKNOWN
    deepspeed_stage: int | None = UNKNOWN
    external_checkpointing: bool = UNKNOWN
    passes_cache: bool = UNKNOWN

    @classmethod
    def from_dict(cls, data: Any) -> TrainingFacts:
        return cls(**check_keys(cls, data))
