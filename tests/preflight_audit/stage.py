"""The models that healthy set-ups run on: the taught tiny one, or the published Gemma 3 270M.

A set-up asks its stage for a model, a tokenizer and rows, so that one definition runs on both.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from . import small

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>"
    "{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n{{ m['content'] | trim }}"
    "<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
# With the marks by which TRL tells an assistant's tokens from the others.
GENERATION = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'assistant' %}<start_of_turn>model\n"
    "{% generation %}{{ m['content'] }}<end_of_turn>\n{% endgeneration %}{% else %}<start_of_turn>"
    "{{ m['role'] }}\n{{ m['content'] }}<end_of_turn>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
Chat = list[dict[str, str]]


def weights() -> Path | None:
    """Return the folder of the published Gemma 3 270M: ``AUDIT_MODEL``, else where `make real` puts
    it; ``None`` if it is not on this machine.
    """
    from benchmarks.real.weights import MODEL

    found = Path(small.REAL) if small.REAL else MODEL
    return found if (found / "config.json").is_file() else None


@dataclass(frozen=True)
class Stage:
    """A model and its tokenizer.

    Attributes:
        name: ``small`` or ``real``.
        folder: where the set-up writes.
    """

    name: str
    folder: str
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        """Return questions and answers; the real tokenizer gets them as people write them."""
        if self.name == "small":
            return small.QA
        return [(_joined(q), _joined(a)) for q, a in small.QA]

    def model(self, dtype: torch.dtype = torch.float32, **options: Any) -> Any:
        """Return a fresh copy of the model, cache off as trainers set it."""
        if self.name == "small":
            return small.model(dtype=dtype, **options)
        return copy.deepcopy(_real()).to(dtype)

    def tokenizer(self, template: str | None = TEMPLATE, side: str = "right") -> Any:
        """Return a fresh tokenizer that pads on this side."""
        if self.name == "small":
            made = small.tokenizer(template)
        else:
            import transformers

            made = transformers.AutoTokenizer.from_pretrained(weights())
            made.chat_template = template
        made.padding_side = side
        return made

    def chats(self) -> list[Chat]:
        """Return one question and its answer as a conversation, sixteen times."""
        return small.messages(self.pairs)

    def rows(
        self, chats: Sequence[Chat] | None = None, trained: str = "answers", side: str = "right"
    ) -> dict[str, torch.Tensor]:
        """Return conversations as padded rows.

        Args:
            chats: by default :meth:`chats`.
            trained: ``answers``, ``last`` (the last answer only) or ``all``.
            side: where the padding stands.
        """
        made = self.tokenizer(side=side)
        rows = [_row(made, chat, trained) for chat in chats or self.chats()]
        return _padded(rows, made.pad_token_id, side)

    def texts(self, texts: Sequence[str], *, marks: bool = True) -> dict[str, torch.Tensor]:
        """Return texts as padded rows, everything trained; ``<bos>`` first if ``marks``."""
        made = self.tokenizer()
        rows = [made(text, add_special_tokens=marks)["input_ids"] for text in texts]
        return _padded([(ids, list(ids)) for ids in rows], made.pad_token_id, "right")


def _joined(text: str) -> str:
    for mark in "?.,":
        text = text.replace(f" {mark}", mark)
    return text


@functools.cache
def _real() -> Any:
    import transformers

    # Named as every release reads it: ``dtype`` is newer than 4.50.3.
    return transformers.AutoModelForCausalLM.from_pretrained(weights(), torch_dtype=torch.float32)


def _row(made: Any, chat: Chat, trained: str) -> tuple[list[int], list[int]]:
    """Return the ids of one conversation and its labels."""
    ids = _ids(made, chat)
    labels = list(ids) if trained == "all" else [-100] * len(ids)
    answers = [at for at, turn in enumerate(chat) if turn["role"] == "assistant"]
    for at in {"all": [], "last": answers[-1:]}.get(trained, answers):
        start = len(_ids(made, chat[:at], add_generation_prompt=True))
        end = len(_ids(made, chat[: at + 1]))
        labels[start:end] = ids[start:end]
    return ids, labels


def _ids(made: Any, chat: Chat, **options: Any) -> list[int]:
    text = made.apply_chat_template(chat, tokenize=False, **options)
    found: list[int] = made(text, add_special_tokens=False)["input_ids"]
    return found


def _padded(rows: Sequence[tuple[list[int], list[int]]], pad: int, side: str) -> dict[str, Any]:
    width = max(len(ids) for ids, _ in rows)
    made: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "labels": []}
    for ids, labels in rows:
        room = width - len(ids)
        for name, values, empty in (
            ("input_ids", ids, pad),
            ("attention_mask", [1] * len(ids), 0),
            ("labels", labels, -100),
        ):
            gap = [empty] * room
            made[name].append([*gap, *values] if side == "left" else [*values, *gap])
    return {name: torch.tensor(value) for name, value in made.items()}
