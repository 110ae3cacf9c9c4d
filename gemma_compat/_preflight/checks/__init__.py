"""The checks, in the order in which they are made. Cheap ones first; passes are shared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..result import CheckResult, Outcome, Preflight

if TYPE_CHECKING:
    from ...engine.rule import Diagnosis
    from ..subject import Subject

Check = Callable[["Subject"], CheckResult]


def all_checks() -> Iterator[tuple[str, tuple[str, ...], Check]]:
    """Name, the catalogue entries that it points to, and the check."""
    from . import accumulation, agreement, batch, learning, numbers, running

    yield "one-bos", ("F26", "U40"), batch.one_bos
    yield "labels-train", ("U42",), batch.labels_train
    yield "turn-end-is-trained", ("F26", "U41", "U42"), batch.turn_end_is_trained
    yield "template-is-the-models", ("F26",), batch.template_is_the_models
    yield "images-match-tokens", ("F27",), batch.images_match_tokens
    yield "length-fits", (), batch.length_fits
    yield "quantization-is-real", ("U37", "U38", "F25"), running.quantization_is_real
    yield "training-step-runs", ("F3", "U13", "F9", "F18"), running.training_step_runs
    yield "numbers-are-finite", ("F2", "U06", "U07", "F20", "U45"), numbers.numbers_are_finite
    yield "activations-fit", ("F2", "U06", "U07"), numbers.activations_fit
    yield "loss-is-plausible", ("F13", "F14", "F30"), learning.loss_is_plausible
    yield "loss-agrees", ("F5", "F6", "U02", "U03", "U05", "F21"), agreement.loss_agrees
    yield "gradients-agree", ("F17", "U04", "F18"), agreement.gradients_agree
    yield "every-parameter-learns", ("F16", "U32", "F4"), learning.every_parameter_learns
    yield "accumulation-keeps-scale", ("F11", "U14"), accumulation.accumulation_keeps_scale
    yield "evaluation-runs", ("F7", "F8", "U01", "U44"), running.evaluation_runs


def run_checks(subject: Subject, diagnosis: Diagnosis) -> Preflight:
    """Every check once. One that runs out of memory says so; the others still run."""
    results = []
    for name, entries, check in all_checks():
        before = subject.passes
        found = check(subject)
        rules = found.rules or _rules(diagnosis, entries, found)
        results.append(
            CheckResult(
                name, found.outcome, found.figure, found.tolerance, rules, subject.passes - before
            )
        )
    model_type = diagnosis.facts.model.get("model_type") or type(subject.base).__name__
    return Preflight(str(model_type), tuple(results))


def _rules(diagnosis: Diagnosis, entries: tuple[str, ...], found: CheckResult) -> tuple[str, ...]:
    """The rules about these entries that fire on this stack, else those that may."""
    if found.outcome in (Outcome.PASS, Outcome.NOT_RUN):
        return ()
    fired = [item.rule for item in diagnosis.findings]
    open_ = [item.rule for item in diagnosis.undetermined]
    for rules in (fired, open_):
        codes = [rule.code for rule in rules if set(rule.covers) & set(entries)]
        if codes:
            return tuple(dict.fromkeys(codes))
    return ()
