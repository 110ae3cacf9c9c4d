"""Write the `memory` command that a log states."""

from __future__ import annotations

from .estimate import Run, weights_of

_SMALL = 2.0  # GiB of weights, below which fewer bits save little


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


def _saves_in_4_bits(run: Run) -> bool:
    """Return whether 4 bits make the weights much smaller; experts of a Gemma 4 stay in 16."""
    sizes = weights_of(run)
    packed = run.facts.replace(model=run.facts.model.replace(quantization_bits=4))
    few = weights_of(run.replace(facts=packed))
    return sizes is None or few is None or sizes[1] - few[1] > max(_SMALL / 2, sizes[1] / 3)


def not_set(run: Run) -> tuple[str, ...]:
    """Return what makes a step smaller, without what the text says is set."""
    training = run.facts.training
    steps = (
        ("per_device_train_batch_size=1", training.get("per_device_train_batch_size") == 1),
        (
            "gradient_checkpointing=True",
            training.get("gradient_checkpointing") is True or run.is_unsloth,
        ),
        ("a shorter max_length", False),
    )
    smaller = ", ".join(text for text, done in steps if not done)
    bits = run.facts.model.get("quantization_bits")
    if bits or training.get("peft") is False or not _saves_in_4_bits(run):
        return (smaller,)
    return (smaller, "QLoRA: load_in_4bit, an adapter, no embed_tokens or lm_head in it")
