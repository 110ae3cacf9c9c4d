"""Is the network that is trained the one that will be run?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import passes
from ..result import CheckResult
from ._answers import failed, first_line, not_run, passed

if TYPE_CHECKING:
    from ..subject import Subject

# Relative difference of two losses, and what a gradient may lose to rounding, by the dtype that
# is computed in. Measured on right runs: bf16 autocast costs a cosine of 1e-4 and 1.4% of norm.
_LOSS = {"float32": 1e-4, "float16": 5e-3, "bfloat16": 1e-2}
_COSINE = {"float32": 0.999, "float16": 0.99, "bfloat16": 0.98}
_NORM = {"float32": 0.01, "float16": 0.05, "bfloat16": 0.1}
_TINY = 1e-5  # of the largest gradient norm: below it a direction is rounding


def loss_agrees(subject: Subject) -> CheckResult:
    """The training forward against eval mode with the cache on, both without dropout."""
    run = run_of(subject)
    if run.loss is None:
        return not_run("the training step does not run")
    try:
        reference = passes.reference_loss(subject)
    except Exception as error:  # probe boundary: the reference is a run of the user's model too
        return not_run(f"the reference does not run: {first_line(error)}")
    limit = _LOSS[precision_of(subject)]
    difference = abs(run.loss - reference) / max(abs(reference), 1e-12)
    figure = f"training {run.loss:.5f}, reference {reference:.5f}, {difference:.2g} apart"
    good = difference <= limit
    return (passed if good else failed)(figure, f"at most {limit:g}, {precision_of(subject)}")


def gradients_agree(subject: Subject) -> CheckResult:
    """Gradients with the run's checkpointing against those without, parameter by parameter."""
    if not (passes.wants_checkpointing(subject) or passes.is_checkpointing(subject.model)):
        return not_run("the run does not checkpoint")
    if run_of(subject).loss is None:
        return not_run("the training step does not run")
    with_it = _short_run(subject)
    without = passes.run_pass(subject, checkpointing=False, short=True)
    for found in (with_it, without):
        if found.is_out_of_memory:
            return not_run(f"out of memory on {passes.SHORT} tokens without checkpointing")
        if found.error is not None:
            return failed(f"one of two passes failed: {first_line(found.error)}")
    return _compare(with_it, without, precision_of(subject))


def run_of(subject: Subject) -> passes.Pass:
    """The pass as the run makes it, on the whole batch; made once."""
    if "run" not in subject.kept:
        subject.kept["run"] = passes.run_pass(subject, checkpointing=True)
    found: passes.Pass = subject.kept["run"]
    return found


def precision_of(subject: Subject) -> str:
    """The dtype that matrix products run in: autocast's, else that of the weights."""
    import torch

    device = next(subject.model.parameters()).device.type
    with subject.precision():
        if torch.is_autocast_enabled(device):
            return str(torch.get_autocast_dtype(device)).removeprefix("torch.")
    dtypes = {p.dtype for p in subject.base.parameters() if p.is_floating_point()}
    for dtype in (torch.bfloat16, torch.float16):
        if dtype in dtypes:
            return str(dtype).removeprefix("torch.")
    return "float32"


def _short_run(subject: Subject) -> passes.Pass:
    whole = passes.shortened(subject.batch) is subject.batch
    return run_of(subject) if whole else passes.run_pass(subject, checkpointing=True, short=True)


def _compare(one: passes.Pass, other: passes.Pass, precision: str) -> CheckResult:
    """The worst parameter decides; the figure names it."""
    lost = [n for n, norm in other.norms.items() if norm and not one.norms.get(n)]
    if lost:
        return failed(f"{len(lost)} parameters lose their gradient, {lost[0]} first")
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
    return (passed if good else failed)(figure, limits)


def _norm(tensor: Any) -> float:
    return float(tensor.norm())


def _cosine(one: Any, other: Any) -> float:
    import torch

    return float(torch.nn.functional.cosine_similarity(one.flatten(), other.flatten(), dim=0))
