"""Check what evaluation is planned for: the best checkpoint, its metric, and what it keeps."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..samples import span, two_dimensional
from ..text import text_config_of
from ._answers import NO_TRAINER, does_not_apply, failed, not_run, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject

_LOWER = ("loss", "perplexity", "ppl", "wer", "cer", "error_rate", "rmse", "mse", "mae")
_HIGHER = ("accuracy", "f1", "bleu", "sacrebleu", "rouge1", "rouge2", "rougel", "exact_match")
_ENOUGH = 8  # rows on each side
_MOST = 0.9  # of the rows on one side
_TOO_MUCH = 0.5  # share of the memory that the logits of an evaluation may take


def evaluation_makes_sense(subject: Subject) -> CheckResult:
    """Check the metric of the best checkpoint, evaluation labels, and logits that pile up."""
    if subject.trainer is None:
        return not_run(NO_TRAINER)
    if getattr(subject.trainer, "eval_dataset", None) is None:
        return does_not_apply("the run has no evaluation data")
    found = (
        _of_direction(subject)
        or _of_metric(subject)
        or _of_labels(subject)
        or _of_masks(subject)
        or _of_logits(subject)
    )
    return found or passed("the metric, the labels and the logits of an evaluation are in order")


def best_metric(subject: Subject) -> str:
    """Return the metric that chooses the best checkpoint, without ``eval_``; else nothing."""
    return str(subject.value("metric_for_best_model", "")).removeprefix("eval_")


def _of_direction(subject: Subject) -> CheckResult | None:
    """Judge whether the largest or the smallest value counts as the best."""
    metric, greater = best_metric(subject), subject.value("greater_is_better")
    last = metric.rpartition("_")[2] if metric not in _LOWER else metric
    if greater is True and (metric in _LOWER or last in _LOWER):
        kept, other = "largest", False
    elif greater is False and metric in _HIGHER:
        kept, other = "smallest", True
    else:
        return None
    return warned(
        f"the checkpoint with the {kept} {metric} counts as the best one: "
        f"greater_is_better={greater}",
        help=f"greater_is_better={other}",
    )


def _of_metric(subject: Subject) -> CheckResult | None:
    """Judge a metric that no evaluation of a plain Trainer returns."""
    metric, trainer = best_metric(subject), subject.trainer
    if not metric or not evaluates(subject) or not is_plain(trainer):
        return None
    several = trainer.eval_dataset if isinstance(trainer.eval_dataset, dict) else None
    own = {"loss", "runtime", "samples_per_second", "steps_per_second"}
    known = own if several is None else {f"{key}_{name}" for key in several for name in own}
    if metric in known or (trainer.compute_metrics is not None and metric not in own):
        return None
    have = "no compute_metrics" if trainer.compute_metrics is None else "several evaluation sets"
    return failed(
        f"metric_for_best_model={metric!r}, and the run has {have}: the first evaluation ends "
        "with a KeyError",
        help=f"metric_for_best_model={'eval_' + min(known)!r}, or a compute_metrics that "
        f"returns {metric!r}",
    )


def is_plain(trainer: Any) -> bool:
    """Return whether the evaluation is transformers' own, so that its metrics are known."""
    from transformers import Trainer

    names = ("evaluate", "evaluation_loop", "_evaluate", "_determine_best_metric", "log")
    return all(getattr(type(trainer), name, None) is getattr(Trainer, name, None) for name in names)


def evaluates(subject: Subject) -> bool:
    strategy = subject.value("eval_strategy", "no")
    return str(getattr(strategy, "value", strategy)) != "no"


def _of_labels(subject: Subject) -> CheckResult | None:
    """Judge evaluation rows of which nothing counts: their loss is not a number."""
    labels = [
        found
        for b in subject.evaluated
        if "input_ids" in b and (found := two_dimensional(b, "labels")) is not None
    ]
    if not subject.is_causal or not labels or any(bool((part != -100).any()) for part in labels):
        return None
    return warned(
        f"every label of {sum(len(part) for part in labels)} evaluation rows is -100: the "
        "evaluation loss is not a number",
        help="make the labels of eval_dataset as those of train_dataset",
    )


def _of_masks(subject: Subject) -> CheckResult | None:
    """Judge prompts that are masked in training and trained in evaluation, or the other way."""
    if not subject.is_causal:
        return None
    trained, held = _masked(subject.scanned), _masked(subject.evaluated)
    if len(trained) < _ENOUGH or len(held) < _ENOUGH:
        return None
    shares = [sum(rows) / len(rows) for rows in (trained, held)]
    if max(shares) < _MOST or min(shares) > 0.0:
        return None
    where, other = "training", "evaluation"
    if shares[0] < shares[1]:
        where, other = other, where
    return warned(
        f"prompts are masked in the {where} rows and not in the {other} rows: the two losses are "
        "of different tokens and cannot be compared",
        help="make eval_dataset by the same function and collator as train_dataset",
    )


def _masked(batches: list[Any]) -> list[bool]:
    """Return for each row whether the beginning of its text has no label."""
    found = []
    for batch in batches:
        labels = two_dimensional(batch, "labels") if "input_ids" in batch else None
        if labels is None:
            continue
        for row in range(len(labels)):
            start, end = span(batch, row)
            found.append(end - start > 8 and bool((labels[row, start : start + 4] == -100).all()))
    return found


def _of_logits(subject: Subject) -> CheckResult | None:
    """Judge the logits of all evaluation rows, which ``compute_metrics`` gets at once."""
    trainer, width = subject.trainer, getattr(text_config_of(subject), "vocab_size", 0)
    ids: Any = subject.evaluated[0].get("input_ids") if subject.evaluated else None
    if getattr(ids, "ndim", 0) != 2 or not subject.is_causal or not _keeps_logits(subject):
        return None
    rows, tokens = len(trainer.eval_dataset), ids.shape[1]
    takes = rows * tokens * width * next(subject.model.parameters()).element_size()
    room, where = _memory(subject)
    if takes <= _TOO_MUCH * room:
        return None
    return warned(
        f"an evaluation keeps the logits of all {rows} rows for compute_metrics: "
        f"{takes / 2**30:.0f} GiB, and {where} has {room / 2**30:.0f}",
        help="preprocess_logits_for_metrics=lambda logits, labels: logits.argmax(-1)",
    )


def _keeps_logits(subject: Subject) -> bool:
    trainer = subject.trainer
    return (
        is_plain(trainer)
        and trainer.compute_metrics is not None
        and getattr(trainer, "preprocess_logits_for_metrics", None) is None
        and hasattr(trainer.eval_dataset, "__len__")
        and not isinstance(trainer.eval_dataset, dict)
        and not subject.value("batch_eval_metrics")
        and not subject.value("prediction_loss_only")
    )


def _memory(subject: Subject) -> tuple[float, str]:
    """Return the bytes of the memory where outputs pile up, and its name."""
    import torch

    device = next(subject.model.parameters()).device
    if device.type == "cuda" and not subject.value("eval_accumulation_steps"):
        return float(torch.cuda.get_device_properties(device).total_memory), "the GPU"
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return float("inf"), "this machine"
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")), "this machine"
