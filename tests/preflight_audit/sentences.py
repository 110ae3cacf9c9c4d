"""Plain English in rows, and a tokenizer that writes it back letter by letter.

What accidents leave in a text (a cut word, joined lines, Python's marks) does not survive a
tokenizer of whole words. These texts are made by rule, so that every machine has the same ones.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch.utils.data import Dataset

from .. import tiny
from ..preflight import runs
from .planted import trial
from .small import of_gemma
from .stage import TEMPLATE

VOCAB = 1024
BOS, EOS, PAD = 2, 1, 0
MARKS = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>")
Row = dict[str, Any]

_TOWNS = [
    "Lyon",
    "Oslo",
    "Kyoto",
    "Quito",
    "Perth",
    "Ghent",
    "Turin",
    "Malmo",
    "Leeds",
    "Tunis",
    "Osaka",
    "Porto",
]
_GOODS = [
    "bread",
    "glass",
    "paper",
    "cloth",
    "soap",
    "clocks",
    "boats",
    "tiles",
    "cheese",
    "rope",
    "paint",
    "shoes",
]
_WHEN = ("in spring", "in autumn", "at night", "on market days", "every winter", "before noon")
_BUYERS = [
    "sailors",
    "farmers",
    "schools",
    "painters",
    "bakers",
    "travellers",
    "builders",
    "nurses",
]
_GOOD = ("wonderful", "excellent", "delightful", "superb", "charming", "memorable")
_BAD = ("dreadful", "boring", "awful", "clumsy", "tedious", "bland")


@functools.cache
def pairs(number: int = 64) -> list[tuple[str, str]]:
    """Return questions and answers, each of them once."""
    made = random.Random(7)
    found: dict[str, str] = {}
    while len(found) < number:
        town, other = made.sample(_TOWNS, 2)
        goods, buyers, when = made.choice(_GOODS), made.choice(_BUYERS), made.choice(_WHEN)
        question = made.choice(
            (f"What do {buyers} buy in {town} {when}?", f"Tell me who buys {goods} in {town}.")
        )
        found[question] = (
            f"The {buyers} of {town} buy {goods} {when}, and {made.randint(3, 97)} carts of it "
            f"go on to {other}."
        )
    return list(found.items())


def reviews(number: int = 64) -> list[tuple[str, int]]:
    """Return sentences about a place, with 1 for a good word of it and 0 for a bad one."""
    made = random.Random(3)
    rows = [
        (
            f"The {made.choice(_GOODS)} of {made.choice(_TOWNS)} was "
            f"{made.choice(_GOOD if at % 2 else _BAD)} to all {made.randint(2, 90)} of us.",
            at % 2,
        )
        for at in range(number)
    ]
    made.shuffle(rows)
    return rows


@functools.cache
def _trained() -> str:
    """Return a tokenizer of pieces of words, as JSON; any byte can be written with it."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    built = Tokenizer(models.BPE())
    built.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    built.decoder = decoders.ByteLevel()
    texts = [f"{q}\n{a}" for q, a in pairs()] + [text for text, _ in reviews()]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB - 64,
        special_tokens=[AddedToken(mark, special=True, normalized=False) for mark in MARKS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    built.train_from_iterator(texts, trainer)
    return str(built.to_str())


def tokenizer(template: str | None = TEMPLATE, *, bos: bool = True) -> Any:
    """Return the tokenizer with Gemma's marks; it puts ``<bos>`` first."""
    from tokenizers import Tokenizer

    return of_gemma(Tokenizer.from_str(_trained()), template, bos=bos, mask_token="<mask>")


def model(**changes: Any) -> Any:
    """Return a tiny random model for these tokens."""
    return tiny.build("gemma3_text", vocab_size=VOCAB, num_hidden_layers=3, **changes)


class Rows(Dataset):  # type: ignore[type-arg]
    """A list of rows."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = list(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Row:
        return self.rows[index]


def row(text: str, *, masked: int = 0, length: int = 256, end: bool = True) -> Row:
    """Return a text as a row, its first ``masked`` tokens not trained, ``<eos>`` last."""
    ids = tokenizer()(text)["input_ids"][: length - end] + [EOS] * end
    return {
        "input_ids": ids,
        "attention_mask": [1] * len(ids),
        "labels": ([-100] * masked + ids[masked:])[: len(ids)],
    }


def chat(question: str, answer: str, *, length: int = 256, masked: bool = True) -> Row:
    """Return one question and its answer as a conversation of which the answer is trained."""
    made = tokenizer()
    said = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    begun = made.apply_chat_template(said[:1], tokenize=False, add_generation_prompt=True)
    whole = made.apply_chat_template(said, tokenize=False)
    prompt = len(made(begun, add_special_tokens=False)["input_ids"])
    ids = made(whole, add_special_tokens=False)["input_ids"][:length]
    labels = ([-100] * prompt + ids[prompt:])[: len(ids)] if masked else list(ids)
    return {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels}


def padded(rows: Sequence[Row], *, fill: int = -100, width: int = 0) -> dict[str, Any]:
    """Return rows as one batch, padded on the right."""
    width = max(width, *(len(item["input_ids"]) for item in rows))
    empty = {"input_ids": PAD, "attention_mask": 0, "labels": fill}
    return {
        name: torch.tensor(
            [[*item[name], *[value] * (width - len(item[name]))] for item in rows]
            if isinstance(rows[0][name], list) and len(rows[0][name]) > 3
            else [item[name] for item in rows]
        )
        for name, value in empty.items()
        if name in rows[0]
    }


def trainer(
    rows: Iterable[Row],
    folder: Any,
    *,
    network: Any = None,
    collator: Callable[[Sequence[Row]], Any] = padded,
    made: Any = None,
    keywords: Any = None,
    **settings: Any,
) -> dict[str, Any]:
    """Return a trial of a plain Trainer on these rows, with the tokenizer."""
    options = {"per_device_train_batch_size": 4, "learning_rate": 5e-5, **settings}
    given = {"data_collator": collator, "processing_class": made or tokenizer(), **(keywords or {})}
    data = Rows(rows) if isinstance(rows, list) else rows
    return trial(
        runs.trainer(network or model(), folder, data, keywords=given, **options),
        tokenizer=made or tokenizer(),
    )
