"""Accidents with labels, with what the rows say, and with collators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from . import small
from .faults_text import Rows, pairs, trained, with_labels
from .planted import Fault, run


def _one_masked(rows: Rows) -> Any:
    labels = rows["labels"].clone()
    labels[::2] = -100
    return labels


def _changed_ids(change: Callable[[Any], Any]) -> Callable[[], Rows]:
    """Change every id that is a word, in the same way in the labels."""

    def make() -> Rows:
        rows = small.chats()
        for name in ("input_ids", "labels"):
            is_word = rows[name] >= 200
            rows[name] = torch.where(is_word, change(rows[name]), rows[name])
        return rows

    return make


def _permuted(ids: Any) -> Any:
    words = 100_000 if small.REAL else 300
    order = torch.randperm(words, generator=torch.Generator().manual_seed(5)) + 200
    return order[(ids - 200) % words]


def _shifted_by_a_collator(folder: Any) -> Any:
    from transformers import default_data_collator

    def shift(rows: Any) -> Any:
        batch = default_data_collator(rows)
        batch["labels"] = torch.cat(
            [batch["labels"][:, 1:], torch.full_like(batch["labels"][:, :1], -100)], 1
        )
        return batch

    return run(
        small.model(),
        folder,
        small.chats(),
        tokenizer=small.tokenizer(),
        keywords={"data_collator": shift},
    )


def _fills_gaps(folder: Any) -> Any:
    """Leave the collator's ``mlm=True`` as it is by default."""
    from transformers import DataCollatorForLanguageModeling

    torch.manual_seed(0)
    made = small.tokenizer()
    made.add_special_tokens({"mask_token": "no"})  # a word that these rows do not have
    rows = [dict(made(text, add_special_tokens=False)) for text in small.written()]
    keywords = {"data_collator": DataCollatorForLanguageModeling(made)}
    return run(small.model(), folder, rows, tokenizer=made, keywords=keywords)


def _collated_by(collator: Any, rows: Any = None) -> Callable[[Any], Any]:
    return lambda folder: run(
        small.model(),
        folder,
        small.chats() if rows is None else rows,
        tokenizer=small.tokenizer(),
        keywords={"data_collator": collator},
    )


def _raises(rows: Any) -> Any:
    return {"input_ids": torch.stack([row["prompt"] for row in rows])}


def _without_labels(rows: Any) -> Any:
    from transformers import default_data_collator

    batch = default_data_collator(rows)
    del batch["labels"]
    return batch


def _evaluated_on_texts(folder: Any) -> Any:
    texts = [{"text": text} for text in small.written()]
    return run(
        small.model(),
        folder,
        small.chats(),
        tokenizer=small.tokenizer(),
        keywords={"eval_dataset": texts},
        eval_strategy="steps",
    )


def _only_ends(rows: Rows) -> Any:
    is_end = (rows["input_ids"] == small.END) | (rows["input_ids"] == small.LINE)
    return rows["labels"].masked_fill(~is_end, -100)


def _evaluated_on_itself(folder: Any) -> Any:
    from ..preflight.runs import Rows as Data

    return run(
        small.model(),
        folder,
        small.chats(),
        tokenizer=small.tokenizer(),
        keywords={"eval_dataset": Data(small.chats())},
        eval_strategy="steps",
    )


def _unknown_words() -> Rows:
    rows = small.chats()
    ids = rows["input_ids"]
    words = (ids >= 200) & (torch.arange(ids.shape[1]) % 2 == 0)
    for name in ("input_ids", "labels"):
        rows[name] = rows[name].masked_fill(words & (rows[name] != -100), 3)
    return rows


_SHUFFLED = [(q, small.QA[(at + 5) % 16][1]) for at, (q, _) in enumerate(small.QA)]


FAULTS = (
    Fault("only the ends trained", trained(with_labels(_only_ends)), "only the end of the answer"),
    Fault(
        "another tokenizer's ids", trained(_changed_ids(_permuted)), "something else", audited=True
    ),
    Fault(
        "ids one too high", trained(_changed_ids(lambda x: x + 1)), "something else", audited=True
    ),
    Fault(
        "ids outside the tokenizer",
        trained(_changed_ids(lambda x: (x - 200) % 100 + 915)),
        "another tokenizer wrote",
    ),
    Fault("words unknown to the tokenizer", trained(_unknown_words), "does not know"),
    Fault("answers of other questions", trained(pairs(_SHUFFLED)), "own prompt", audited=True),
    Fault("the same row 16 times", trained(pairs([small.QA[0]] * 16)), "the same", audited=True),
    Fault("4 rows, 4 times", trained(pairs(list(small.QA[:4]) * 4)), "copies", audited=True),
    Fault("empty answers", trained(pairs([(q, "") for q, _ in small.QA])), "empty", audited=True),
    Fault(
        "one answer to all",
        trained(pairs([(q, "It is.") for q, _ in small.QA])),
        "same answer",
    ),
    Fault("empty questions", trained(pairs([("", a) for _, a in small.QA])), "empty"),
    Fault("answers are the questions", trained(pairs([(q, q) for q, _ in small.QA])), "repeat"),
    Fault("evaluated on the training rows", _evaluated_on_itself, "evaluation rows", audited=True),
    Fault(
        "evaluated on texts without ids",
        _evaluated_on_texts,
        "evaluation batches do not hold input_ids",
    ),
    Fault("collator raises", _collated_by(_raises), "data cannot be read: KeyError: 'prompt'"),
    Fault("no labels", _collated_by(_without_labels), "the batch has no labels"),
    Fault("collator with mlm=True", _fills_gaps, "mlm=False"),
    Fault("labels shifted in a collator", _shifted_by_a_collator, "shifted twice", audited=True),
    Fault(
        "labels shifted the other way",
        trained(with_labels(lambda rows: rows["labels"].roll(1, 1))),
        "previous one",
        audited=True,
    ),
    Fault(
        "labels of the next row",
        trained(with_labels(lambda rows: rows["labels"].roll(1, 0))),
        "another row|not the token",
    ),
    Fault(
        "labels masked by 0",
        trained(with_labels(lambda rows: rows["labels"].masked_fill(rows["labels"] < 0, 0))),
        "0 is the padding|are padding",
        audited=True,
    ),
    Fault(
        "labels masked by -1",
        trained(with_labels(lambda rows: rows["labels"].masked_fill(rows["labels"] < 0, -1))),
        "only -100",
        audited=True,
    ),
    Fault(
        "labels masked by 100",
        trained(with_labels(lambda rows: rows["labels"].masked_fill(rows["labels"] < 0, 100))),
        "100",
    ),
    Fault(
        "everything masked",
        trained(with_labels(lambda rows: torch.full_like(rows["labels"], -100))),
        "nothing is trained",
        audited=True,
    ),
    Fault("every second row masked", trained(with_labels(_one_masked)), "train nothing"),
    Fault(
        "labels as floats",
        trained(with_labels(lambda rows: rows["labels"].float())),
        "whole numbers",
        audited=True,
    ),
)
