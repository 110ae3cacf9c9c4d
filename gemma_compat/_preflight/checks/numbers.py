"""Check whether loss, gradients and activations fit the run's dtype."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..passes import Pass
from ..result import CheckResult
from ._answers import NO_STEP, failed, not_run, passed, warned
from .agreement import has_own, run_of

if TYPE_CHECKING:
    from ..subject import Subject

_NEAR = (
    1 / 8
)  # of the dtype's largest number; activations may grow by this much in a few hundred steps


def numbers_are_finite(subject: Subject) -> CheckResult:
    """Check that loss and gradients are finite in the run's own precision."""
    run = run_of(subject)
    if run.loss is None:
        return not_run(NO_STEP)
    bad = [name for name, norm in run.norms.items() if norm is not None and not math.isfinite(norm)]
    help = _instead(next(subject.model.parameters()).device)
    if not math.isfinite(run.loss) and has_own(subject, "compute_loss") and not _lost(run):
        return failed(
            f"the loss is {run.loss}, and every layer's output is finite: it comes from your "
            "compute_loss",
            help="look for a division by 0 or the logarithm of 0 there",
        )
    if not math.isfinite(run.loss):
        return failed(
            f"the loss is {run.loss}; {_first_layer(run)}", help=help if _half(run) else ""
        )
    if bad:
        return failed(
            f"{len(bad)} of {len(run.norms)} gradients are not finite, {bad[0]} first",
            help=help if _half(run) else "",
        )
    return passed(f"loss {run.loss:.4f}, {len(run.norms)} gradients finite")


def _instead(device: Any) -> str:
    """Return the arguments in place of float16 that this device computes well."""
    import torch

    if device.type == "cuda" and torch.cuda.get_device_capability(device) < (8, 0):
        return "float32 instead of float16: fp16=False, dtype=torch.float32; no bfloat16 here"
    return "bfloat16 instead of float16: bf16=True, dtype=torch.bfloat16"


def _half(run: Pass) -> bool:
    return any(dtype == "float16" for _, dtype in run.peaks.values())


def activations_fit(subject: Subject) -> CheckResult:
    """Compare the largest output of a decoder layer with the largest number of its dtype."""
    import torch

    peaks = run_of(subject).peaks
    if not peaks:
        return not_run("no decoder layer was seen")
    shares = {
        path: peak / torch.finfo(getattr(torch, dtype)).max for path, (peak, dtype) in peaks.items()
    }
    lost = [path for path, share in shares.items() if not math.isfinite(share)]
    if lost:
        return failed(
            f"{lost[0]} overflows {peaks[lost[0]][1]}",
            help=_instead(next(subject.model.parameters()).device),
        )
    worst = max(shares, key=lambda path: shares[path])
    peak, dtype = peaks[worst]
    figure = f"at most {peak:.3g} in {worst}, {shares[worst]:.1%} of {dtype}"
    if shares[worst] <= _NEAR:
        return passed(figure, f"at most {_NEAR:.1%}")
    help = _instead(next(subject.model.parameters()).device)
    return warned(figure, f"at most {_NEAR:.1%}", help=help)


def _first_layer(run: Pass) -> str:
    lost = _lost(run)
    if not lost:
        return "no decoder layer overflows"
    return f"{lost[0]} is the first that overflows {run.peaks[lost[0]][1]}"


def _lost(run: Pass) -> list[str]:
    """Return the paths of the layers whose output is not finite, in order."""
    return [path for path, (peak, _) in run.peaks.items() if not math.isfinite(peak)]
