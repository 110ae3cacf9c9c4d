"""Answers to too little memory by estimate of the run that the log states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...answer import Answer
from ..base import Case
from .command import command
from .estimate import (
    Run,
    at_least,
    judged,
    lacks,
    largest,
    names_a_model,
    recomputed,
    run_of,
)
from .partly_stated import of_lengths, of_stages, of_weights
from .wording import all_parts, assumed, card_has, known

if TYPE_CHECKING:
    from ....memory import Judgement

_GIB = 1 << 30


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
    return of_lengths(run, told) or of_stages(run, told)


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
    return of_weights(run, told) if run else None


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
        ("gradient_checkpointing=True, if it is not on", command(run)),
        why=f"{all_parts(kept)}{assumed(run, kept)}",
        known=known(told),
        certain=False,
        settles=False,
    )


def _of_step(run: Run, found: Judgement, case: Case, told: bool, least: str = "") -> Answer:
    total = f"{least}{found.total / _GIB:.0f} GiB"
    by = known(told)
    if found.fits is True:
        return Answer(
            f"by estimate a step takes {total}, and {card_has(run)}: what the log states should "
            "fit",
            (
                "nvidia-smi   during the run: does another process hold the card?",
                *_evaluation(run, found),
                "longer rows than stated, images, an evaluation or generation take more",
                command(run),
            ),
            why=f"the largest part is {largest(found)}{assumed(run, found)}",
            known=by,
            certain=False,
            settles=False,
        )
    if run.memory is None:
        return Answer(
            f"by estimate a step takes {total}; the largest part is {largest(found)}",
            (command(run),),
            why=f"the log does not state the card's memory{assumed(run, found)}",
            known=by,
            certain=False,
            settles=False,
        )
    close = "" if found.fits is False else ": too close to call"
    return Answer(
        f"by estimate a step takes {total}, and {card_has(run)}{close}; the largest part is "
        f"{largest(found)}",
        (*_changes(run, found, case), command(run)),
        why=f"{all_parts(found)}{assumed(run, found)}",
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


def _of_standing(run: Run, least: Judgement, told: bool) -> Answer:
    return Answer(
        f"by estimate weights, gradients and optimizer alone take {least.total / _GIB:.0f} GiB, "
        f"before any batch, and {card_has(run)}; the largest part is {largest(least)}",
        (*(f"{change.text}" for change in least.changes if change.fits), command(run)),
        why="; ".join(text for text in (all_parts(least), lacks(run)) if text),
        known=known(told),
        certain=False,
        settles=False,
    )
