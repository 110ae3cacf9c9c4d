"""What the scripts share: an adapter, and a few steps with evaluations by TRL's SFTTrainer."""

from __future__ import annotations

from typing import Any

from .checkpoints import SENTENCE


def adapt(loader: Any, model: Any, **options: Any) -> Any:
    """A small LoRA adapter on the language model."""
    for module in model.modules():
        vars(module).pop("hf_device_map", None)  # a Trainer would take it for model parallelism
    return loader.get_peft_model(
        model,
        r=4,
        lora_alpha=8,
        lora_dropout=0,
        bias="none",
        random_state=0,
        finetune_vision_layers=False,
        **options,
    )


def train(
    model: Any, tokenizer: Any, callbacks: Any = (), **options: Any
) -> dict[str, list[float]]:
    """Three steps and an evaluation after each; the losses of both."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    data = Dataset.from_dict({"text": [SENTENCE * 3] * 8})
    old = "tokenizer" in SFTTrainer.__init__.__code__.co_varnames
    length = "max_seq_length" if hasattr(SFTConfig, "max_seq_length") else "max_length"
    arguments = SFTConfig(
        output_dir="out",
        max_steps=3,
        per_device_train_batch_size=2,
        per_device_eval_batch_size=2,
        logging_steps=1,
        eval_strategy="steps",
        eval_steps=1,
        report_to="none",
        save_strategy="no",
        dataset_text_field="text",
        learning_rate=1e-3,
        optim="adamw_torch",
        use_cpu=True,
        **{length: 64, **options},
    )
    trainer = SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=data,
        eval_dataset=data,
        callbacks=list(callbacks),
        **{"tokenizer" if old else "processing_class": tokenizer},
    )
    trainer.train()
    history = trainer.state.log_history
    return {
        key: [entry[key] for entry in history if key in entry] for key in ("loss", "eval_loss")
    } | {"mixed_precision": [trainer.accelerator.mixed_precision]}
