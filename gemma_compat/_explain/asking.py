"""Choose the options that would decide what a log leaves open."""

from __future__ import annotations

from collections.abc import Sequence

from .explanation import Cause

_MOST = 3
_OPTIONS = {
    "gpus": "--gpu NAME",
    "model": "--model NAME",
    "training.mixed_precision": "--bf16 (or --fp16, --fp32)",
    "training.peft": "--lora (or --full)",
    "training.gradient_checkpointing": "--gradient-checkpointing (or --no-...)",
    "training.use_reentrant": "--use-reentrant (or --no-...)",
    "training.evaluates": "--evaluates (or --no-...)",
    "training.packing": "--packing (or --no-...)",
    "training.images": "--images (or --no-...)",
    "training.generates": "--generates (or --no-...)",
    "training.distributed": "--distributed NAME",
    "training.trainer": "--trainer hf (or trl, loop)",
    "training.gradient_accumulation_steps": "--accumulate N",
    "model.attn_implementation": "--attn-implementation NAME",
    "model.dtype": "--dtype NAME",
}


def options_to_decide(causes: Sequence[Cause]) -> tuple[str, ...]:
    """Return at most three options, those for the likeliest open cause first."""
    topics: list[str] = []
    for cause in causes:
        if cause.if_model:
            topics.append("model")
        topics += cause.missing
    options = (_option(topic) for topic in topics)
    return tuple(dict.fromkeys(option for option in options if option))[:_MOST]


def _option(topic: str) -> str:
    area, _, name = topic.partition(".")
    if area == "packages":
        return f"--with {name}==VERSION"
    return _OPTIONS.get(topic) or _OPTIONS.get(area, "")
