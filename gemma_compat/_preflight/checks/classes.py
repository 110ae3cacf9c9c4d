"""Check what a classifier reads, and what its loss is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..samples import two_dimensional
from ..text import text_config_of
from . import targets
from ._answers import count, does_not_apply, failed, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject


def classifier_is_one(subject: Subject) -> CheckResult:
    """Check that classes are not trained as numbers, what the head reads, and what it is to say."""
    kind = type(subject.base).__name__
    if kind.endswith("ForTokenClassification"):
        found = targets.words_are_tokens(subject)
        return found or passed("labels stand at the tokens of their words")
    if not kind.endswith("ForSequenceClassification"):
        return does_not_apply("the model does not classify")
    found = (
        _of_one_class(subject)
        or _of_pooling(subject)
        or targets.quantities_fit(subject)
        or targets.names_agree(subject)
        or targets.leaks(subject)
        or targets.in_order(subject)
    )
    return found or passed("the head reads the last token of the text")


def _of_one_class(subject: Subject) -> CheckResult | None:
    """Judge classes, as whole numbers, that a model of one output learns as quantities."""
    config, labels = subject.base.config, subject.batch.get("labels")
    stated = getattr(config, "problem_type", None)
    if getattr(labels, "ndim", 0) != 1 or labels is None or labels.is_floating_point():
        return None
    if getattr(config, "num_labels", None) != 1 or stated == "regression":
        return None
    return warned(
        "num_labels=1 makes a regression of the run (mean squared error), and the labels are "
        "whole numbers, as classes are",
        help="num_labels=2 in from_pretrained, or labels as floats if a quantity is meant",
    )


def _of_pooling(subject: Subject) -> CheckResult | None:
    """Judge rows in which the last token that is not the config's padding is padding."""
    pad = getattr(text_config_of(subject), "pad_token_id", None)
    mask, ids = two_dimensional(subject.batch, "attention_mask"), subject.batch.get("input_ids")
    if mask is None or ids is None or mask.shape != ids.shape or not isinstance(pad, int):
        return None
    bad = [row for row in range(len(ids)) if _reads_padding(ids[row], mask[row], pad)]
    if not bad:
        return None
    return failed(
        f"the head reads a token of padding in {count(len(bad), 'row')} of {len(ids)}: the rows "
        f"are padded with another token than config.pad_token_id={pad}",
        where=f"row {bad[0]}",
        help="model.config.pad_token_id = tokenizer.pad_token_id",
    )


def _reads_padding(ids: Any, mask: Any, pad: int) -> bool:
    real = ids.ne(pad).nonzero().flatten()
    return len(real) > 0 and int(mask[int(real[-1])]) == 0
