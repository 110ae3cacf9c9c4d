"""Read numbers that a run prints about itself: losses, gradient norms, trained parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from .base import MENTIONED, STATED, Reader, Reading, always

_NUMBER = r"-?\d{1,12}(?:\.\d{1,20})?(?:[eE][-+]?\d{1,3})?"
# A whole word, looked at from its end: an expression that begins with a literal is found ten times
# faster than one that begins with what may be missing.
_LOSS = r"loss(?=[\"']?\s?[:=])(?:{})".format(
    "|".join(
        rf"(?<={before}loss)(?<![\w/]{before}loss)"
        for before in ("", "train", "train_", "reduced_train_", "training_")
    )
)


def _loss(match: re.Match[str]) -> Iterator[Reading]:
    value = float(match["value"])
    if math.isfinite(value):
        yield Reading("figures.loss", value, STATED)


def _not_a_number(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading(f"figures.nan_{match['name']}", True, STATED)


def _trained(match: re.Match[str]) -> Iterator[Reading]:
    trained, whole = (int(match[name].replace(",", "")) for name in ("trained", "whole"))
    yield Reading("figures.trained", trained, STATED)
    yield Reading("figures.parameters", whole, STATED)
    if 0 < trained < whole:
        yield Reading("training.peft", trained < whole // 2, MENTIONED)


def _trained_alone(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("figures.trained", int(match["trained"].replace(",", "")), STATED)


FIGURES: tuple[Reader, ...] = (
    Reader(  # what the Trainer prints when training has ended
        r"[\"']train_runtime[\"']: |\*{5} train metrics \*{5}|Training completed\. Do not forget",
        always(("finished", True), strength=STATED),
        {"{'train_runtime': 100.0, 'train_loss': 1.95}": {"finished": True}},
        limit=1000,
    ),
    Reader(
        rf"{_LOSS}[\"']?\s?[:=]\s?[\"']?"
        rf"(?P<value>{_NUMBER})(?![\w.])",
        _loss,
        {
            "{'loss': 70.3412, 'grad_norm': 1023.4}": {"figures.loss": 70.3412},
            '      "loss": 9078019.2,': {"figures.loss": 9078019.2},
            "global_step: 4999 | reduced_train_loss: 9.047": {"figures.loss": 9.047},
            "{'eval_loss': 1.5}": {"figures.loss": ...},
        },
        needs=b"loss",
        limit=200,
    ),
    Reader(
        r"(?P<name>loss|grad_norm)[\"']?\s?[:=]\s?[\"']?(?i:nan)\b",
        _not_a_number,
        {
            "{'loss': 0.0, 'grad_norm': nan}": {"figures.nan_grad_norm": True},
            '"grad_norm": NaN,': {"figures.nan_grad_norm": True},
        },
        limit=20,
    ),
    Reader(
        r"[Tt]rainable param(?:eter)?s(?: = |: )(?P<trained>[\d,]{1,20})"
        r"(?: of |/| \|\| all params: )(?P<whole>[\d,]{1,20})",
        _trained,
        {
            "Trainable parameters = 1,361,753,856 of 5,661,833,328 (24.05% trained)": {
                "figures.trained": 1_361_753_856,
                "figures.parameters": 5_661_833_328,
            },
            "trainable params: 1,000 || all params: 2,000,000 || trainable%: 0.05": {
                "figures.trained": 1000,
                "training.peft": True,
            },
        },
        needs=b"rainable",
        limit=20,
    ),
    Reader(
        r"[Tt]rainable param(?:eter)?s(?: = |: )(?P<trained>[\d,]{1,20})(?![\d,]* (?:of|\|\|)|/)",
        _trained_alone,
        {"trainable params: 0": {"figures.trained": 0}},
        needs=b"rainable",
        limit=20,
    ),
)
