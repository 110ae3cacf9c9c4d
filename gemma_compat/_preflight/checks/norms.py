"""Check whether the norms of the text layers were loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ..result import CheckResult
from ._answers import does_not_apply, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject

_WIDE = 16  # values; fewer may be equal by chance
_FEW = 0.1  # share of the norms


def norms_are_loaded(subject: Subject) -> CheckResult:
    """Check for norms whose values are all equal, as new ones have, among norms that learned."""
    norms = _norms(subject)
    flat = [name for name, weight in norms.items() if bool((weight == weight[0]).all())]
    if len(norms) < 4:
        return does_not_apply("the model has too few norms to compare")
    if not flat or len(flat) > _FEW * len(norms):
        return passed(f"{len(norms) - len(flat)} of {len(norms)} norms hold learned weights")
    return warned(
        f"every value of {flat[0]} is {float(norms[flat[0]][0]):g}, and the other norms learned "
        "theirs: it was not in the checkpoint, or was overwritten",
        help="from_pretrained again, and read its list of missing keys",
    )


def _norms(subject: Subject) -> dict[str, Any]:
    """Return the weights of the norms over the hidden size, by name."""
    found = {}
    for prefix, model in text_models(subject.base):
        for name, parameter in model.named_parameters():
            if "norm" in name and parameter.ndim == 1 and parameter.numel() >= _WIDE:
                found[f"{prefix}.{name}".lstrip(".")] = parameter.detach()
    return found
