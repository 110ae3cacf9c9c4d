"""Check whether samples that share a row stay apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import passes
from ..cost import TOO_SMALL, left_before_the_reference
from ..precision import precision_of
from ..result import CheckResult
from ..samples import Sample, cut, neighbours, span
from ..subject import FORWARD
from ..text import token_id
from ._answers import NOT_TOKENS, does_not_apply, failed, first_line, not_run, passed, warned
from .agreement import explaining, without

if TYPE_CHECKING:
    from ..subject import Subject

_FEWEST = 3  # tokens of each sample
LEAK = {"float32": 1e-4, "float16": 2e-2, "bfloat16": 1e-1}  # of the largest logit


def samples_are_apart(subject: Subject) -> CheckResult:
    """Change a token of one packed sample, and check that the next one's logits stay."""
    import torch

    if not subject.is_causal:
        return does_not_apply(NOT_TOKENS)
    pair = neighbours(subject.batch)
    if pair is None:
        return _of_unmarked(subject)
    each = _affordable(subject)
    if each < _FEWEST:
        return not_run(TOO_SMALL)
    batch, border = _cut(subject, pair, each)
    other = {**batch, "input_ids": batch["input_ids"].clone()}
    at = max(0, border - 2)
    other["input_ids"][0, at] = (other["input_ids"][0, at] + 7) % 1_000 + 10
    logits = []
    try:
        for given in (batch, other):
            with subject.trial(), torch.no_grad():
                passes.prepare(subject, checkpointing=False)
                found = subject.call(without(given, "labels"), **subject.arguments()).logits
                logits.append(found[0, border:].float())
    except Exception as error:  # probe boundary: a forward of the user's model
        return not_run(f"the forward does not run: {first_line(error)}")
    moved = float((logits[0] - logits[1]).abs().max() / logits[0].abs().max().clamp(min=1e-9))
    limit = LEAK[precision_of(subject)]
    figure = f"a changed token moves the logits of the next sample by {moved:.2g}"
    if moved <= limit:
        return passed(figure, f"at most {limit:g} of the largest")
    cause = "" if subject.arguments().get("use_cache") is False else " or the cache"
    return failed(
        f"{figure}: packed samples see each other",
        f"at most {limit:g} of the largest",
        help=f"use_cache=False and no two-dimensional attention_mask (it{cause} joins them), or "
        "packing off",
    )


def _of_unmarked(subject: Subject) -> CheckResult:
    """Warn of rows with several ``<bos>`` and masked prompts: samples joined by hand."""
    bos = token_id(subject, "bos_token_id")
    ids, labels = subject.batch["input_ids"], subject.batch["labels"]
    for row in range(len(ids)):
        places = ids[row].eq(bos).nonzero().flatten().tolist() if bos is not None else []
        masked = bool((labels[row][ids[row].ne(bos)] == -100).any()) if places else False
        start, end = span(subject.batch, row)
        if len([at for at in places if start <= at < end]) > 1 and masked:
            if all(b == a + 1 for a, b in zip(places, places[1:], strict=False)):
                continue  # a doubled <bos>, which the check one-bos reports
            return warned(
                f"row {row} holds {len(places)} samples (<bos> at {places[:4]}), and nothing keeps "
                "them apart",
                help="position_ids that begin again at each sample, without an attention_mask",
            )
    return does_not_apply("no row holds two samples")


def _affordable(subject: Subject) -> int:
    """Return how many tokens of each sample the passes allow; 256 are enough."""
    left = left_before_the_reference(subject) - explaining(subject)
    both = left / (2 * FORWARD) * subject.batch["input_ids"].numel()  # the pair runs twice
    return min(passes.SHORT, int(both)) // 2


def _cut(subject: Subject, pair: tuple[Sample, Sample], each: int) -> tuple[dict[str, Any], int]:
    """Return the end of one sample and the beginning of the next, and where that begins."""
    one, other = pair
    start, end = max(one.start, one.end - each), min(other.end, other.start + each)
    return cut(subject.batch, one.row, start, end), one.end - start
