"""The memory of a run, as text, markdown or JSON: what a step takes, and what would fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..language import said, said_list
from ..memory import Judgement, Setup, Shape, estimate, usable
from ..memory.judging import fits
from ..tables.cards_table import CARDS
from .sharing import clean
from .wide import columns, padded
from .wording import in_language, wrap

_GIB = 1 << 30
_BAR, _NAME, _VERDICT = 32, 19, 12  # columns
_NO_BREAK = "\xa0"  # a card's name stays in one line
_NAMES = {
    "weights": "weights",
    "adapter": "adapter",
    "gradients": "gradients",
    "optimizer": "optimizer",
    "activations": "activations",
    "logits": "logits and loss",
    "buffers": "buffers",
    "cuda": "CUDA itself",
    "allocator": "allocator's margin",
}
_VERDICTS = {True: "fits", False: "does not fit", None: "may not fit"}
_FREE = {True: "{} GiB to spare", False: "{} GiB too much", None: "too close to call"}


def summary(found: Judgement, card: str = "") -> str:
    """Return one line: ``does not fit A100-40GB: 27.4 of 39.3 GiB, ...``."""
    total = _gib(found.total)
    if found.available is None and card:
        return (
            f"about {total} GiB at the peak of a step; how much memory {card} has is not known: "
            "name the size too, as in --gpu A100-80GB"
        )
    if found.available is None:
        return f"about {total} GiB at the peak of a step"
    where = f" {card}" if card else ""
    return (
        f"{_VERDICTS[found.fits]}{where}: {total} of {_gib(found.available)} GiB, {_spare(found)}"
    )


def _spare(found: Judgement) -> str:
    assert found.available is not None
    return _FREE[found.fits].format(_gib(abs(found.available - found.total)))


def render_text(found: Judgement, model: str, card: str) -> str:
    """Return the verdict, a bar for each part, what fits, the changes, and what was assumed."""
    lines = wrap(said_list(f"{model}, {_run(found.setup)}"), first="", rest="  ")
    lines += wrap(f"{summary(found, card)}.", first="", rest="  ") + [""]
    lines += list(_bars(found))
    lines += list(_fitting(found))
    lines += list(_changes(found))
    lines += list(_assumed(found.assumed))
    return in_language("\n".join(lines) + "\n")


def _assumed(texts: tuple[str, ...]) -> Iterator[str]:
    if texts:
        yield ""
        yield "Assumed, since nothing stated it"
    for text in texts:
        yield from wrap(text, first="  ", rest="    ")


def _bars(found: Judgement) -> Iterator[str]:
    largest = max(part.bytes for part in found.parts)
    for part in found.parts:
        bar = "#" * max(1, round(_BAR * part.bytes / largest))
        note = said_list(part.note)
        yield f"  {_name(_NAMES[part.name])}{_gib(part.bytes):>7}  {bar:<{_BAR}}  {note}".rstrip()
    yield f"  {_name('total')}{_gib(found.total):>7}"


def _name(text: str) -> str:
    return padded(said(text), _NAME)


def _fitting(found: Judgement) -> Iterator[str]:
    if found.rows is None or found.tokens is None:
        return
    yield ""
    if found.rows:
        yield f"Fits at most: a batch of {found.rows} at {found.setup.tokens} tokens"
    if found.tokens:
        yield f"Fits at most: {found.tokens} tokens in a batch of 1"
    if not found.tokens:
        yield "Not even the shortest row fits as it is."


def _changes(found: Judgement) -> Iterator[str]:
    if not found.changes:
        return
    yield ""
    yield "What to change, cheapest first, each with those above it"
    for change in found.changes:
        end = f" -> {said('fits')}" if change.fits else ""
        yield from wrap(f"{said(change.text)}{end}", f"  {_gib(change.total):>6} GiB  ", " " * 14)
    if not found.changes[-1].fits:
        yield "  Even all of them together do not fit: a smaller model or a larger card."


def _run(setup: Setup) -> str:
    checkpointing = "with checkpointing" if setup.checkpointing else "without checkpointing"
    parts = [
        f"LoRA of rank {setup.adapter.rank}" if setup.adapter else "all weights",
        f"weights in {setup.bits} bits" if setup.bits else "",
        f"{setup.rows} x {setup.tokens} tokens",
        checkpointing,
        setup.attention,
        setup.optimizer,
        f"{setup.spread} over {setup.ranks} GPUs" if setup.ranks > 1 else "",
    ]
    return ", ".join(filter(None, parts))


def render_markdown(found: Judgement, model: str, card: str) -> str:
    """Return the estimate as Markdown tables."""
    rows = "".join(
        f"| {_NAMES[part.name]} | {_gib(part.bytes)} | {part.note} |\n" for part in found.parts
    )
    text = f"# {model}\n\n{_run(found.setup)}: {summary(found, card)}.\n\n"
    text += f"| part | GiB | |\n| --- | --- | --- |\n{rows}| total | {_gib(found.total)} | |\n"
    if found.changes:
        text += "\n| change | GiB | fits |\n| --- | --- | --- |\n"
        for change in found.changes:
            text += f"| {change.text} | {_gib(change.total)} | {'yes' if change.fits else 'no'} |\n"
    if found.assumed:
        text += "\nAssumed:\n\n" + "".join(f"- {line}\n" for line in found.assumed)
    return clean(text)


def render_json(found: Judgement, model: str, card: str) -> str:
    """Return ``fits``, ``total_gib``, ``available_gib``, ``parts``, ``assumed``, and what would
    fit.
    """
    from .json import dump

    return dump({"model": model, "gpu": card or None, **fields(found)})


def fields(found: Judgement) -> dict[str, Any]:
    """Return the judgement as a JSON document states it; ``fits`` is null where it is not known."""
    available = found.available
    return {
        "fits": found.fits,
        "total_gib": _number(found.total),
        "available_gib": None if available is None else _number(available),
        "spare_gib": None if available is None else _number(available - found.total),
        "least_gib": _number(found.estimate.least),
        "parts": {part.name: _number(part.bytes) for part in found.parts},
        "moment": found.estimate.moment,
        "largest_batch": found.rows,
        "largest_length": found.tokens,
        "changes": [
            {"text": item.text, "total_gib": _number(item.total), "fits": item.fits}
            for item in found.changes
        ],
        "assumed": list(found.assumed),
    }


def _cards(shape: Shape, setup: Setup) -> Iterator[tuple[str, int, int, bool | None]]:
    """Yield every card whose memory is known: name, bytes of it, bytes taken, whether it fits."""
    found = estimate(shape, setup)
    for card in sorted(CARDS, key=lambda card: card.memory_total or 0):
        if card.memory_total is not None:
            available = usable(card.memory_total)
            yield card.name, available, found.total, fits(found, available)


def table_text(model: str, shape: Shape, setup: Setup, assumed: tuple[str, ...]) -> str:
    """Return a line for each size of memory with the cards that have it, the smallest first."""
    lines = wrap(said_list(f"{model}, {_run(setup)}"), first="", rest="  ")
    lines += [f"about {_gib(estimate(shape, setup).total)} GiB at the peak of a step", ""]
    sizes: dict[tuple[str, bool | None], list[str]] = {}
    for name, available, _, good in _cards(shape, setup):
        sizes.setdefault((_gib(available), good), []).append(name)
    for (size, good), names in sizes.items():
        first = f"  {size:>7} GiB  {padded(said(_VERDICTS[good]), _VERDICT)}  "
        whole = ", ".join(name.replace(" ", _NO_BREAK) for name in names)
        lines += wrap(whole, first, " " * columns(first))
    lines = [line.replace(_NO_BREAK, " ") for line in lines]
    return in_language("\n".join([*lines, *_assumed(assumed)]) + "\n")


def table_markdown(model: str, shape: Shape, setup: Setup, assumed: tuple[str, ...]) -> str:
    rows = "".join(
        f"| {name} | {_gib(available)} | {_VERDICTS[good]} |\n"
        for name, available, _, good in _cards(shape, setup)
    )
    total = _gib(estimate(shape, setup).total)
    head = "| card | GiB | |\n| --- | --- | --- |\n"
    return f"# {model}\n\n{_run(setup)}: about {total} GiB.\n\n{head}{rows}"


def table_json(model: str, shape: Shape, setup: Setup, assumed: tuple[str, ...]) -> str:
    from .json import dump

    cards = [
        {"name": name, "available_gib": _number(available), "fits": good}
        for name, available, _, good in _cards(shape, setup)
    ]
    total = _number(estimate(shape, setup).total)
    return dump({"model": model, "total_gib": total, "cards": cards, "assumed": list(assumed)})


def _gib(size: float) -> str:
    return f"{size / _GIB:.1f}"


def _number(size: float) -> float:
    return round(size / _GIB, 2)


def appended(report: str, form: str, found: Judgement) -> str:
    """Return the report with a line about a run that does not fit added at its end."""
    line = f"{summary(found, 'this GPU')} (gemma_compat memory tells what would fit)"
    if form == "json":
        import json

        document = json.loads(report)
        document["memory"] = fields(found)
        return json.dumps(document, indent=2, allow_nan=False) + "\n"
    if form == "markdown":
        return f"{report}\n**Memory**: {line}.\n"
    return report + "\n" + "\n".join(wrap(f"{line}.", first="Memory    ", rest=" " * 10)) + "\n"
