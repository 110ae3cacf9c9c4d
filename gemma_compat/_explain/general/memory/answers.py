"""Answers to too little memory by estimate of the run that the log states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...answer import Answer
from ..base import Case
from .command import command, not_set
from .estimate import (
    Run,
    at_least,
    judged,
    lacks,
    largest,
    names_a_model,
    recomputed,
    run_of,
    weights_of,
    words_of,
)

if TYPE_CHECKING:
    from ....memory import Judgement

_GIB = 1 << 30
_LENGTHS = (512, 2048)  # tokens of a row, where the log does not state them
TOLD = "a sentence tells of it, and no cause is known from that; the figures are an estimate"


def by_estimate(case: Case, told: bool = False) -> Answer | None:
    """Answer by the library's estimate of the run that the log states.

    Args:
        told: whether only a sentence tells of the failure.

    Returns:
        the answer; ``None`` where the log does not even state the size of the model.
    """
    return of_a_step(case, told) or of_the_weights(case, told)


def of_a_step(case: Case, told: bool = False) -> Answer | None:
    """Answer where the log states enough for the estimate of a step, or of what stands before it.

    Args:
        told: whether only a sentence tells of the failure.
    """
    run = _run_on_one_card(case)
    if run is None:
        return None
    found = judged(run)
    if found is not None:
        less = None if run.is_unsloth else recomputed(run)
        if less is not None and found.fits is not True:
            if less.fits is not False and run.memory:
                return _where_recomputed_fits(run, found, less, told)
            return _of_step(run, less, case, told, "at least ")
        return _of_step(run, found, case, told)
    least = at_least(run)
    if least is not None and least.fits is False:
        return _of_standing(run, least, told)
    return _of_lengths(run, told) or _of_stages(run, told)


def that_fits(case: Case) -> str:
    """Return, as the end of a sentence, the estimate of a step that should fit; else nothing."""
    run = _run_on_one_card(case)
    found = judged(run) if run else None
    if found is None or found.fits is not True:
        return ""
    return f"; by estimate a step takes {found.total / _GIB:.0f} GiB, which should fit"


def of_the_weights(case: Case, told: bool = False) -> Answer | None:
    """Answer with what the weights take, where the log states the model and little else.

    Args:
        told: whether only a sentence tells of the failure.
    """
    run = _run_on_one_card(case)
    return _of_weights(run, told) if run else None


def _run_on_one_card(case: Case) -> Run | None:
    """Return the run, if its model is known and each card holds a share of it that is known."""
    if not names_a_model(case):
        return None
    run = run_of(case)
    return None if case.log.spread and (run.cards or 1) > 1 else run


def _where_recomputed_fits(run: Run, kept: Judgement, less: Judgement, told: bool) -> Answer:
    """Answer where it fits, or nearly, only if layers recompute their activations."""
    return Answer(
        f"by estimate a step takes {kept.total / _GIB:.0f} GiB where each layer's activations are "
        f"kept, and {less.total / _GIB:.0f} GiB with gradient_checkpointing=True; the log does not "
        f"say which, and {card_has(run)}",
        (command(run), "gradient_checkpointing=True, if it is not on"),
        why=f"{_all_parts(kept)}{_assumed(run, kept)}",
        known=_known(told),
        certain=False,
        settles=False,
    )


def _of_step(run: Run, found: Judgement, case: Case, told: bool, least: str = "") -> Answer:
    total = f"{least}{found.total / _GIB:.0f} GiB"
    by = _known(told)
    if found.fits is True:
        return Answer(
            f"by estimate a step takes {total}, and {card_has(run)}: what the log states should "
            "fit",
            (
                command(run),
                *_evaluation(run, found),
                "nvidia-smi   during the run: does another process hold the card?",
                "longer rows than stated, images, an evaluation or generation take more",
            ),
            why=f"the largest part is {largest(found)}{_assumed(run, found)}",
            known=by,
            certain=False,
            settles=False,
        )
    if run.memory is None:
        return Answer(
            f"by estimate a step takes {total}; the largest part is {largest(found)}",
            (command(run),),
            why=f"the log does not state the card's memory{_assumed(run, found)}",
            known=by,
            certain=False,
            settles=False,
        )
    close = "" if found.fits is False else ": too close to call"
    return Answer(
        f"by estimate a step takes {total}, and {card_has(run)}{close}; the largest part is "
        f"{largest(found)}",
        (command(run), *_changes(run, found, case)),
        why=f"{_all_parts(found)}{_assumed(run, found)}",
        known=by,
        certain=False,
        settles=False,
    )


def _evaluation(run: Run, found: Judgement) -> tuple[str, ...]:
    """Return what an evaluation takes, if the run has one."""
    if run.facts.training.get("evaluates") is not True:
        return ()
    row = 4 * found.setup.tokens * found.shape.vocabulary / _GIB
    return (
        f"does it fail while it evaluates? A row of {found.setup.tokens:,} tokens has "
        f"{row:.0f} GiB of float32 logits: prediction_loss_only=True, "
        "per_device_eval_batch_size=1",
    )


def card_has(run: Run) -> str:
    """Return what one card has, as a clause."""
    size = f"{(run.memory or 0) / 1024:.0f} GiB"
    shared = f", of which vLLM takes {run.share:.0%}" if run.share else ""
    return f"a card has {size}{shared}"


def _changes(run: Run, found: Judgement, case: Case) -> tuple[str, ...]:
    """Return what makes it fit, each on top of those before it, without what is set already."""
    kept = []
    for change in found.changes:
        text = change.text
        if text.startswith("PYTORCH_CUDA_ALLOC_CONF") and "expandable_segments" in case.above:
            continue
        if text.startswith("FSDP over") and run.is_unsloth:
            continue  # Unsloth trains on one card
        if text.startswith("a loss in chunks") and (
            case.facts.training.get("generates") or case.log.told.get("rollouts")
        ):
            text = "the loss in chunks, where the trainer has it (Liger)"
        fits = ": fits" if change.fits else ""
        kept.append(f"{text}   {change.total / _GIB:.0f} GiB{fits}")
    if kept and not found.changes[-1].fits:
        kept.append("none of these, and not all of them together, fit such a card")
    return tuple(kept[-5:])


def _all_parts(found: Judgement) -> str:
    parts = sorted(found.parts, key=lambda part: -part.bytes)[:5]
    return ", ".join(
        f"{part.name} {part.bytes / _GIB:.1f} GiB" for part in parts if part.bytes > _GIB // 20
    )


def _assumed(run: Run, found: Judgement) -> str:
    """Return what was assumed, as the end of a sentence; empty if nothing was."""
    assumed = list(found.assumed)
    if run.is_unsloth:
        assumed = [text for text in assumed if "checkpointing" not in text and "loss" not in text]
        assumed.append(
            "layers recomputed and the loss in chunks, as Unsloth does (--gradient-checkpointing "
            "--liger)"
        )
    return f"; assumed: {', '.join(assumed[:4])}" if assumed else ""


def _known(told: bool) -> str:
    return TOLD if told else "by the estimate of `memory`, from what the log states"


def _of_standing(run: Run, least: Judgement, told: bool) -> Answer:
    return Answer(
        f"by estimate weights, gradients and optimizer alone take {least.total / _GIB:.0f} GiB, "
        f"before any batch, and {card_has(run)}; the largest part is {largest(least)}",
        (command(run), *(f"{change.text}" for change in least.changes if change.fits)),
        why="; ".join(text for text in (_all_parts(least), lacks(run)) if text),
        known=_known(told),
        certain=False,
        settles=False,
    )


def _of_stages(run: Run, told: bool) -> Answer | None:
    """Answer with ZeRO 2 and 3, if only the stage is not stated."""
    staged, found = _by_stage(run), weights_of(run)
    if not staged or found is None:
        return None
    return Answer(
        f"{staged}, before any batch, and {card_has(run)}" if run.memory else staged,
        (command(run),),
        why=f"the weights alone are {found[1]:.0f} GiB; {lacks(run)}",
        known=_known(told),
        certain=False,
        settles=False,
    )


def _of_weights(run: Run, told: bool) -> Answer | None:
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
        (command(run), *not_set(run)),
        why=f"{_logits_of_a_row(run)}{lacks(run)}",
        known=_known(told),
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


def _of_lengths(run: Run, told: bool) -> Answer | None:
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
        (command(run), *not_set(run)),
        why=f"the weights alone are {weights[1]:.0f} GiB; {lacks(run)}{_assumed(run, longest)}"
        if weights
        else lacks(run),
        known=_known(told),
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
