"""Accidents with what a script left in the text, and with masks that are a few tokens off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils.data import Dataset

from . import small
from .faults_text import trained, with_labels
from .planted import Fault, run

Rows = dict[str, Any]


def _turns(user: str, model: str) -> Callable[[Any], Any]:
    """Return a run on chats in these forms, with ``{q}`` and ``{a}`` filled."""
    form = (
        f"<bos><start_of_turn>user\n {user} <end_of_turn>\n"
        f"<start_of_turn>model\n {model} <end_of_turn>\n"
    )
    texts = [form.replace("{q}", q).replace("{a}", a) for q, a in small.QA]
    return trained(lambda: small.encoded(texts, bos=False))


def _empty_cells() -> Rows:
    return small.chats([(q, a if at % 4 else "nan") for at, (q, a) in enumerate(small.QA)])


def _formatted_twice() -> Rows:
    made = small.tokenizer()
    chats = [[{"role": "user", "content": text}] for text in small.written()]
    texts = [made.apply_chat_template(chat, tokenize=False) for chat in chats]
    return small.encoded(texts, bos=False)


def _one_too_far(rows: Rows) -> Any:
    """Mask the first token of each answer with its prompt."""
    trained = (rows["labels"] != -100).int()
    first = trained.argmax(dim=1, keepdim=True)
    return rows["labels"].scatter(1, first, -100)


def _counted_from_the_padding() -> Rows:
    """Pad on the left, and mask as many tokens as the prompt has from the row's beginning."""
    rows = small.chats()
    room = 8
    lengths = (rows["labels"] != -100).int().argmax(dim=1)
    made = {
        name: torch.nn.functional.pad(value, (room, 0), value=-100 if name == "labels" else 0)
        for name, value in rows.items()
    }
    kept = made["attention_mask"] == 1
    made["labels"] = made["input_ids"].masked_fill(~kept, -100)
    for row, length in enumerate(lengths.tolist()):
        made["labels"][row, :length] = -100
    return made


class _Growing(Dataset):  # type: ignore[type-arg]
    """Put a token in front of the row that it keeps, whenever the row is read."""

    def __init__(self) -> None:
        rows = small.chats()
        self.rows = [{name: value[at].tolist() for name, value in rows.items()} for at in range(16)]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Rows:
        row = self.rows[index]
        for name, token in (("input_ids", 107), ("attention_mask", 1), ("labels", -100)):
            row[name].insert(1, token)
        return row


def _growing(folder: Any) -> Any:
    keywords = {"data_collator": _padded}
    return run(small.model(), folder, _Growing(), tokenizer=small.tokenizer(), keywords=keywords)


def _padded(rows: list[Rows]) -> Rows:
    width = max(len(row["input_ids"]) for row in rows)
    fill = {"input_ids": 0, "attention_mask": 0, "labels": -100}
    return {
        name: torch.tensor([row[name] + [value] * (width - len(row[name])) for row in rows])
        for name, value in fill.items()
    }


FAULTS = (
    Fault("line breaks escaped", _turns("{q} \\n \\n", "{a} \\n"), "in place of a line break"),
    Fault("fields not filled", _turns("{instruction}", "{a}"), r"hold \{instruction\}: a field"),
    Fault("answers are nan", trained(_empty_cells), "only 'nan': an empty cell"),
    Fault(
        "UTF-8 read as Latin-1",
        _turns("{q}", "{a} caf\u00c3\u00a9"),
        "read in another encoding",
    ),
    Fault(
        "UTF-8 read as Windows-1252",
        _turns("{q} don\u00e2\u20ac\u2122t", "{a}"),
        "read in another encoding",
    ),
    Fault("HTML entities", _turns("&quot; {q} &quot;", "{a}"), "HTML's name of a character"),
    Fault("answers are lists", _turns("{q}", "['Paris']"), "a Python list written out"),
    Fault("template put over its own text", trained(_formatted_twice), "that had it already"),
    Fault("mask one token too long", trained(with_labels(_one_too_far)), "longer than the prompt"),
    Fault(
        "mask counted from padding", trained(_counted_from_the_padding), "ends before the prompt"
    ),
    Fault("row grows at each reading", _growing, "grows each time it is read"),
)
