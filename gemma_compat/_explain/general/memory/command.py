"""Write the `memory` command that a log states."""

from __future__ import annotations

from .estimate import Run, weights_of

_LARGE = 20.0  # GiB of weights, half of most cards
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


def smaller_run(run: Run) -> tuple[str, ...]:
    """Return what makes a step smaller, for a run of which too little is known for an estimate."""
    training = run.facts.training
    steps = (
        "per_device_train_batch_size=1 with more gradient_accumulation_steps",
        *(() if run.is_unsloth else ("gradient_checkpointing=True",)),
        "a shorter max_length",
    )
    bits = run.facts.model.get("quantization_bits")
    if bits or training.get("peft") is False or not _saves_in_4_bits(run):
        return steps
    few_bits = "QLoRA: load_in_4bit, an adapter, no embed_tokens or lm_head in it"
    found = weights_of(run)
    much = found is not None and found[1] > (run.memory / 2048 if run.memory else _LARGE)
    return (few_bits, *steps) if much else (*steps, few_bits)
