"""Check that a loss of the script's own does not depend on how far its rows are padded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import shadow as shadows
from ..cost import left_after_the_step
from ..precision import limit_of, precision_of
from ..result import CheckResult
from ..samples import has_pictures
from ..subject import FORWARD
from ..text import token_id
from ._answers import does_not_apply, first_line, not_run, passed, warned
from .agreement import apart, has_own

if TYPE_CHECKING:
    from ..subject import Subject

_MORE = 32  # tokens of padding to add
_LOOSE = 20  # times the tolerance of a loss: other shapes round otherwise
_SEED = 20_261_127


def padding_changes_nothing(subject: Subject) -> CheckResult:
    """Compare the loss of ``compute_loss`` on the batch with that on the batch padded further."""
    trainer = subject.trainer
    if subject.is_causal or trainer is None or not has_own(subject, "compute_loss"):
        return does_not_apply("no compute_loss of the script works on whole rows")
    padded = _padded(subject)
    if padded is None or has_pictures(subject.batch):
        return not_run("the batch holds no rows with a mask")
    cost = FORWARD * (1 + _grown(subject.batch, padded))
    if cost > left_after_the_step(subject):
        return not_run("the batch is so small that this would cost too much")
    try:
        losses = [_loss(subject, batch) for batch in (subject.batch, padded)]
    except Exception as error:  # probe boundary: the script's own loss, on a batch of ours
        return not_run(f"the loss does not run on a padded batch: {first_line(error)}")
    subject.passes += cost
    if not all(map(math.isfinite, losses)):
        return not_run("the loss is not a number")
    limit = _LOOSE * limit_of(precision_of(subject))
    figure = f"the loss is {losses[0]:.4f}, and {losses[1]:.4f} with {_MORE} more tokens of padding"
    if apart(losses[1], losses[0]) <= limit:
        return passed(figure, f"at most {limit:g} apart")
    return warned(
        f"{figure}: padding is part of what the loss is made from, as where a mean is taken over "
        "all tokens of a row, or its last place is read",
        f"at most {limit:g} apart",
        help="(hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True), or the last token "
        "that the mask keeps",
    )


def _padded(subject: Subject) -> dict[str, Any] | None:
    """Return the batch with more padding on the side where it has some; ``None`` without a mask."""
    masks = {
        name: value
        for name, value in subject.batch.items()
        if "mask" in name and getattr(value, "ndim", 0) == 2 and not value.is_floating_point()
    }
    if not masks:
        return None
    pad = token_id(subject, "pad_token_id") or 0
    shapes = {tuple(value.shape): value for value in masks.values()}
    found = dict(subject.batch)
    for name, value in subject.batch.items():
        mask = shapes.get(tuple(getattr(value, "shape", ())))
        if mask is None or value.is_floating_point():
            continue
        fill = 0 if name in masks or "type" in name else -100 if "label" in name else pad
        found[name] = _longer(value, fill, left=bool((mask[:, 0] == 0).any()))
    return found


def _longer(value: Any, fill: int, *, left: bool) -> Any:
    import torch

    return torch.nn.functional.pad(value, (_MORE, 0) if left else (0, _MORE), value=fill)


def _grown(batch: dict[str, Any], padded: dict[str, Any]) -> float:
    """Return how many times larger the padded batch is."""
    sizes = [sum(v.numel() for v in b.values() if hasattr(v, "numel")) for b in (batch, padded)]
    return float(sizes[1] / max(1, sizes[0]))


def _loss(subject: Subject, batch: dict[str, Any]) -> float:
    import torch

    with subject.trial(), torch.no_grad(), subject.precision():
        torch.manual_seed(_SEED)
        subject.model.eval()
        model = shadows.prepared(subject.trainer, subject.model)
        found = float(subject.trainer.compute_loss(model, dict(batch)))
    return found
