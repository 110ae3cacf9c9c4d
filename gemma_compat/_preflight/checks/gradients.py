"""Check whether checkpointing keeps the gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...tables.renamed_arguments import renamed_for
from .. import passes
from ..chance import largest_dropout
from ..precision import precision_of
from ..result import CheckResult
from ._answers import NO_STEP, does_not_apply, failed, first_line, not_run, passed
from .agreement import run_of

if TYPE_CHECKING:
    from ..subject import Subject

# Limits for rounding. bf16 autocast alone was seen to cost 1e-4 of the cosine and 1.4% of the norm.
_COSINE = {"float32": 0.999, "float16": 0.99, "bfloat16": 0.98}
_NORM = {"float32": 0.01, "float16": 0.05, "bfloat16": 0.1}
_TINY = 1e-5  # of the largest gradient norm; the direction of a smaller one is rounding


def gradients_agree(subject: Subject) -> CheckResult:
    """Compare the gradients with the run's checkpointing and without, parameter by parameter."""
    if not (passes.wants_checkpointing(subject) or passes.is_checkpointing(subject.model)):
        return does_not_apply("the run does not checkpoint")
    if masked := _without_random_state(subject):
        return masked
    if run_of(subject).loss is None:
        return not_run(NO_STEP)
    whole = passes.short_of(subject) is subject.batch
    with_it = run_of(subject) if whole else passes.run_pass(subject, checkpointing=True, short=True)
    without = passes.run_pass(subject, checkpointing=False, short=True)
    for found in (with_it, without):
        if found.is_out_of_memory:
            return not_run(f"out of memory on {passes.SHORT} tokens without checkpointing")
        if found.error is not None:
            return failed(
                f"a pass without checkpointing fails: {first_line(found.error)}"
                if found is without
                else f"a pass on {passes.SHORT} tokens fails: {first_line(found.error)}",
                help="the traceback of trainer.train() shows where",
            )
    return _compare(with_it, without, subject)


def _without_random_state(subject: Subject) -> CheckResult | None:
    """Judge checkpointing that draws other dropout masks when it computes a layer again.

    The passes compared here have no dropout, so it is told by the options.
    """
    options = dict(subject.checkpointing_options() or {})
    for module in subject.model.modules():
        function = vars(module).get("_gradient_checkpointing_func")
        options.update(getattr(function, "keywords", None) or {})
    rate = largest_dropout(subject.model)
    if options.get("preserve_rng_state", True) or not rate:
        return None
    return failed(
        f"checkpointing has preserve_rng_state=False beside a dropout of {rate:g}: a layer that is "
        "computed again drops other values, and the gradients are of another pass",
        help="leave preserve_rng_state out, or set every dropout to 0",
    )


def _compare(one: passes.Pass, other: passes.Pass, subject: Subject) -> CheckResult:
    """Judge by the worst parameter, which the figure names."""
    lost = [n for n, norm in other.norms.items() if norm and not one.norms.get(n)]
    precision = precision_of(subject)
    help = renamed_for(
        "gradient_checkpointing_kwargs={'use_reentrant': False}, or gemma_compat.patch(model)",
        subject.base,
    )
    if lost:
        return failed(
            f"{len(lost)} parameters lose their gradient under checkpointing, {lost[0]} first",
            help=help,
        )
    floor = _TINY * max((norm or 0.0 for norm in other.norms.values()), default=0.0)
    names = [n for n in other.sample if n in one.sample and (other.norms[n] or 0.0) > floor]
    if not names:
        return not_run("no gradient is large enough to compare")
    cosines = {n: _cosine(one.sample[n], other.sample[n]) for n in names}
    errors = {n: abs(_norm(one.sample[n]) / _norm(other.sample[n]) - 1) for n in names}
    worst, far = min(cosines, key=lambda n: cosines[n]), max(errors, key=lambda n: errors[n])
    figure = (
        f"worst cosine {cosines[worst]:.5f} ({worst}), norm off by at most {errors[far]:.2%}, "
        f"{len(names)} of {len(other.norms)} parameters"
    )
    good = cosines[worst] >= _COSINE[precision] and errors[far] <= _NORM[precision]
    limits = f"at least {_COSINE[precision]:g}, at most {_NORM[precision]:.0%}, {precision}"
    return passed(figure, limits) if good else failed(figure, limits, help=help)


def _norm(tensor: Any) -> float:
    return float(tensor.norm())


def _cosine(one: Any, other: Any) -> float:
    import torch

    return float(torch.nn.functional.cosine_similarity(one.flatten(), other.flatten(), dim=0))
