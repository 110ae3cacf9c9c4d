"""Accidents with what a run is trained toward: classes, quantities, tags, metrics.

Planted, as those in ``faults_data.py``, by someone who had not read the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import transformers

from .. import tiny
from .planted import Fault
from .sentences import Row, Rows, chat, model, pairs, reviews, tokenizer, trainer


def classifier(labels: int, **changes: Any) -> Any:
    """Return a classifier of rows for the tokenizer of these texts."""
    config = model().config
    config.num_labels, config.pad_token_id = labels, 0
    for name, value in changes.items():
        setattr(config, name, value)
    made = getattr(transformers, "Gemma3TextForSequenceClassification", None)
    if made is None:
        from .healthy import NotHere

        raise NotHere("this release has no classifier of this family")
    torch.manual_seed(0)
    return made(config)


def judged(
    label: Callable[[int, int], Any],
    folder: Any,
    *,
    labels: int = 2,
    text: Callable[[str, int], str] = lambda text, label: text,
    data: Any = None,
    changes: Any = None,
    **given: Any,
) -> Any:
    """Return a classifier's run; ``label`` takes the row's number and its class."""
    rows = [
        {"input_ids": made, "attention_mask": [1] * len(made), "labels": label(at, kind)}
        for at, (said, kind) in enumerate(reviews(72)[8:])
        for made in [tokenizer()(text(said, kind))["input_ids"]]
    ]
    rows = data(rows) if data else rows
    return trainer(rows, folder, network=classifier(labels, **(changes or {})), **given)


class Stream(torch.utils.data.IterableDataset):  # type: ignore[type-arg]
    """Rows in their order, without a length."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    def __iter__(self) -> Any:
        return iter(self.rows)


def _sorted(rows: list[Row]) -> Stream:
    return Stream(sorted(rows, key=lambda item: str(item["labels"])))


def _with_name(text: str, kind: int) -> str:
    return f"Review: {text}\nSentiment: {('negative', 'positive')[kind]}"


def _with_name_in_front(text: str, kind: int) -> str:
    return f"[{('negative', 'positive')[kind]}] {text}"


NAMES = {"id2label": {0: "negative", 1: "positive"}, "label2id": {"negative": 0, "positive": 1}}


def tagged(folder: Any, *, by_word: bool = True, begin: bool = False, every: bool = False) -> Any:
    """Return a run that tags words.

    Args:
        folder: of its output.
        by_word: whether each word has one label, and no token is looked at.
        begin: whether the first label is -100, for ``<bos>``.
        every: whether each token has a label, ``<bos>`` too.
    """
    config = tiny.gemma2(transformers, vocab_size=1024)[1]
    config.num_labels = 3
    made, rows = tokenizer(), []
    for _, answer in pairs():
        words = answer.split(" ")
        tags = [1 if word[0].isupper() else 2 * word.endswith(".") for word in words]
        pieces = [
            made((" " if at else "") + word, add_special_tokens=False)["input_ids"]
            for at, word in enumerate(words)
        ]
        ids = [2, *(token for piece in pieces for token in piece)]
        labels = [0 if every else -100]
        for piece, tag in zip(pieces, tags, strict=True):
            labels += [tag, *[tag if every else -100] * (len(piece) - 1)]
        if by_word:
            labels = ([-100] * begin + tags + [-100] * len(ids))[: len(ids)]
        rows.append({"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels})
    return trainer(rows, folder, network=transformers.Gemma2ForTokenClassification(config))


def _metrics(function: Callable[[Any], Any], **settings: Any) -> Callable[[Any], Any]:
    def make(folder: Any) -> Any:
        held = [
            {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": kind}
            for text, kind in reviews(72)[:8]
            for ids in [tokenizer()(text)["input_ids"]]
        ]
        return judged(
            lambda at, kind: kind,
            folder,
            keywords={"eval_dataset": Rows(held), "compute_metrics": function},
            eval_strategy="steps",
            eval_steps=2,
            **settings,
        )

    return make


def _asks_a_dict(found: Any) -> dict[str, float]:
    return {"accuracy": float((found.predictions.argmax(-1) == found.label_ids["labels"]).mean())}


def _number(found: Any) -> float:
    return float((found.predictions.argmax(-1) == found.label_ids).mean())


def accuracy(found: Any) -> dict[str, float]:
    return {"accuracy": _number(found)}


def _pads_nothing(rows: Sequence[Row]) -> dict[str, Any]:
    return {name: torch.tensor([item[name] for item in rows]) for name in rows[0]}


_NAME = "gives its class away"

FAULTS = (
    Fault(
        "classes in order",
        lambda folder: judged(lambda at, kind: kind, folder, data=_sorted),
        "classes come one after the other",
    ),
    Fault(
        "class behind the text",
        lambda folder: judged(lambda at, kind: kind, folder, text=_with_name, changes=NAMES),
        _NAME,
    ),
    Fault(
        "class in front of the text",
        lambda folder: judged(
            lambda at, kind: kind, folder, text=_with_name_in_front, changes=NAMES
        ),
        _NAME,
    ),
    Fault(
        "prices as they are",
        lambda folder: judged(lambda at, kind: 1e5 + at * 9_000.0, folder, labels=1),
        "a head begins around 0",
    ),
    Fault(
        "several classes as whole numbers",
        lambda folder: judged(
            lambda at, kind: [kind, 1 - kind, 1],
            folder,
            labels=3,
            changes={"problem_type": "multi_label_classification"},
        ),
        "labels as floats",
    ),
    Fault("tags of words", tagged, "a label for each word"),
    Fault(
        "tags of words, behind <bos>",
        lambda folder: tagged(folder, begin=True),
        "a label for each word",
    ),
    Fault("metrics of other names", _metrics(_asks_a_dict), "compute_metrics raises"),
    Fault("metrics are a number", _metrics(_number), "wants a dict"),
    Fault(
        "best metric is not returned",
        _metrics(accuracy, metric_for_best_model="f1"),
        "compute_metrics returns accuracy",
    ),
    Fault(
        "collator does not pad",
        lambda folder: trainer([chat(q, a) for q, a in pairs()], folder, collator=_pads_nothing),
        "does not pad",
    ),
    Fault(
        "text left in the rows",
        lambda folder: trainer(
            [{**chat(*pairs()[0]), "text": q} for q, _ in pairs()],
            folder,
            collator=_pads_nothing,
            remove_unused_columns=False,
        ),
        "a column of text",
    ),
)
