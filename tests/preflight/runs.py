"""Tiny runs to plant faults in: rows, a chat tokenizer, a Trainer that writes nothing."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any

import torch

from .. import tiny

BOS, EOS, PAD, START, END = 2, 1, 0, 106, 107
WORDS = (
    *("user", "model", "what", "is", "the", "capital", "of", "france", "paris", "red", "blue"),
    *("green", "one", "two", "three", "four", "five", "six", "seven", "answer", "question"),
    *("hello", "world", "yes", "no", "maybe", "sun", "moon", "star"),
)
_MARKS = {
    "<pad>": PAD,
    "<eos>": EOS,
    "<bos>": BOS,
    "<start_of_turn>": START,
    "<end_of_turn>": END,
    "\n": 108,
}
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ m['role'] }}\n{{ m['content'] }}"
    "<end_of_turn>\n{% endfor %}"
)


def tokenizer() -> Any:
    """A fast tokenizer of 30 words with Gemma's marks; everything else is unknown (token 3)."""
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {**_MARKS, "<unk>": 3, **{word: 10 + at for at, word in enumerate(WORDS)}}
    built = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    built.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    built.add_special_tokens([AddedToken(mark, special=True) for mark in (*_MARKS, "<unk>")])
    made = PreTrainedTokenizerFast(
        tokenizer_object=built,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
    )
    made.chat_template = TEMPLATE
    return made


def chat(count: int = 8, answer: str = "paris", *, masked: bool = True) -> dict[str, Any]:
    """Rows of one question and its answer, the prompt masked, padded on the right."""
    word = {text: 10 + at for at, text in enumerate(WORDS)}
    rows = []
    for at in range(count):
        asked = [word["what"], word["is"], 16 + at % 20]
        prompt = [BOS, START, word["user"], 108, *asked, END, 108, START, word["model"], 108]
        said = [word[part] for part in (*answer.split(), WORDS[at % 20 + 6])]
        rows.append((prompt, [*said, END, 108]))
    width = max(len(p) + len(a) for p, a in rows) + 2
    made: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "labels": []}
    for prompt, said in rows:
        ids, room = prompt + said, width - len(prompt) - len(said)
        made["input_ids"].append(ids + [PAD] * room)
        made["attention_mask"].append([1] * len(ids) + [0] * room)
        labels = [-100] * len(prompt) + said if masked else ids
        made["labels"].append(labels + [-100] * room)
    return {name: torch.tensor(value) for name, value in made.items()}


def text(count: int = 8, name: str = "gemma3_text") -> dict[str, Any]:
    """Rows of random tokens that begin with ``<bos>``, all of them trained."""
    made = tiny.batch(name, size=count)
    made["input_ids"][:, 0] = made["labels"][:, 0] = BOS
    return made


class Rows(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """A batch, row by row."""

    def __init__(self, batch: Mapping[str, Any]) -> None:
        self.batch = dict(batch)

    def __len__(self) -> int:
        return len(self.batch["input_ids"])

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {name: value[index] for name, value in self.batch.items()}


def reset_precision() -> None:
    """Forget the mixed precision of an earlier Trainer, kept for the process in two places."""
    from accelerate.state import AcceleratorState, GradientState

    os.environ.pop("ACCELERATE_MIXED_PRECISION", None)
    AcceleratorState._reset_state(True)
    GradientState._reset_state()


def trainer(
    model: Any,
    folder: Any,
    rows: Any = None,
    cls: Any = None,
    keywords: Mapping[str, Any] | None = None,
    **arguments: Any,
) -> Any:
    """A Trainer for six steps of two rows.

    Args:
        model: a tiny one.
        folder: of its output.
        rows: a batch of rows, or a data set.
        cls: the class of the Trainer.
        keywords: of its constructor.
        arguments: of ``TrainingArguments``.
    """
    from transformers import Trainer, TrainingArguments, default_data_collator

    reset_precision()
    given = text() if rows is None else rows
    settings = {
        "per_device_train_batch_size": 2,
        "per_device_eval_batch_size": 2,
        "max_steps": 6,
        "use_cpu": True,
        "report_to": [],
        "disable_tqdm": True,
        "save_strategy": "no",
        "logging_steps": 1,
        "remove_unused_columns": False,
        "label_names": ["labels"],
        **arguments,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return (cls or Trainer)(
            model=model,
            args=TrainingArguments(output_dir=str(folder), **settings),
            train_dataset=Rows(given) if isinstance(given, dict) else given,
            **{"data_collator": default_data_collator, **(keywords or {})},
        )
