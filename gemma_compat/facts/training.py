"""How the run is to be trained, from ``TrainingArguments`` or a mapping."""

from __future__ import annotations

from typing import Any, ClassVar

from ._record import UNKNOWN, Record, check_keys


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
        passes_cache: whether the training loop passes ``past_key_values``. No training argument
            says so: it is unknown unless stated.
        reads_top_config: whether code outside the model reads sizes (``hidden_size``) from the
            top-level config. No training argument says so: it is unknown unless stated.
        peft: whether an adapter is trained that the model does not carry yet (``peft_config``).
        kbit_prepared: whether PEFT's ``prepare_model_for_kbit_training`` gets the model, which
            makes float32 of all that is not quantized. No training argument says so: it is
            unknown unless stated.
        images: whether batches hold images or audio; the dataset decides.
        packing: whether several samples share a row (``packing`` or ``padding_free``).
        generates: whether text is generated during the run (GRPO, ``predict_with_generate``).
        adds_tokens: whether the embeddings are resized for new tokens.
        supplies_token_types: whether training batches carry ``token_type_ids`` (Gemma 4:
            ``mm_token_type_ids``).
        assistant_only_loss: TRL's argument of that name.
        first_token_trained: whether the first token of a row has a label that is not -100.
        use_liger_kernel, torch_compile: as the arguments say.
        smooths_labels: whether ``label_smoothing_factor`` is above 0.
        loss_type: TRL's argument of that name; ``None`` where there is none.
        per_device_train_batch_size: sequences in a micro-batch.
        max_length: tokens in a sequence at most; ``None`` for no limit.
        ddp_find_unused_parameters: as stated; ``None`` where it is left to the library.
        fsdp_version: 1 or 2; ``None`` without FSDP.
        optimizer: ``optim`` of the arguments, ``adamw_torch_fused`` for example.
        fsdp_layer_classes: names given as ``transformer_layer_cls_to_wrap``; ``None`` if none.
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
    reads_top_config: bool = UNKNOWN
    peft: bool = UNKNOWN
    kbit_prepared: bool = UNKNOWN
    images: bool = UNKNOWN
    packing: bool = UNKNOWN
    generates: bool = UNKNOWN
    adds_tokens: bool = UNKNOWN
    supplies_token_types: bool = UNKNOWN
    assistant_only_loss: bool = UNKNOWN
    first_token_trained: bool = UNKNOWN
    use_liger_kernel: bool = UNKNOWN
    torch_compile: bool = UNKNOWN
    smooths_labels: bool = UNKNOWN
    loss_type: str | None = UNKNOWN
    per_device_train_batch_size: int = UNKNOWN
    max_length: int | None = UNKNOWN
    ddp_find_unused_parameters: bool | None = UNKNOWN
    fsdp_version: int | None = UNKNOWN
    fsdp_layer_classes: tuple[str, ...] | None = UNKNOWN
    optimizer: str = UNKNOWN

    @classmethod
    def from_dict(cls, data: Any) -> TrainingFacts:
        return cls(**check_keys(cls, data))
