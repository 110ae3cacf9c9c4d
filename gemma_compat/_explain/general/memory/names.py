"""What makes a step smaller, by the names that the framework of the run has for it."""

from __future__ import annotations

import re

from ..base import Case

_TRAINER = (
    "per_device_train_batch_size=1 with more gradient_accumulation_steps",
    "gradient_checkpointing=True",
    "a shorter max_length",
)
# The marks of a framework in frames, commands and configurations, and its three settings. The
# second is empty where recomputing is on unless it was turned off.
_FRAMEWORKS = (
    (
        r"\bactor_rollout_ref\.|[/\\]verl[/\\]|-m verl\.",
        (
            "actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu=1",
            "actor_rollout_ref.model.enable_gradient_checkpointing=True",
            "a smaller data.max_prompt_length and data.max_response_length",
        ),
    ),
    (
        r"[/\\]torchtune[/\\]|_component_: torchtune|\btune run ",
        (
            "batch_size: 1 with more gradient_accumulation_steps",
            "enable_activation_checkpointing: true",
            "a smaller max_seq_len of the tokenizer",
        ),
    ),
    (
        r"[/\\]axolotl[/\\]|\baxolotl (?:train|preprocess)\b|-m axolotl\.",
        (
            "micro_batch_size: 1 with more gradient_accumulation_steps",
            "gradient_checkpointing: true",
            "a smaller sequence_len",
        ),
    ),
    (
        r"[/\\]llamafactory[/\\]|\bllamafactory-cli\b|\bcutoff_len\b|"
        r"^finetuning_type: |\bpref_beta: ",
        (
            "per_device_train_batch_size: 1 with more gradient_accumulation_steps",
            "",
            "a smaller cutoff_len",
        ),
    ),
    (
        r"[/\\]swift[/\\](?:llm|trainers|cli|megatron)[/\\]|"
        r"\b(?:megatron )?swift (?:sft|rlhf|pt)\b",
        (
            "--per_device_train_batch_size 1 with more --gradient_accumulation_steps (Megatron: "
            "--micro_batch_size 1)",
            "",
            "a smaller --max_length",
        ),
    ),
    (
        r"[/\\]nemo[/\\]collections[/\\]|[/\\]megatron[/\\]|--micro-batch-size\b",
        (
            "micro_batch_size=1   (--micro-batch-size 1)",
            "recompute_granularity=full, recompute_method=uniform, recompute_num_layers=1",
            "a smaller seq_length, or more tensor and context parallelism",
        ),
    ),
    (  # a loop of the script's own
        r"(?s)\A(?!.*(?:Trainer\b|trainer\.py|TrainingArguments|SFTConfig)).*"
        r"\b(?:loss|accelerator)\.backward\(",
        (
            "batch_size=1 in the DataLoader   with an optimizer.step() every few batches",
            "model.gradient_checkpointing_enable()",
            "a shorter max_length   in the tokenizer's call",
        ),
    ),
)
# A base in 4 bits, unless it is switched off.
_IN_4_BITS = re.compile(r"(?i)\bqlora|load_in_4bit(?![\"']?\s*[=:]\s*false)")


def smaller_step(case: Case) -> tuple[str, ...]:
    """Return what makes a step smaller, by the names that the framework of the run has for it.

    The frames, the command or the settings show which that is.
    """
    text = f"{case.above}\n{case.around}\n{case.near}"
    batch, recompute, length = next(
        (names for mark, names in _FRAMEWORKS if re.search(mark, text, re.MULTILINE)),
        _TRAINER,
    )
    return tuple(step for step in (batch, recompute, length) if step)


_MOST = 0.5  # of a card, in weights: then fewer bits save more than fewer rows


def largest_first(
    case: Case,
    found: tuple[float, float] | None,
    size: float | None,
    more: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Return what makes a run smaller, the largest part first as far as the log tells it.

    Args:
        found: billions of weights, and the GiB that they take.
        size: GiB of the card.
        more: what else helps, for this kind of training.
    """
    steps = smaller_step(case)
    steps = (*steps[:1], *more, *steps[1:])
    near = f"{case.above}{case.near}"
    if case.facts.training.get("peft") is False:
        return (
            "train an adapter (LoRA)   : with all weights, gradients and AdamW's states take three "
            "times the weights",
            *steps,
        )
    if case.facts.model.get("quantization_bits") or _IN_4_BITS.search(near):
        return (*steps, "a smaller model, or a card with more memory")
    few_bits = "load_in_4bit=True with an adapter (QLoRA)"
    much = found is not None and size is not None and found[1] > _MOST * size
    return (few_bits, *steps) if much else (*steps, few_bits)
