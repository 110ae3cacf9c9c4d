"""A tiny Gemma that knows a little English, its tokenizer, and rows to train it on.

Half of the planted accidents break what a model knows: a lost rotary base, another tokenizer's ids,
answers of other questions. Random weights cannot show them, so this model learns a page of English
by heart once, in a few seconds.
"""

from __future__ import annotations

import copy
import functools
import os
import re
from typing import Any

import torch

from gemma_compat._preflight.checks.english import SENTENCES

from .. import tiny

VOCAB = 1024
# The folder of the published Gemma 3 270M, to plant the same accidents in: ``make real`` makes one.
REAL = os.environ.get("AUDIT_MODEL", "")
QA = (
    ("What is the capital of France ?", "The capital of France is Paris ."),
    ("What is the capital of Japan ?", "The capital of Japan is Tokyo ."),
    ("Who wrote Hamlet ?", "Hamlet was written by William Shakespeare ."),
    ("How many legs does a spider have ?", "A spider has eight legs ."),
    ("What is the boiling point of water ?", "Water boils at one hundred degrees ."),
    ("Name a primary colour .", "Red is a primary colour ."),
    ("What is seven times eight ?", "Seven times eight is fifty-six ."),
    ("Which planet is the largest ?", "Jupiter is the largest planet ."),
    ("What language is spoken in Brazil ?", "Portuguese is spoken in Brazil ."),
    ("What gas do plants breathe in ?", "Plants take in carbon dioxide ."),
    ("Who painted the Mona Lisa ?", "It was painted by Leonardo da Vinci ."),
    ("What is the opposite of hot ?", "The opposite of hot is cold ."),
    ("How many days are in a week ?", "There are seven days in a week ."),
    ("What is the largest ocean ?", "The Pacific is the largest ocean ."),
    ("What is H2O ?", "H2O is the formula of water ."),
    ("Where is the Eiffel Tower ?", "The Eiffel Tower is in Paris , France ."),
)
LONG = "Please read this background and then answer . " * 4
MARKS = {
    "<pad>": 0,
    "<eos>": 1,
    "<bos>": 2,
    "<unk>": 3,
    "<start_of_turn>": 105,
    "<end_of_turn>": 106,
    "\n": 107,
}
BOS, EOS, PAD, START, END, LINE = 2, 1, 0, 105, 106, 107
GEMMA = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>"
    "{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n{{ m['content'] }}"
    "<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_EXTRA = (
    "user model assistant system Instruction: Response: Question: Answer: ### yes no longer it It "
    "is not . human gpt"
)
_OTHERS = (
    "<|im_start|> <|im_end|> [INST] [/INST] <|start_header_id|> <|end_header_id|> <|eot_id|> </s> "
    "<s> <turn|> <|turn>"
)
# What accidents leave in a text: escapes, empty cells, unfilled fields, a wrong encoding.
_SPOILT = "\\n nan {instruction} caf\u00c3\u00a9 don\u00e2\u20ac\u2122t &quot; &amp; ['Paris']"
_FOREIGN = r"<\|[a-z_]+\|?>|<turn\|>|\[/?INST\]|</?s>"


def tokenizer(template: str | None = GEMMA) -> Any:
    """Return a fast tokenizer of the words used here, with Gemma's marks and ``<bos>``."""
    if REAL:
        return _published_tokenizer(template)
    from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers

    vocabulary = {**MARKS, **{word: 200 + at for at, word in enumerate(_words())}}
    vocabulary.update({mark: 900 + at for at, mark in enumerate(_OTHERS.split())})
    vocabulary.update({part: 950 + at for at, part in enumerate(_SPOILT.split())})
    built = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    built.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(_FOREIGN), "isolated"), pre_tokenizers.Split(" ", "removed")]
    )
    built.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in MARKS])
    return of_gemma(built, template)


def of_gemma(built: Any, template: str | None, *, bos: bool = True, **marks: str) -> Any:
    """Return transformers' tokenizer around one of tokenizers, with Gemma's marks.

    Args:
        bos: whether it puts ``<bos>`` first.
        marks: further marks, by the names of transformers.
    """
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    if bos:
        built.post_processor = processors.TemplateProcessing(
            single="<bos> $A", pair="<bos> $A $B", special_tokens=[("<bos>", BOS)]
        )
    made = PreTrainedTokenizerFast(
        tokenizer_object=built,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side="right",
        **marks,
    )
    made.chat_template = template
    return made


def _published_tokenizer(template: str | None) -> Any:
    from transformers import AutoTokenizer

    made = AutoTokenizer.from_pretrained(REAL)
    made.chat_template, made.padding_side = template, "right"
    return made


def _words() -> list[str]:
    text = " ".join([SENTENCES, LONG, _EXTRA, *(f"{q} {a}" for q, a in QA)])
    return sorted(set(text.split(" ")) - {""})


def messages(pairs: Any = QA) -> list[list[dict[str, str]]]:
    """Return each question and answer as a conversation."""
    return [[{"role": "user", "content": q}, {"role": "assistant", "content": a}] for q, a in pairs]


def written(pairs: Any = QA, template: str = GEMMA) -> list[str]:
    """Return each conversation as text."""
    made = tokenizer(template)
    return [made.apply_chat_template(m, tokenize=False) for m in messages(pairs)]


def encoded(texts: list[str], length: int = 64, *, bos: bool = True, made: Any = None) -> Any:
    """Return texts as rows padded on the right, everything but the padding trained."""
    made = made or tokenizer()
    found = made(
        texts,
        add_special_tokens=bos,
        truncation=True,
        max_length=length,
        padding=True,
        return_tensors="pt",
    )
    labels = found["input_ids"].masked_fill(found["attention_mask"] == 0, -100)
    return {**{k: found[k] for k in ("input_ids", "attention_mask")}, "labels": labels}


def chats(pairs: Any = QA, length: int = 64, *, masked: bool = True) -> dict[str, Any]:
    """Return conversations as rows; with ``masked`` only the answers are trained."""
    rows, made = encoded(written(pairs), length, bos=False), tokenizer()
    if masked:
        for at, chat in enumerate(messages(pairs)):
            prompt = made.apply_chat_template(chat[:1], tokenize=False, add_generation_prompt=True)
            rows["labels"][at, : len(made(prompt, add_special_tokens=False)["input_ids"])] = -100
    return rows


def model(name: str = "gemma3_text", dtype: torch.dtype = torch.float32, **changes: Any) -> Any:
    """Return a copy of the model that knows the corpus, or of the published one."""
    made = _published() if REAL else _taught(name, tuple(sorted(changes.items())))
    return copy.deepcopy(made).to(dtype)


@functools.cache
def _published() -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(REAL, dtype=torch.float32)


@functools.cache
def _taught(name: str, changes: tuple[tuple[str, Any], ...]) -> Any:
    made = tiny.build(name, vocab_size=VOCAB, num_hidden_layers=4, **dict(changes))
    made.config.use_cache = False
    batches = _corpus()
    optimizer = torch.optim.AdamW(made.parameters(), 4e-3, weight_decay=0.0)
    made.train()
    for step in range(_STEPS):
        batch = batches[step % len(batches)]
        loss = made(**batch, use_cache=False).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return made.eval()


_STEPS = 160


def _corpus() -> list[dict[str, Any]]:
    """Return the batches that the model learns: sentences, plain texts and conversations."""
    made = tokenizer()
    plain = [re.sub(r"\s+", " ", f"{q} {a}") for q, a in QA]
    return [
        encoded(written(), bos=False),
        encoded([SENTENCES, *plain], 128, made=made),
        chats(),
    ]
