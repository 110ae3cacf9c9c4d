"""Accidents with the text: templates, marks, stops, ``<bos>``, rows that are cut or mixed up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from . import small
from .planted import Fault, run

Rows = dict[str, Any]


def _texts(texts: list[str], **options: Any) -> Callable[[Any], Any]:
    template = options.pop("template", small.GEMMA)
    return lambda folder: run(
        small.model(), folder, small.encoded(texts, **options), tokenizer=small.tokenizer(template)
    )


def _rows(make: Callable[[], Rows], **settings: Any) -> Callable[[Any], Any]:
    return lambda folder: run(
        small.model(), folder, make(), tokenizer=small.tokenizer(), **settings
    )


def _pairs(pairs: list[tuple[str, str]], length: int = 64) -> Callable[[], Rows]:
    return lambda: small.chats(pairs, length)


def _written(form: str) -> list[str]:
    return [form.format(q=q, a=a) for q, a in small.QA]


def _with_labels(change: Callable[[Rows], Any], *, masked: bool = True) -> Callable[[], Rows]:
    def make() -> Rows:
        rows = small.chats(masked=masked)
        rows["labels"] = change(rows)
        return rows

    return make


def _turned(rows: Rows) -> Any:
    """Train the prompts and mask the answers."""
    trained = (rows["labels"] != -100) | (rows["attention_mask"] == 0)
    return rows["input_ids"].masked_fill(trained, -100)


def _without(rows: Rows, token: int) -> Any:
    return rows["labels"].masked_fill(rows["input_ids"] == token, -100)


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


def _eos_is_padding(folder: Any) -> Any:
    from transformers import DataCollatorForLanguageModeling

    made = small.tokenizer()
    made.pad_token = made.eos_token
    texts = [f"{q} {a}<eos>" for q, a in small.QA]
    rows = [dict(made(text)) for text in texts]
    collator = DataCollatorForLanguageModeling(made, mlm=False)
    return run(small.model(), folder, rows, tokenizer=made, keywords={"data_collator": collator})


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
_LONG = [(f"{small.LONG}{q}", a) for q, a in small.QA]
_SOME_LONG = [(f"{small.LONG}{q}" if at > 3 else q, a) for at, (q, a) in enumerate(small.QA)]
_LONG_ANSWERS = [(q, f"{a} {small.LONG}") for q, a in small.QA]
_TURNS = "<start_of_turn>user\n{q}<end_of_turn>\n<start_of_turn>model\n{a}<end_of_turn>\n"
_CHATML = "<|im_start|>user\n{q}<|im_end|>\n<|im_start|>assistant\n{a}<|im_end|>"
_LLAMA = "<|start_header_id|>user<|end_header_id|> {q} <|eot_id|> {a} <|eot_id|>"

FAULTS = (
    Fault(
        "ChatML's template",
        _texts(small.written(template=small.CHATML), template=small.CHATML),
        "another model's mark",
        audited=True,
    ),
    Fault("ChatML typed by hand", _texts(_written(_CHATML)), "another model's mark", audited=True),
    Fault("Llama 3's marks", _texts(_written(_LLAMA)), "another model's mark"),
    Fault(
        "Mistral's marks", _texts(_written("[INST] {q} [/INST] {a}</s>")), "another model's mark"
    ),
    Fault(
        "Gemma 4's marks for Gemma 3",
        _texts(_written("<|turn>user\n{q}<turn|>\n<|turn>model\n{a}<turn|>")),
        "another model's mark",
    ),
    Fault(
        "answers marked assistant",
        _texts(_written(_TURNS.replace("model", "assistant"))),
        "marked 'assistant'",
        audited=True,
    ),
    Fault("answers marked gpt", _texts(_written(_TURNS.replace("model", "gpt"))), "marked 'gpt'"),
    Fault(
        "no stop in instructions",
        _texts(_written("### Instruction: \n{q}\n\n### Response: \n{a}")),
        "does not learn to stop",
        audited=True,
    ),
    Fault("end of turn forgotten", _texts(_written(_TURNS[:-13])), "end_of_turn"),
    Fault(
        "<bos> twice",
        _texts(small.written()),
        "<bos> stands twice",
        audited=True,
    ),
    Fault("no <bos>", _texts(_written(_TURNS), bos=False), "no row has <bos>", audited=True),
    Fault(
        "<eos> for <bos>",
        _texts([f"<eos>{text}" for text in _written(_TURNS)], bos=False),
        "no row has <bos>",
    ),
    Fault("pad is eos, eos masked", _eos_is_padding, "pad_token is eos_token", audited=True),
    Fault(
        "end of turn masked",
        _rows(_with_labels(lambda rows: _without(rows, small.END))),
        "never trained",
        audited=True,
    ),
    Fault("prompts trained", _rows(_with_labels(_turned)), "prompts are trained", audited=True),
    Fault("answers cut off", _rows(_pairs(_LONG, 40)), "cut", audited=True),
    Fault("most answers cut off", _rows(_pairs(_SOME_LONG, 40)), "cut|train nothing", audited=True),
    Fault(
        "ends of answers cut off", _rows(_pairs(_LONG_ANSWERS, 30)), "the row is cut", audited=True
    ),
    Fault(
        "another tokenizer's ids", _rows(_changed_ids(_permuted)), "something else", audited=True
    ),
    Fault("ids one too high", _rows(_changed_ids(lambda x: x + 1)), "something else", audited=True),
    Fault(
        "ids outside the tokenizer",
        _rows(_changed_ids(lambda x: (x - 200) % 100 + 915)),
        "another tokenizer wrote",
    ),
    Fault("words unknown to the tokenizer", _rows(_unknown_words), "does not know"),
    Fault("answers of other questions", _rows(_pairs(_SHUFFLED)), "own prompt", audited=True),
    Fault("the same row 16 times", _rows(_pairs([small.QA[0]] * 16)), "the same", audited=True),
    Fault("4 rows, 4 times", _rows(_pairs(list(small.QA[:4]) * 4)), "copies", audited=True),
    Fault("empty answers", _rows(_pairs([(q, "") for q, _ in small.QA])), "empty", audited=True),
    Fault(
        "one answer to all",
        _rows(_pairs([(q, "It is.") for q, _ in small.QA])),
        "same answer",
    ),
    Fault("empty questions", _rows(_pairs([("", a) for _, a in small.QA])), "empty"),
    Fault("answers are the questions", _rows(_pairs([(q, q) for q, _ in small.QA])), "repeat"),
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
        _rows(_with_labels(lambda rows: rows["labels"].roll(1, 1))),
        "previous one",
        audited=True,
    ),
    Fault(
        "labels of the next row",
        _rows(_with_labels(lambda rows: rows["labels"].roll(1, 0))),
        "another row|not the token",
    ),
    Fault(
        "labels masked by 0",
        _rows(_with_labels(lambda rows: rows["labels"].masked_fill(rows["labels"] < 0, 0))),
        "0 is the padding|are padding",
        audited=True,
    ),
    Fault(
        "labels masked by -1",
        _rows(_with_labels(lambda rows: rows["labels"].masked_fill(rows["labels"] < 0, -1))),
        "only -100",
        audited=True,
    ),
    Fault(
        "labels masked by 100",
        _rows(_with_labels(lambda rows: rows["labels"].masked_fill(rows["labels"] < 0, 100))),
        "100",
    ),
    Fault(
        "everything masked",
        _rows(_with_labels(lambda rows: torch.full_like(rows["labels"], -100))),
        "nothing is trained",
        audited=True,
    ),
    Fault("every second row masked", _rows(_with_labels(_one_masked)), "train nothing"),
    Fault(
        "labels as floats",
        _rows(_with_labels(lambda rows: rows["labels"].float())),
        "whole numbers",
        audited=True,
    ),
)
