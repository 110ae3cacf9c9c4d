"""The checks, in the order in which they are made. Cheap ones first; passes are shared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..result import CheckResult, Outcome, Preflight

if TYPE_CHECKING:
    from ...engine.effects import Effect
    from ...engine.rule import Diagnosis
    from ..subject import Subject

Check = Callable[["Subject"], CheckResult]


def all_checks() -> Iterator[tuple[str, tuple[Effect, ...], Check]]:
    """Name, the effects that its rules have, and the check."""
    from . import accumulation, agreement, batch, learning, numbers, running

    yield "one-bos", ("missing-bos",), batch.one_bos
    yield "labels-train", ("labels-masked",), batch.labels_train
    yield "turn-end-is-trained", ("wrong-turn-end", "labels-masked"), batch.turn_end_is_trained
    yield "template-is-the-models", ("missing-bos", "labels-masked"), batch.template_is_the_models
    yield "images-match-tokens", ("images-mismatch",), batch.images_match_tokens
    yield "length-fits", (), batch.length_fits
    yield "quantization-is-real", ("weights-not-quantized",), running.quantization_is_real
    yield "training-step-runs", ("crash-in-training",), running.training_step_runs
    yield "numbers-are-finite", ("not-a-number",), numbers.numbers_are_finite
    yield "activations-fit", ("float16-overflow",), numbers.activations_fit
    yield "loss-is-plausible", ("random-weights", "wrong-weights-saved"), learning.loss_is_plausible
    yield "loss-agrees", ("wrong-loss", "wrong-attention"), agreement.loss_agrees
    yield "gradients-agree", ("wrong-gradients",), agreement.gradients_agree
    yield (
        "every-parameter-learns",
        ("nothing-learned", "adapter-refused"),
        learning.every_parameter_learns,
    )
    yield "accumulation-keeps-scale", ("wrong-loss-scale",), accumulation.accumulation_keeps_scale
    yield "evaluation-runs", ("crash-in-evaluation",), running.evaluation_runs


def run_checks(subject: Subject, diagnosis: Diagnosis) -> Preflight:
    """Every check once. One that runs out of memory says so; the others still run."""
    results = []
    for name, effects, check in all_checks():
        before = subject.passes
        found = check(subject)
        rules = found.rules or _rules(diagnosis, effects, found)
        results.append(
            CheckResult(
                name, found.outcome, found.figure, found.tolerance, rules, subject.passes - before
            )
        )
    model_type = diagnosis.facts.model.get("model_type") or type(subject.base).__name__
    return Preflight(str(model_type), tuple(results))


def _rules(
    diagnosis: Diagnosis, effects: tuple[Effect, ...], found: CheckResult
) -> tuple[str, ...]:
    """The rules with these effects that fire on this stack, else those that may."""
    if found.outcome in (Outcome.PASS, Outcome.NOT_RUN):
        return ()
    fired = [item.rule for item in diagnosis.findings]
    open_ = [item.rule for item in diagnosis.undetermined]
    for rules in (fired, open_):
        codes = [rule.code for rule in rules if set(rule.effects) & set(effects)]
        if codes:
            return tuple(dict.fromkeys(codes))
    return ()
