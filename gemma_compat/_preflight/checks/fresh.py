"""Check whether the weights were learned, or are random as new ones are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ..result import CheckResult
from ._answers import does_not_apply, not_run, passed, warned
from .adapters import tuned

if TYPE_CHECKING:
    from ..subject import Subject

ALL_NEW = "all-new"  # in subject.kept: whether no matrix was learned
SOME_NEW = "some-new"  # in subject.kept: whether some matrices were not
_SIDE = 32  # rows and columns that a matrix needs; fewer tell nothing
_BLOCK = (256, 1024)  # rows and columns to look at
_LARGE = 100_000  # values; of so many, no learned matrix looks like a draw of any spread
_NORMAL, _UNIFORM = 3.0, 1.8  # kurtosis of a normal and of a uniform draw
_SIGMAS = 4.0  # how far an estimate of a random matrix may be off
_MOST = 0.9  # share of new matrices from which on the whole model is new


def weights_are_loaded(subject: Subject) -> CheckResult:
    """Look for matrices whose values are independent draws: training gives each row its own spread.

    A learned matrix has rows and columns of different sizes and heavy tails: in the published Gemma
    3 270M the most even one is 1.4 times as uneven as a draw, and its kurtosis is 3.2, not 3.0.
    """
    models = text_models(subject.base)
    if not models:
        return does_not_apply("the model has no language model")
    spread = getattr(models[0][1].config, "initializer_range", 0.02) or 0.02
    judged = {name: _is_draw(p, spread) for name, p in _matrices(subject)}
    new = [name for name, is_new in judged.items() if is_new]
    subject.kept[ALL_NEW] = bool(new) and len(new) >= _MOST * len(judged)
    if not judged:
        return not_run("the model has no matrix that is large enough")
    if subject.kept[ALL_NEW]:
        return passed("every matrix is new: a model to be trained from scratch")
    if not new:
        return passed(f"{len(judged)} matrices were learned")
    subject.kept[SOME_NEW] = True
    parts = dict.fromkeys(re.sub(r"\.\d+\.", ".N.", name) for name in new)
    more = f", and {len(new) - 1} more" if len(new) > 1 else ""
    return warned(
        f"{new[0]} holds random values{more} of {len(judged)} matrices, as a new layer does: it "
        f"was not in the checkpoint, did not fit, or was put in new ({', '.join(list(parts)[:3])})",
        help="from_pretrained without ignore_mismatched_sizes, and read its list of missing keys; "
        "nothing, if you began them anew on purpose",
    )


def _matrices(subject: Subject) -> Iterator[tuple[str, Any]]:
    """Yield the language model's own matrices: those of its layers, its embedding and its head."""
    added = tuned(subject.base)
    for name, p in subject.base.named_parameters():
        is_text = "layers." in name or "embed_tokens" in name or "lm_head" in name
        if any(word in name for word in ("vision", "audio", "modules_to_save")) or not is_text:
            continue
        wide = p.ndim == 2 and min(p.shape) >= _SIDE and p.is_floating_point()
        if wide and p.device.type != "meta" and name not in added:
            yield name, p


def _is_draw(parameter: Any, spread: float) -> bool:
    """Return whether the values look like independent draws of one distribution."""
    values = parameter.detach()[: _BLOCK[0], : _BLOCK[1]].float()
    number, (rows, columns) = int(values.numel()), map(int, values.shape)
    deviation = float(values.std())
    if not deviation > 0:
        return False
    kurtosis: float = float(((values - values.mean()) ** 4).mean()) / deviation**4
    # The rows' spreads of a draw vary by 1 / sqrt(2 * columns), and the columns' likewise.
    uneven = [
        float(part.std() / part.mean()) * (2.0 * size) ** 0.5
        for part, size in ((values.std(1), columns), (values.std(0), rows))
    ]
    even: bool = max(uneven) < 1.0 + _SIGMAS / (2 * min(rows, columns)) ** 0.5
    if abs(kurtosis - _UNIFORM) < 0.1:
        return even
    off = abs(deviation / spread - 1)
    if number < _LARGE and off > 0.01 + _SIGMAS / (2 * number) ** 0.5:
        return False
    return even and abs(kurtosis - _NORMAL) < _SIGMAS * (24 / number) ** 0.5
