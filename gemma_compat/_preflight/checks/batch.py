"""Check whether the batch is what a Gemma is trained on, mostly without a forward pass."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ..reference import rewrites_itself
from ..result import CheckResult
from ..samples import (
    counts_up,
    cut,
    has_pictures,
    positions_of,
    samples_of,
    shortened,
    span,
    two_dimensional,
)
from ..text import place, text_config_of, token_id
from ._answers import (
    NO_ROWS,
    NOT_TOKENS,
    does_not_apply,
    failed,
    first_line,
    not_run,
    passed,
    warned,
)

if TYPE_CHECKING:
    from ..subject import Subject

_SHORT = 256  # tokens of a row to try with <bos> in front
_WORTH = 0.1  # least improvement of the loss by <bos> in a model that needs it
_KNOWS = 0.8  # of ln V; a model with a higher loss cannot tell
_FEW_BATCHES = 4  # with fewer, one length may be chance
_WIDE = 256  # tokens of a row; shorter ones cost little
_LITTLE = 0.25  # share of the tokens that are text
_SOME = 0.1  # share of the batches that need the whole length


def ids_are_in_the_vocabulary(subject: Subject) -> CheckResult:
    """Check that every id has a row in the embedding, and every label a logit."""
    found = text_models(subject.base)
    if not found:
        return not_run("no embedding was found")
    rows = int(found[0][1].embed_tokens.weight.shape[0])
    seen = 0
    for batch in (subject.batch, *subject.scanned[1:]):
        for name, value in _token_values(batch):
            seen += 1
            if bad := _bad_id(name, value, rows):
                number, figure, help = bad
                return failed(figure, where=_place(subject, batch, value, number), help=help)
    if not seen:
        return _of_floats(subject) or does_not_apply(NO_ROWS)
    return _of_floats(subject) or passed(f"all ids are below {rows}")


def _bad_id(name: str, value: Any, rows: int) -> tuple[int, str, str] | None:
    """Return an id that no embedding row or logit has, what it is, and what to type."""
    masked = -100 if name == "labels" else None
    high, low = int(value.max()), int(value[value != masked].min()) if masked else int(value.min())
    if high >= rows:
        help = "model.resize_token_embeddings(len(tokenizer)), or the model's own tokenizer"
        return high, f"{name} holds {high}, and the embedding has {rows} rows", help
    if low >= 0:
        return None
    if masked:
        figure = f"labels hold {low}, which is not a token; only -100 leaves a label out"
        return low, figure, "mask labels with -100"
    return low, f"{name} holds {low}, which is not a token", "mask the labels, not the input_ids"


def _of_floats(subject: Subject) -> CheckResult | None:
    """Return a failure for ids or labels of tokens that are not whole numbers."""
    names = ("input_ids", "labels") if subject.is_causal else ("input_ids",)
    for name in names:
        value: Any = subject.batch.get(name)
        if hasattr(value, "is_floating_point") and value.is_floating_point():
            dtype = str(value.dtype).removeprefix("torch.")
            return failed(
                f"{name} are {dtype}, and must be whole numbers",
                help=f"batch['{name}'].long() in the collator",
            )
    return None


def _token_values(batch: Any) -> list[tuple[str, Any]]:
    items = batch.items() if hasattr(batch, "items") else ()
    return [
        (name, value)
        for name, value in items
        if (name == "labels" or name.endswith("input_ids"))
        and getattr(value, "ndim", 0) == 2
        and not value.is_floating_point()
        and value.numel()
        and (name != "labels" or bool((value != -100).any()))
    ]


def _place(subject: Subject, batch: Any, value: Any, wanted: int) -> str:
    row, at = (value == wanted).nonzero()[0].tolist()
    if "input_ids" not in batch or batch["input_ids"].shape != value.shape:
        return f"row {row}, token {at}"
    return place(subject, batch, row, at)


def one_bos(subject: Subject) -> CheckResult:
    """Check for exactly one ``<bos>`` in each sample. A template and a tokenizer may both
    add one.
    """
    if not subject.is_causal:
        return does_not_apply(NOT_TOKENS)
    bos = token_id(subject, "bos_token_id")
    if bos is None:
        return not_run("neither tokenizer nor config names a bos token")
    rows = len(subject.batch["input_ids"])
    doubled = [at for row in range(rows) if (at := _doubled(subject, row, bos))]
    if doubled:
        return failed(
            f"<bos> stands twice in a row in {len(doubled)} of {rows} rows",
            where=place(subject, subject.batch, *doubled[0]),
            help="add_special_tokens=False where the text comes from a chat template, or leave "
            "bos_token out of the template",
        )
    without = [row for row in range(rows) if not _tokens(subject, row).eq(bos).any()]
    if not without:
        return passed(f"<bos> in each of {rows} rows, never doubled")
    return _without_bos(subject, bos, rows, without)


def _without_bos(subject: Subject, bos: int, rows: int, without: list[int]) -> CheckResult:
    """Judge rows without ``<bos>``: blocks cut from running text may lack it, chats may not."""
    others = [b for b in subject.scanned if "input_ids" in b]
    elsewhere = any(bool(batch["input_ids"].eq(bos).any()) for batch in others)
    where = place(subject, subject.batch, without[0], span(subject.batch, without[0])[0])
    help = f"begin each sample with <bos> (token {bos}); Gemma was never trained without it"
    if elsewhere and _are_blocks(subject):
        return passed(f"{len(without)} of {rows} rows have no <bos>, as blocks of a longer text")
    if len(without) < rows or elsewhere:
        return warned(f"{len(without)} of {rows} rows have no <bos>", where=where, help=help)
    losses = _with_and_without(subject, bos)
    figure = f"no row has <bos> (token {bos}); Gemma degenerates without it"
    if isinstance(losses, str):
        return warned(f"{figure}. How much was not measured: {losses}", where=where, help=help)
    if losses is None:
        return failed(figure, where=where, help=help)
    figure = (
        f"no row has <bos> (token {bos}): the loss is {losses[0]:.2f}, and {losses[1]:.2f} with it"
    )
    tell = failed if losses[0] - losses[1] > _WORTH else warned
    return tell(figure, where=where, help=help)


def _with_and_without(subject: Subject, bos: int) -> tuple[float, float] | str | None:
    """Return the loss of the first row as it is and with ``<bos>`` in front.

    Return the error that a forward raises; ``None`` if it is not tried, or the model knows too
    little to tell.
    """
    import torch

    from ..reference import reference_of

    if has_pictures(subject.batch) or rewrites_itself(subject.base):
        return None
    row = shortened(subject.batch, _SHORT)
    if len(row["input_ids"]) > 1:
        row = cut(row, 0, 0, min(_SHORT, row["input_ids"].shape[1]))
    row = {name: row[name] for name in ("input_ids", "labels")}
    first = torch.tensor([[bos]], device=row["input_ids"].device)
    with_it = {
        "input_ids": torch.cat([first, row["input_ids"]], dim=1),
        "labels": torch.cat([torch.full_like(first, -100), row["labels"]], dim=1),
    }
    with_it["labels"][0, 1] = -100  # the row alone does not predict its first token either
    try:
        losses = reference_of(subject, row).loss, reference_of(subject, with_it).loss
    except Exception as error:  # probe boundary: a forward of the user's model
        return first_line(error)
    rows = int(text_models(subject.base)[0][1].embed_tokens.weight.shape[0])
    return losses if min(losses) < _KNOWS * math.log(rows) else None


def _are_blocks(subject: Subject) -> bool:
    """Return whether every row is full and trained throughout, like blocks of one long text."""
    mask, labels = two_dimensional(subject.batch, "attention_mask"), subject.batch["labels"]
    full = mask is None or bool((mask != 0).all())
    return full and bool((labels[:, 1:] != -100).all())


def _doubled(subject: Subject, row: int, bos: int) -> tuple[int, int] | None:
    ids = subject.batch["input_ids"][row]
    start, end = span(subject.batch, row)
    both = (ids[start + 1 : end].eq(bos) & ids[start : end - 1].eq(bos)).nonzero().flatten()
    starts = {s.start for s in samples_of(subject.batch) if s.row == row}
    for at in both.tolist():
        if start + at + 1 not in starts:  # else an empty sample precedes another one
            return row, start + at
    return None


def _tokens(subject: Subject, row: int) -> Any:
    start, end = span(subject.batch, row)
    return subject.batch["input_ids"][row, start:end]


def positions_count_up(subject: Subject) -> CheckResult:
    """Check that ``position_ids``, if the batch has them, count up within each sample."""
    if not subject.is_causal or positions_of(subject.batch) is None:
        return does_not_apply("the batch has no position_ids; the model counts for itself")
    limit = getattr(text_config_of(subject), "max_position_embeddings", None)
    highest = int(positions_of(subject.batch).max())
    if isinstance(limit, int) and highest >= limit:
        return failed(
            f"position_ids go to {highest}, and the model has {limit} positions",
            help="leave position_ids out of the batch, or count from 0 in each sample",
        )
    if counts_up(subject.batch):
        return passed("position_ids count up within each sample")
    return failed(
        "position_ids do not count up: the model cannot tell the order of the tokens",
        where=f"row 0: {positions_of(subject.batch)[0, :12].tolist()}",
        help="leave position_ids out of the batch, or count from 0 in each sample",
    )


def length_fits(subject: Subject) -> CheckResult:
    """Check that no row is longer than the model has positions."""
    limit = getattr(text_config_of(subject), "max_position_embeddings", None)
    if not isinstance(limit, int) or "input_ids" not in subject.batch:
        return does_not_apply("the config has no max_position_embeddings")
    batches = [b for b in (subject.batch, *subject.scanned) if "input_ids" in b]
    tokens = max(_longest(batch) for batch in batches)
    figure = f"{tokens} tokens of {limit}"
    if tokens <= limit:
        return _of_waste(batches) or passed(figure)
    return failed(figure, help=f"max_length={limit}, or shorter")


def _of_waste(batches: list[Any]) -> CheckResult | None:
    """Judge rows that are all padded to one length, most of it for nothing."""
    batches = [b for b in batches if getattr(b["input_ids"], "ndim", 0) == 2]
    widths = {int(batch["input_ids"].shape[1]) for batch in batches}
    if len(batches) < _FEW_BATCHES or len(widths) != 1 or min(widths) < _WIDE:
        return None
    width = min(widths)
    ends = [[_filled(b, row) for row in range(len(b["input_ids"]))] for b in batches]
    sizes = [size for part in ends for size in part]
    filled = sum(max(part) == width for part in ends)
    share = sum(sizes) / (width * len(sizes))
    if share > _LITTLE or filled > _SOME * len(batches):
        return None
    return warned(
        f"every row is padded to {width} tokens, and its text has {sum(sizes) / len(sizes):.0f} "
        f"on average: {100 * (1 - share):.0f}% of the work is done on padding",
        help="padding=False in the tokenizer, and a collator that pads each batch to its longest "
        "row; nothing, if shapes must be fixed",
    )


def _filled(batch: Any, row: int) -> int:
    start, end = span(batch, row)
    return end - start


def _longest(batch: Any) -> int:
    ids = batch["input_ids"]
    if getattr(ids, "ndim", 0) != 2:
        return 0
    return max((s.end - s.start for s in samples_of(batch)), default=0)
