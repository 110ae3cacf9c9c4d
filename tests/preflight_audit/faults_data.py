"""Accidents with data and objective, planted by someone who had not read the checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from .planted import Fault
from .sentences import (
    Row,
    chat,
    padded,
    pairs,
    row,
    tokenizer,
    trainer,
)

ALPACA = "### Instruction:\n{q}\n\n### Response:\n{a}"
PLAIN = "Question: {q}\nAnswer: {a}"
_CODE = '''def {name}(values, limit={n}):
    """Return what is over {n}."""
    found = []
    for value in values:
        if value > limit:
            found.append(value - {n})
    return found
'''


def code(number: int = 40) -> list[tuple[str, str]]:
    """Return requests for a function, and the functions."""
    return [
        (f"Write a function over_{n}.", _CODE.format(name=f"over_{n}", n=n))
        for n in range(10, 10 + number)
    ]


def texts(form: str) -> list[str]:
    return [form.format(q=q, a=a) for q, a in pairs()]


def _of_texts(make: Callable[[], list[str]], **options: Any) -> Callable[[Any], Any]:
    return lambda folder: trainer([row(text, **options) for text in make()], folder)


def _of_chats(make: Callable[[], list[tuple[str, str]]], **options: Any) -> Callable[[Any], Any]:
    return lambda folder: trainer([chat(q, a, **options) for q, a in make()], folder)


def _characters() -> list[str]:
    return [PLAIN.format(q=q[at], a=a[at]) for q, a in pairs()[:24] for at in (1, 3, 5)]


def _sliced() -> list[str]:
    said = [a for _, a in pairs()]
    return [" ".join((*said[at:], *said[:at]))[:160] for at in range(0, 64, 2)]


def _windows(folder: Any) -> Any:
    made = tokenizer()
    ids = made(" ".join(a for _, a in pairs()), add_special_tokens=False)["input_ids"]
    rows = [ids[at : at + 64] for at in range(0, 512, 4)]
    full = [{"input_ids": i, "attention_mask": [1] * 64, "labels": list(i)} for i in rows]
    for item in full:
        item["input_ids"][0] = item["labels"][0] = 2
    return trainer(full, folder)


def _one_width(rows: Sequence[Row]) -> dict[str, Any]:
    return padded(rows, width=480)


def _padded_far(folder: Any) -> Any:
    return trainer([chat(q, a) for q, a in pairs()], folder, collator=_one_width)


def _characters_masked(form: str, length: int) -> Callable[[Any], Any]:
    """Mask as many labels as the prompt has characters; long answers leave some of them."""

    def make(folder: Any) -> Any:
        rows = []
        for at, (q, a) in enumerate(pairs()):
            said = " ".join(answer for _, answer in pairs()[at : at + length]) or a
            prompt = form.format(q=q, a="").rstrip(" ")
            rows.append(row(form.format(q=q, a=said), masked=len(prompt)))
        return trainer(rows, folder)

    return make


def _rendered_masked(length: int) -> Callable[[Any], Any]:
    """Mask as many labels as a prompt has characters that a template rendered, ``<bos>`` too."""

    def make(folder: Any) -> Any:
        rows = []
        for at, (q, a) in enumerate(pairs()):
            said = " ".join(answer for _, answer in pairs()[at : at + (length, 1, 1)[at % 3]]) or a
            prompt = f"<bos><start_of_turn>user\n{q}<end_of_turn>\n<start_of_turn>model\n"
            made = chat(q, said)
            masked = min(len(prompt), len(made["input_ids"]))
            labels = [-100] * masked + made["input_ids"][masked:]
            rows.append({**made, "labels": labels})
        return trainer(rows, folder)

    return make


def _turned(form: str) -> Callable[[Any], Any]:
    def make(folder: Any) -> Any:
        rows = []
        for q, a in pairs():
            made = row(form.format(q=q, a=a))
            prompt = len(tokenizer()(form.format(q=q, a=""))["input_ids"])
            ids = made["input_ids"]
            rows.append({**made, "labels": ids[:prompt] + [-100] * (len(ids) - prompt)})
        return trainer(rows, folder)

    return make


def _evaluated_whole(turned: bool) -> Callable[[Any], Any]:
    def make(folder: Any) -> Any:
        rows = [chat(q, a, masked=not turned) for q, a in pairs()[:40]]
        held = [chat(q, a, masked=turned) for q, a in pairs()[40:]]
        return trainer(
            rows,
            folder,
            keywords={"eval_dataset": held},
            eval_strategy="steps",
            eval_steps=2,
        )

    return make


_DICTS = [str({"question": q, "answer": a}) for q, a in pairs()]
_BYTES = [str(f"{q}\n{a} caf\u00e9".encode()) for q, a in pairs()]
_LISTS = [
    str([{"role": "user", "content": q}, {"role": "assistant", "content": a}]) for q, a in pairs()
]
_HALVES = [q for q, _ in pairs() if q.endswith("?")] + [a for _, a in pairs()][:40]

FAULTS = (
    Fault("lists joined under batched=True", _of_texts(lambda: _HALVES), "became separate rows"),
    Fault("loop over letters", _of_texts(_characters), "single characters where texts"),
    Fault("bytes written out", _of_texts(lambda: _BYTES), "bytes, written out"),
    Fault("dict written out", _of_texts(lambda: _DICTS), "Python shows a dict"),
    Fault("messages written out", _of_texts(lambda: _LISTS), "list of messages, written"),
    Fault(
        "dict as the user's turn",
        _of_chats(lambda: list(zip(_DICTS, (a for _, a in pairs()), strict=True))),
        "Python shows a dict",
    ),
    Fault(
        "lines of code joined",
        _of_chats(lambda: [(q, re.sub(r"\s+", " ", a)) for q, a in code()]),
        "line breaks and indentation were removed",
    ),
    Fault("texts cut by characters", _of_texts(_sliced), "they were cut by characters"),
    Fault(
        "answers cut by characters",
        _of_chats(lambda: [(q, f"{a} {a}"[:64]) for q, a in pairs()]),
        "they were cut by characters",
    ),
    Fault("stride taken for a step", _windows, "the windows overlap"),
    Fault("padded to the longest possible", _padded_far, "of the work is done on padding"),
    Fault("characters masked", _characters_masked(PLAIN, 1), "not len\\(prompt\\)"),
    Fault("characters masked, long answers", _characters_masked(ALPACA, 4), "characters"),
    Fault("characters masked, rendered prompts", _rendered_masked(12), "characters"),
    Fault("prompts of a plain form trained", _turned(PLAIN), "prompts are trained and the answers"),
    Fault("prompts of Alpaca trained", _turned(ALPACA), "prompts are trained and the answers"),
    Fault("evaluation trains prompts", _evaluated_whole(False), "cannot be compared"),
    Fault("training trains prompts", _evaluated_whole(True), "cannot be compared"),
)
