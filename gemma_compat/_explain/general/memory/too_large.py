"""Answers where one part alone is larger than the card: a tensor, the weights, what is trained."""

from __future__ import annotations

import re

from ...answer import Answer
from ..base import Case
from .weights import bits_of, weights

_GIB = 1 << 30
LOADING = (
    r"Loading checkpoint shards|in from_pretrained|_load_state_dict|load_pretrained_model|"
    r"dispatch_model|set_module_tensor_to_device|caching_allocator_warmup|materialize"
)
# One card holds a part of the weights only.
_IN_PARTS = r"tensor[-_]parallel|pipeline[-_]parallel|\btp_size|\bTP ?= ?\d|TP\d_|offload|Worker_TP"
_IN_A_STEP = r"training_step|in (?:_call_impl|_?forward|backward|step)\b|_inner_training_loop"


def impossible(case: Case, size: float | None) -> Answer | None:
    """Answer if one tensor alone is far larger than any card."""
    asked = re.search(r"[Tt]ried to allocate (\d+\.?\d*) GiB", case.message)
    if asked is None or float(asked[1]) < max(4 * (size or 0), 200):
        return None
    soft = case.facts.model.get("peft") in {"PROMPT_TUNING", "P_TUNING"}
    return Answer(
        f"one tensor of {float(asked[1]):,.0f} GiB was asked for, which no card has: something "
        "has a wrong size, and a smaller batch does not help",
        (
            "train LoRA, or a prefix, in place of a soft prompt",
            "look at the last frame: which shape it multiplies or compares",
        )
        if soft
        else (
            "look at the last frame: which shape it multiplies or compares",
            "attention over a whole document: a max_length, or sdpa in place of eager",
        ),
        why="a Gemma 4 with embeddings per layer that is given inputs_embeds without input_ids "
        "compares each of them with all 262,144 rows of its table (read in transformers 5.23.0)"
        if soft or "inputs_embeds[:, :, None, :]" in case.around
        else "",
        known="the size is in the message; why it is wrong, the frame shows",
        settles=soft,
    )


def whole_copy(case: Case, size: float | None) -> Answer | None:
    """Answer if the weights alone are larger than one card."""
    found = weights(case)
    sharded = case.facts.training.get("distributed") in {"fsdp", "deepspeed"} or case.log.spread
    sharded = sharded or re.search(_IN_PARTS, case.above + case.around) is not None
    if found is None or size is None or sharded or found[1] < 0.95 * size:
        return None
    loading = case.says(LOADING)
    if not loading and re.search(_IN_A_STEP if case.log.is_other else ".", case.frames):
        return None  # it was loaded, so it is not held whole by one card
    billions, gib = found
    each = "each process loads a full copy of the model on its own card, and " * (
        case.processes > 1
    )
    bits = bits_of(case)
    kind = f"in {bits} bits" if bits else "at 2 bytes each"
    return Answer(
        f"the weights alone do not fit: {billions:g} billion of them take about {gib:.0f} GiB, "
        f"and the card has {size:.0f} GiB",
        (
            *(() if bits else ("load_in_4bit=True (QLoRA)",)),
            "shard the weights over the cards: FSDP, or DeepSpeed ZeRO-3",
            'or one process over all cards: device_map="auto"',
        ),
        why=f"{each}{billions:g} billion weights {kind} are {gib:.0f} GiB before any batch, "
        "gradient or optimizer state",
        known="by arithmetic from the model's name and the card that the log names"
        + ("" if loading else "; that one card holds all of it, the log does not say"),
        certain=loading,
    )


def much_is_trained(case: Case, size: float | None) -> Answer | None:
    """Answer if far more is trained than an adapter has."""
    trained, whole = case.log.figures.trained, case.log.figures.parameters
    if not trained or not whole or trained < 0.05 * whole or trained < 5e8:
        return None
    share = f"{trained / 1e9:.2f} billion parameters are trained ({trained / whole:.0%})"
    gib = trained * (4 + 4 + 8) / _GIB
    fits = f" of a card with {size:.0f} GiB" if size else ""
    adapter = trained < 0.6 * whole
    return Answer(
        f"out of memory: {share}, which need gradients and optimizer states",
        (
            "train an adapter on the language model only: leave embed_tokens and lm_head out of "
            "target_modules and modules_to_save"
            if adapter
            else "train an adapter (LoRA), or shard the optimizer: FSDP, DeepSpeed ZeRO-3",
            'or optim="adamw_8bit"',
        ),
        why=f"in float32 with AdamW these parameters, their gradients and states alone take "
        f"{gib:.0f} GiB{fits}"
        + ("; a LoRA of this model has some tens of millions" if adapter else ""),
        known="the log counts them; that they are what fills the card follows by arithmetic"
        if size and gib > 0.8 * size
        else "the log counts them; what else fills the card is not in it",
        certain=bool(size and gib > 0.8 * size),
    )
