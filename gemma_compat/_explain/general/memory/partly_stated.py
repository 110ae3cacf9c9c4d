"""Answers where the log states too little for one step: two lengths, two stages, or the weights."""

from __future__ import annotations

from ...answer import Answer
from .command import command, smaller_run
from .estimate import Run, at_least, judged, lacks, largest, weights_of, words_of
from .wording import assumed, card_has, known

_GIB = 1 << 30
_LENGTHS = (512, 2048)  # tokens of a row, where the log does not state them


def of_lengths(run: Run, told: bool) -> Answer | None:
    """Answer with two lengths of rows, if the length is all that the log does not state."""
    training = run.facts.training
    if training.get("max_length"):
        return None
    sizes, longest = [], None
    for tokens in _LENGTHS:
        rows = run.facts.replace(training=training.replace(max_length=tokens))
        found = judged(run.replace(facts=rows))
        if found is None:
            return None
        longest = found
        sizes.append(f"{found.total / _GIB:.0f} GiB at {tokens:,} tokens a row")
    assert longest is not None
    rows_stated = training.per_device_train_batch_size
    batch = f"{rows_stated} rows" if rows_stated > 1 else "one row"
    card = f"; {card_has(run)}" if run.memory else ""
    weights = weights_of(run)
    return Answer(
        f"by estimate a step with {batch} takes {' and '.join(sizes)}, which the log does not "
        f"state{card}; the largest part there is {largest(longest)}",
        (*smaller_run(run), command(run)),
        why=f"the weights alone are {weights[1]:.0f} GiB; {lacks(run)}{assumed(run, longest)}"
        if weights
        else lacks(run),
        known=known(told),
        certain=False,
        settles=False,
    )


def of_stages(run: Run, told: bool) -> Answer | None:
    """Answer with ZeRO 2 and 3, if only the stage is not stated."""
    staged, found = _by_stage(run), weights_of(run)
    if not staged or found is None:
        return None
    return Answer(
        f"{staged}, before any batch, and {card_has(run)}" if run.memory else staged,
        (command(run),),
        why=f"the weights alone are {found[1]:.0f} GiB; {lacks(run)}",
        known=known(told),
        certain=False,
        settles=False,
    )


def _by_stage(run: Run) -> str:
    """Return what stands before a batch under ZeRO 2 and 3, if only the stage is not stated."""
    training = run.facts.training
    if training.get("distributed") != "deepspeed" or training.get("deepspeed_stage"):
        return ""
    if not run.cards or training.get("peft") is None:
        return ""
    sizes = []
    for stage in (2, 3):
        staged = run.facts.replace(training=training.replace(deepspeed_stage=stage))
        found = at_least(run.replace(facts=staged))
        if found is not None:
            sizes.append(f"{found.total / _GIB:.0f} GiB under ZeRO-{stage}")
    if not sizes:
        return ""
    return (
        f"by estimate weights, gradients and optimizer take, on each of {run.cards} cards, "
        f"{sizes[0]} or {sizes[-1]}"
    )


def of_weights(run: Run, told: bool) -> Answer | None:
    """Answer by the weights alone, where the run states no more; nothing if they are unknown."""
    found = weights_of(run)
    if found is None:
        return None
    bits = run.facts.model.get("quantization_bits")
    form = f"{bits} bits" if bits else "float32"
    if not bits and run.facts.model.get("dtype") != "float32":
        form = "bf16"
    card = f", and {card_has(run)}" if run.memory else ""
    digits = 0 if found[1] >= 2 else 1
    return Answer(
        f"the weights take {found[1]:.{digits}f} GiB in all ({found[0]:.1f} billion, {form}){card};"
        " for the rest of a step the log states too little",
        (*smaller_run(run), command(run)),
        why=f"{_logits_of_a_row(run)}{lacks(run)}",
        known=known(told),
        certain=False,
        settles=False,
    )


def _logits_of_a_row(run: Run) -> str:
    """Return what the logits of one row take, where that is much; empty if not stated."""
    length, words = run.facts.training.get("max_length"), words_of(run)
    if not isinstance(length, int) or not words:
        return ""
    halves = 2 * length * words / _GIB
    if halves < 1:
        return ""
    return (
        f"the logits of one row of {length:,} tokens alone are {halves:.0f} GiB in 16 bits and "
        f"{2 * halves:.0f} in float32, where the loss is not computed in chunks; "
    )
