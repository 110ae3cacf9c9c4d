"""Accidents with the text: templates, marks, stops, ``<bos>`` and rows that are cut."""

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


def trained(make: Callable[[], Rows], **settings: Any) -> Callable[[Any], Any]:
    """Return a run of the model that knows English, on these rows."""
    return lambda folder: run(
        small.model(), folder, make(), tokenizer=small.tokenizer(), **settings
    )


def pairs(said: list[tuple[str, str]], length: int = 64) -> Callable[[], Rows]:
    """Return what makes conversations of these questions and answers."""
    return lambda: small.chats(said, length)


def _written(form: str) -> list[str]:
    return [form.format(q=q, a=a) for q, a in small.QA]


def with_labels(change: Callable[[Rows], Any], *, masked: bool = True) -> Callable[[], Rows]:
    """Return what makes conversations with other labels."""

    def make() -> Rows:
        rows = small.chats(masked=masked)
        rows["labels"] = change(rows)
        return rows

    return make


def _turned(rows: Rows) -> Any:
    """Train the prompts and mask the answers."""
    answers = (rows["labels"] != -100) | (rows["attention_mask"] == 0)
    return rows["input_ids"].masked_fill(answers, -100)


def _without(rows: Rows, token: int) -> Any:
    return rows["labels"].masked_fill(rows["input_ids"] == token, -100)


def _eos_is_padding(folder: Any) -> Any:
    from transformers import DataCollatorForLanguageModeling

    made = small.tokenizer()
    made.pad_token = made.eos_token
    texts = [f"{q} {a}<eos>" for q, a in small.QA]
    rows = [dict(made(text)) for text in texts]
    collator = DataCollatorForLanguageModeling(made, mlm=False)
    return run(small.model(), folder, rows, tokenizer=made, keywords={"data_collator": collator})


def _by_parts(*, bos: bool = False, eos: bool = False) -> Rows:
    """Encode prompts and answers apart, with special tokens at the joint."""
    made, rows = small.tokenizer(), []
    for chat in small.messages():
        asked = made.apply_chat_template(chat[:1], tokenize=False, add_generation_prompt=True)
        prompt = made(asked, add_special_tokens=False)["input_ids"] + [small.EOS] * eos
        said = f"{chat[1]['content']}<end_of_turn>\n"
        rows.append((prompt, made(said, add_special_tokens=bos)["input_ids"]))
    width = max(len(prompt) + len(answer) for prompt, answer in rows)
    found: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "labels": []}
    for prompt, answer in rows:
        room = width - len(prompt) - len(answer)
        found["input_ids"].append(prompt + answer + [small.PAD] * room)
        found["attention_mask"].append([1] * (width - room) + [0] * room)
        found["labels"].append([-100] * len(prompt) + answer + [-100] * room)
    return {name: torch.tensor(value) for name, value in found.items()}


_END = "<end_of_turn>"


_LONG = [(f"{small.LONG}{q}", a) for q, a in small.QA]


_SOME_LONG = [(f"{small.LONG}{q}" if at > 3 else q, a) for at, (q, a) in enumerate(small.QA)]


_LONG_ANSWERS = [(q, f"{a} {small.LONG}") for q, a in small.QA]


_TURNS = "<start_of_turn>user\n{q}<end_of_turn>\n<start_of_turn>model\n{a}<end_of_turn>\n"


_CHATML = "<|im_start|>user\n{q}<|im_end|>\n<|im_start|>assistant\n{a}<|im_end|>"


_LLAMA = "<|start_header_id|>user<|end_header_id|> {q} <|eot_id|> {a} <|eot_id|>"


_USER = "<start_of_turn>user\n{q}<end_of_turn>\n"
_MODEL = "<start_of_turn>model\n{a}<end_of_turn>\n"
FAULTS = (
    Fault("template drops the answers", _texts(_written(_USER)), "no turn of the model"),
    Fault(
        "generation prompt left at the end",
        _texts(_written(f"{_USER}{_MODEL}<start_of_turn>model\n")),
        "beginning of another answer",
    ),
    Fault(
        "roles exchanged",
        _texts(_written(_USER.replace("user", "model") + _MODEL.replace("model", "user"))),
        "roles are exchanged",
    ),
    Fault(
        "answers as the user's turns",
        _texts(_written(_USER + _MODEL.replace("model", "user"))),
        "no turn of the model",
    ),
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
        trained(with_labels(lambda rows: _without(rows, small.END))),
        "never trained",
        audited=True,
    ),
    Fault("answers with their own <bos>", trained(lambda: _by_parts(bos=True)), "its own <bos>"),
    Fault("<eos> after the prompt", trained(lambda: _by_parts(eos=True)), "before the answer"),
    Fault(
        "end of turn twice",
        _texts([text.replace(_END, _END * 2) for text in small.written()], bos=False),
        "stands twice",
    ),
    Fault("Llama 2's stop", _texts(_written("Question: {q} Answer: {a}</s>")), "model's stop"),
    Fault("prompts trained", trained(with_labels(_turned)), "prompts are trained", audited=True),
    Fault("answers cut off", trained(pairs(_LONG, 40)), "cut", audited=True),
    Fault(
        "most answers cut off", trained(pairs(_SOME_LONG, 40)), "cut|train nothing", audited=True
    ),
    Fault(
        "ends of answers cut off",
        trained(pairs(_LONG_ANSWERS, 30)),
        "the row is cut",
        audited=True,
    ),
)
