"""Check preferences for prompts, and for scores that contradict them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ._answers import warned

if TYPE_CHECKING:
    from ..subject import Subject

_ROWS = 1_000
_ENOUGH = 8
_MOST, _HALF = 0.8, 0.5
_SCORES = ("score", "rating", "reward", "grade", "margin_score")


def of_scores(subject: Subject) -> CheckResult | None:
    """Judge pairs of which the rejected answer has the higher score."""
    data: Any = getattr(subject.trainer, "train_dataset", None)
    names = getattr(data, "column_names", None)
    if not isinstance(names, list) or not hasattr(data, "select_columns") or not len(data):
        return None
    for score in _SCORES:
        for form in ("{0}_{1}", "{1}_{0}"):
            chosen, rejected = (form.format(score, side) for side in ("chosen", "rejected"))
            if chosen not in names or rejected not in names:
                continue
            rows = data.select_columns([chosen, rejected])[: min(len(data), _ROWS)]
            pairs = [
                (good, bad)
                for good, bad in zip(rows[chosen], rows[rejected], strict=True)
                if isinstance(good, (int, float)) and isinstance(bad, (int, float)) and good != bad
            ]
            turned = sum(good < bad for good, bad in pairs)
            if len(pairs) >= _ENOUGH and turned >= _MOST * len(pairs):
                return warned(
                    f"the rejected answer has the higher {score} in {turned} of {len(pairs)} rows: "
                    "chosen and rejected are exchanged",
                    where=f"a row: {chosen}={pairs[0][0]}, {rejected}={pairs[0][1]}",
                    help="dataset.rename_columns: the better answer is chosen; nothing, if a lower "
                    f"{score} is better",
                )
    return None


def of_no_prompt(columns: dict[str, list[Any]]) -> CheckResult | None:
    """Judge pairs without a prompt: what TRL takes for it is the beginning that both share."""
    if not any(name.startswith("chosen") for name in columns):
        return None
    for name in ("prompt_ids", "prompt_input_ids", "prompt"):
        prompts = columns.get(name)
        if not prompts or len(prompts) < _ENOUGH:
            continue
        empty = sum(len(p) <= (1 if name.endswith("ids") else 0) for p in prompts)
        if empty < _HALF * len(prompts):
            return None
        return warned(
            f"{empty} of {len(prompts)} pairs have no prompt: chosen and rejected have no common "
            "beginning, as where they are answers to different prompts",
            where=f"row {[len(p) <= 1 for p in prompts].index(True)}",
            help="chosen and rejected of the same row, or a column prompt; a look at a few rows",
        )
    return None
