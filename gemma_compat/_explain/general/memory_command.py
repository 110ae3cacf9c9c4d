"""Write the `memory` command that a log states."""

from __future__ import annotations

from .memory_estimate import Run


def command(run: Run) -> str:
    """Return the ``memory`` command with what the log states, and nothing else."""
    training, model, adapter = run.facts.training, run.facts.model, run.facts.adapter
    words = ["python -m gemma_compat memory"]
    words += [f"--model {run.model or 'MODEL'}"]
    if run.card:
        card = run.card.replace("NVIDIA ", "")
        words.append(f"--gpu {_quoted(f'{run.cards}x{card}' if run.cards else card)}")
    elif run.memory is None:
        words.append("--gpu CARD")
    if model.get("quantization_bits") in {4, 8}:
        words.append(f"--load-in-{model.quantization_bits}bit")
    if training.get("peft") is not None:
        words.append("--lora" if training.peft else "--full")
    words += [
        f"--{option} {value}"
        for option, value in (
            ("rank", adapter.get("rank")),
            ("optimizer", training.get("optimizer")),
            ("batch-size", training.get("per_device_train_batch_size")),
            ("accumulate", training.get("gradient_accumulation_steps")),
            ("max-length", training.get("max_length")),
            ("distributed", training.get("distributed")),
            ("zero-stage", training.get("deepspeed_stage")),
        )
        if value
    ]
    mixed = training.get("mixed_precision")
    words += [{"bf16": "--bf16", "fp16": "--fp16", "no": "--fp32"}[mixed]] if mixed else []
    for option, name in (
        ("gradient-checkpointing", "gradient_checkpointing"),
        ("packing", "packing"),
        ("liger", "use_liger_kernel"),
    ):
        if training.get(name) is not None:
            words.append(f"--{option}" if training.get(name) else f"--no-{option}")
    version = run.facts.packages.get("trl")
    if version is not None and version.known("version"):
        words.append(f"--with trl=={version.version}")
    return " ".join(words)


def _quoted(text: str) -> str:
    return f"'{text}'" if " " in text else text
