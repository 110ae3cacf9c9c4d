"""Read numbers that a run prints about itself: losses, gradient norms, trained parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from .base import MENTIONED, STATED, Reader, Reading, always, unless_advice
from .saying import is_denied

_NUMBER = r"-?\d{1,12}(?:\.\d{1,20})?(?:[eE][-+]?\d{1,3})?"
# A whole word, looked at from its end: an expression that begins with a literal is found ten times
# faster than one that begins with what may be missing.
_LOSS = r"loss(?=[\"']?\s?[:=])(?:{})".format(
    "|".join(
        rf"(?<={before}loss)(?<![\w/]{before}loss)"
        for before in ("", "train", "train_", "reduced_train_", "training_")
    )
)


# A sentence about a loss, not a share, a size or a count of something else. Each form needs a word
# that a run's own lines do not have, so that those are not searched.
_NEAR = r"(?: (?:at|from|with|around|about|near|over|above|always|very|high|to be|like)){0,3} ~?"
_NO_UNIT = r"(?![\w.]*\d|\s?(?:%|percent|[GMK]i?B|x\b|times|steps|epochs|hours|points))"
_VALUE = rf"{_NEAR}(?P<value>\d{{1,9}}(?:\.\d{{1,9}})?){_NO_UNIT}"
_SUPPOSED = re.compile(
    r"(?i)\b(?:if|when|whenever|whether|in case|avoid|prevent|unless)\b|isnan|raise"
)
_HAPPENS = re.compile(
    r"\b(?:is|are|was|were|becomes?|became|turns?|goes|went|shows?|[Gg]et|[Gg]ot|[Gg]etting)\b"
)


# Which of the two losses a sentence says is NaN.
_OF_EVALUATION = re.compile(
    r"(?i)\b(?:eval(?:uation)?|val(?:id(?:ation)?)?|test)[ _-]?loss(?:es)? (?:\w+ ){0,4}nan\b|"
    r"\bnan (?:\w+ ){0,2}(?:eval(?:uation)?|val(?:idation)?)\b"
)
_OF_TRAINING = re.compile(
    r"(?i)\btrain\w*(?:[ _]loss)?(?: and \w+)?(?: loss)?(?:es)? (?:\w+ ){0,2}nan\b|"
    r"\bnan (?:\w+ ){0,3}?(?:for|in|as|of|at) (?:the |both )?train"
)


def _told(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("figures.told_loss", float(match["value"]), MENTIONED)


def _told_nan(match: re.Match[str]) -> Iterator[Reading]:
    supposed = is_denied(match) or _SUPPOSED.search(match.string[: match.end()])
    if _HAPPENS.search(match.string) and not supposed:
        evaluates = _OF_EVALUATION.search(match.string) and not _OF_TRAINING.search(match.string)
        yield Reading(f"figures.nan_{'eval_' if evaluates else ''}loss", True, MENTIONED)


def _loss(match: re.Match[str]) -> Iterator[Reading]:
    value = float(match["value"])
    if math.isfinite(value):
        yield Reading("figures.loss", value, STATED)


def _norm(match: re.Match[str]) -> Iterator[Reading]:
    """Read a gradient norm; not of GRPO, where a step without any gradient is ordinary."""
    if not re.search(r"reward|completion|['\"]kl['\"]", match.string):
        yield Reading("figures.norm", float(match["value"]), STATED)


def _spread(match: re.Match[str]) -> Iterator[Reading]:
    yield Reading("figures.reward_std", float(match["value"]), STATED)


_EVALUATED = re.compile(r"(?:eval|val|valid|validation|test)_")


def _not_a_number(match: re.Match[str]) -> Iterator[Reading]:
    name = match["name"]
    name = "eval_loss" if _EVALUATED.match(name) else name.rpartition("_")[2]
    yield Reading(f"figures.nan_{'grad_norm' if name == 'norm' else name}", True, STATED)


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
        limit=200,
    ),
    Reader(
        rf"(?<!max_)grad_norm[\"']?\s?[:=]\s?[\"']?(?P<value>{_NUMBER})(?![\w.])",
        _norm,
        {
            "{'loss': 1.9, 'grad_norm': 0.0, 'learning_rate': 1e-05}": {"figures.norm": 0.0},
            "{'loss': 1.9, 'grad_norm': 0.31, 'learning_rate': 1e-05}": {"figures.norm": 0.31},
            "max_grad_norm=0.0": {"figures.norm": ...},
            "{'loss': 0.0, 'grad_norm': 0.0, 'reward': 1.0}": {"figures.norm": ...},
        },
        limit=200,
    ),
    Reader(  # what TRL prints of the answers to one prompt
        rf"\breward_std[\"']:\s?[\"']?(?P<value>{_NUMBER})(?![\w.])",
        _spread,
        {
            "{'loss': 0.0, 'reward': 0.0, 'reward_std': 0.0}": {"figures.reward_std": 0.0},
            "'reward': '1', 'reward_std': '0.25',": {"figures.reward_std": 0.25},
        },
        limit=200,
    ),
    Reader(
        r"(?P<name>(?<!\w)(?:\w{1,40}_)?loss|grad_norm)[\"']?\s?[:=]\s?[\"']?(?i:nan)(?![A-Za-z0-9_])",
        _not_a_number,
        {
            "{'eval_loss': nan, 'epoch': 1.0}": {"figures.nan_eval_loss": True},
            "epoch 3: val_loss=nan": {"figures.nan_eval_loss": True},
            "train_loss: nan": {"figures.nan_loss": True},
            "{'loss': 0.0, 'grad_norm': nan}": {"figures.nan_grad_norm": True},
            '"grad_norm": NaN,': {"figures.nan_grad_norm": True},
        },
        limit=20,
    ),
    Reader(  # what a person writes of a run whose figures are not in the log
        rf"\bloss (?:was|starts?|started|begins?|began|stays?|stayed|hovers?|stuck){_VALUE}",
        unless_advice(_told),
        {
            "when i train it with gemma3 the loss starts from 70 to 10": {"figures.told_loss": 70},
            "the loss was 3 times as high": {"figures.told_loss": ...},
        },
        limit=20,
    ),
    Reader(
        rf"\b(?:the|training|train|initial|first|starting) loss is{_VALUE}",
        unless_advice(_told),
        {
            "the training loss is around 35.2, while Llama": {"figures.told_loss": 35.2},
            "the loss is 20% lower": {"figures.told_loss": ...},
            "the accuracy loss of 15": {"figures.told_loss": ...},
        },
        limit=20,
    ),
    Reader(
        r"\b[Ll]oss(?:es)? [a-z ]{0,40}?(?:nan|NaN|NAN)\b",
        unless_advice(_told_nan),
        {
            "after 20 steps the loss becomes NaN": {"figures.nan_loss": True},
            "Loss is nan when I train in fp16": {"figures.nan_loss": True},
            "the validation loss is nan": {"figures.nan_eval_loss": True},
            "Training and validation losses are nan": {"figures.nan_loss": True},
            "if the loss is nan, stop": {"figures.nan_loss": ...},
            "you should lower it when losses become nan": {"figures.nan_loss": ...},
            "Loss is no longer NaN in float16": {"figures.nan_loss": ...},
        },
        limit=20,
    ),
    Reader(
        r"\b(?:nan|NaN|NAN) [a-z ]{0,40}?\bloss",
        unless_advice(_told_nan),
        {
            "Getting nan values for training and validation loss": {"figures.nan_loss": True},
            "The eval_loss is nan but train loss looks fine": {"figures.nan_eval_loss": True},
            "logging_nan_inf_filter: nan values of the loss": {"figures.nan_loss": ...},
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
        limit=20,
    ),
    Reader(
        r"[Tt]rainable param(?:eter)?s(?: = |: )(?P<trained>[\d,]{1,20})(?![\d,]* (?:of|\|\|)|/)",
        _trained_alone,
        {"trainable params: 0": {"figures.trained": 0}},
        limit=20,
    ),
)
