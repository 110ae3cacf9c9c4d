"""Check what a classifier is trained toward: its classes' names and order, leaks, quantities."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..samples import span, two_dimensional
from ..text import decode, token_id, tokenizer_of
from ._answers import warned
from .text import rows_of

if TYPE_CHECKING:
    from ..subject import Subject

_ENOUGH = 32  # rows
_EACH = 8  # rows of a class
_FEW_CHANGES = 0.2  # of the changes that rows in random order would have
_LEAKS = 0.95  # share of the rows
_LARGE = 1_000.0  # a head begins with values around 0


def names_agree(subject: Subject) -> CheckResult | None:
    """Judge the names of the classes in the config against those of the data set."""
    data = getattr(subject.trainer, "train_dataset", None)
    named, stated = _names_of(data), _stated(subject)
    evaluated = _names_of(getattr(subject.trainer, "eval_dataset", None))
    if named and evaluated and named != evaluated and set(named) == set(evaluated):
        return warned(
            f"the classes of the training data are {_shown(named)}, and those of the evaluation "
            f"data {_shown(evaluated)}: the same number means another class",
            help="one ClassLabel(names=[...]) for both: dataset.cast_column('label', labels)",
        )
    if not named or not stated or len(named) != len(stated):
        return None
    ours, theirs = [n.casefold() for n in stated], [n.casefold() for n in named]
    if ours == theirs or set(ours) != set(theirs):
        return None
    return warned(
        f"config.id2label says {_shown(stated)}, and the data set's classes are {_shown(named)}: "
        "the trained model will call each class by another's name",
        help="id2label=dict(enumerate(dataset.features['label'].names)) in from_pretrained",
    )


def _names_of(data: Any) -> list[str]:
    """Return the names of a ``ClassLabel`` column of labels, in order."""
    features = getattr(data, "features", None)
    for column in ("labels", "label"):
        found = getattr((features or {}).get(column), "names", None)
        if found:
            return [str(name) for name in found]
    return []


def _stated(subject: Subject) -> list[str]:
    """Return the config's names of classes, in order; none if they are only numbered."""
    names = getattr(subject.base.config, "id2label", None) or {}
    found = [str(names[key]) for key in sorted(names)] if isinstance(names, dict) else []
    return [] if any(re.fullmatch(r"LABEL_\d+|\d+", name) for name in found) else found


def _shown(names: list[str]) -> str:
    more = ", ..." if len(names) > 4 else ""
    return ", ".join(f"{at}={name}" for at, name in enumerate(names[:4])) + more


def in_order(subject: Subject) -> CheckResult | None:
    """Judge classes that come one after the other, in the order of the run."""
    labels = _labels(subject)
    if len(labels) < _ENOUGH or not subject.scanned:
        return None
    shares = [number / len(labels) for number in Counter(labels).values()]
    expected = (len(labels) - 1) * (1 - sum(share**2 for share in shares))
    changes = sum(one != other for one, other in zip(labels, labels[1:], strict=False))
    if expected < 5 or changes > _FEW_CHANGES * expected:
        return None
    return warned(
        f"the classes come one after the other: {changes} changes in {len(labels)} rows, where "
        f"shuffled rows have about {expected:.0f}",
        help="dataset.shuffle(seed=0), with a buffer larger than a class where it streams; "
        "shuffle=True in a DataLoader",
    )


def _labels(subject: Subject) -> list[int]:
    """Return the classes of the rows in the order of the run."""
    batches = [subject.batch, *subject.scanned[1:]]
    labels = [b["labels"] for b in batches if getattr(b.get("labels"), "ndim", 0) == 1]
    if not labels or labels[0].is_floating_point():
        return []
    return [int(label) for part in labels for label in part]


def leaks(subject: Subject) -> CheckResult | None:
    """Judge texts that give their class away: by its name, or by their last word."""
    if not hasattr(tokenizer_of(subject), "decode"):
        return None
    rows = list(zip(rows_of(subject, 256), _labels(subject), strict=False))
    if len(rows) < _ENOUGH:
        return None
    texts = [(_text(subject, batch, row), label) for (batch, row), label in rows]
    names = _stated(subject) or _names_of(getattr(subject.trainer, "train_dataset", None))
    sizes = Counter(label for _, label in texts)
    if sum(size >= _EACH for size in sizes.values()) < 2:
        return None
    last: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for text, label in texts:
        last[label][(re.findall(r"\w+", text.casefold()) or [""])[-1]] += 1
    ends = {label: words.most_common(1)[0] for label, words in last.items()}
    by_end = sum(number for _, number in ends.values()) >= _LEAKS * len(texts)
    by_end = by_end and len({word for word, _ in ends.values()}) == len(ends)
    by_name = sum(_names_itself(text, label, names) for text, label in texts)
    if not by_end and by_name < _LEAKS * len(texts):
        return None
    how = "its last word tells it" if by_end else "it holds the name of it, and no other"
    return warned(
        f"the text gives its class away in {len(texts) if by_end else by_name} of {len(texts)} "
        f"rows: {how}; that is what the model will learn, and not the text",
        where=f"class {texts[0][1]}: ...{texts[0][0][-80:]}",
        help="only the text in the column that is tokenized, without the label",
    )


def _text(subject: Subject, batch: Any, row: int) -> str:
    start, end = span(batch, row)
    special = set(getattr(tokenizer_of(subject), "all_special_ids", []))
    ids = batch["input_ids"][row, start:end].tolist()
    return decode(subject, [token for token in ids if token not in special]).strip()


def _names_itself(text: str, label: int, names: list[str]) -> bool:
    """Return whether the text names the class that it has, and no other class."""
    if not 0 <= label < len(names):
        return False
    held = [bool(re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE)) for name in names]
    return held[label] and sum(held) == 1


def quantities_fit(subject: Subject) -> CheckResult | None:
    """Judge quantities that are far from what a fresh head gives."""
    labels: Any = subject.batch.get("labels")
    if getattr(labels, "ndim", 0) not in (1, 2) or not labels.is_floating_point():
        return None
    if getattr(subject.base.config, "num_labels", None) != 1:
        return None
    low, high = float(labels.min()), float(labels.max())
    if not math.isfinite(high - low) or max(abs(low), abs(high)) <= _LARGE:
        return None
    return warned(
        f"the quantities to predict go from {low:.4g} to {high:.4g}, and a head begins around 0: "
        "the squared error is huge, clipping takes over, and the head needs very many steps to "
        "get there",
        help="(y - mean) / std of the training data as labels, or log(y); undo it in prediction",
    )


def words_are_tokens(subject: Subject) -> CheckResult | None:
    """Judge labels of tokens that were made one for each word, and padded behind."""
    if not hasattr(tokenizer_of(subject), "decode"):
        return None
    rows = list(rows_of(subject))
    bad = [(batch, row) for batch, row in rows if _is_by_word(subject, batch, row)]
    if len(bad) < 4 or len(bad) * 2 < len(rows):
        return None
    batch, row = bad[0]
    number, tokens = int((batch["labels"][row] != -100).sum()), span(batch, row)
    return warned(
        f"{len(bad)} of {len(rows)} rows have a label for each word, and not for each token: they "
        "slide away from the words that they belong to",
        where=f"row {row}: {number} labels, {tokens[1] - tokens[0]} tokens",
        help="[-100 if i is None else tags[i] for i in encoding.word_ids()]",
    )


def _is_by_word(subject: Subject, batch: Any, row: int) -> bool:
    """Return whether labels stand in one piece, as many as words, with text behind them."""
    labels = two_dimensional(batch, "labels")
    if labels is None:
        return False
    start, end = span(batch, row)
    bos = token_id(subject, "bos_token_id")
    at = (labels[row] != -100).nonzero().flatten().tolist()
    if len(at) < 3 or at[-1] - at[0] + 1 != len(at) or at[-1] + 2 >= end:
        return False
    # Split into words beforehand, the text is decoded without spaces: <bos> has a label then.
    words = len(_text(subject, batch, row).split())
    return words == len(at) or (at[0] == start and int(batch["input_ids"][row, start]) == bos)
