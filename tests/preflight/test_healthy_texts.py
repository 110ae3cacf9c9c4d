"""Texts that people train on, and that no check of texts may speak of.

Each kind is held as blocks of a tokenizer of letters and of one of pieces of words, and as whole
texts. The checks are asked alone, without a pass of a model.
"""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
import torch

from gemma_compat._preflight.checks import overlap, scan, text, wording
from gemma_compat._preflight.result import Outcome
from gemma_compat._preflight.subject import Subject

from ..preflight_audit import sentences

_WORDS = (
    "night",
    "river",
    "stone",
    "light",
    "winter",
    "song",
    "heart",
    "morning",
    "window",
    "garden",
)
_LETTERS = "bcdefghijklmnopqrstuvw"
_HAN, _KANA = "春江潮水连海平月共生滟随波千万里何处", "東京の町に雨がふり母は本を読む"


def _of(seed: int, form: Callable[[random.Random], str], number: int = 96) -> list[str]:
    made = random.Random(seed)
    return [form(made) for _ in range(number)]


def _word(made: random.Random) -> str:
    return made.choice(_WORDS)


def _poem(made: random.Random) -> str:
    lines = [f"the {_word(made)} of {_word(made)}" for _ in range(4)]
    return "\n".join(lines)


def _json(made: random.Random) -> str:
    return json.dumps({"name": _word(made), "price": made.randint(1, 99), "tags": [_word(made)]})


def _log(made: random.Random) -> str:
    return (
        f"2026-11-{made.randint(10, 27)} 10:{made.randint(10, 59)} INFO "
        f"[worker-{made.randint(1, 9)}] {_word(made)}.{_word(made)}: "
        f"request {made.randint(1000, 9999)} done"
    )


def _table(made: random.Random) -> str:
    rows = [f"| {_word(made)} | {made.randint(1, 99)} |" for _ in range(made.randint(2, 5))]
    return "| name | number |\n|---|---|\n" + "\n".join(rows)


def _shell(made: random.Random) -> str:
    return (
        f"for f in {_word(made)}/*; do sed 's/{_word(made)}/\\n/' $f | sort > {_word(made)}; done"
    )


def _title(made: random.Random) -> str:
    said = f"{_word(made)} in the {_word(made)} of a {_word(made)}"
    return made.choice((f"Why is {said}?", f"About {said}"))


KINDS: dict[str, list[str]] = {
    "prose": [f"{q} {a}" for q, a in sentences.pairs()],
    "poems": _of(1, _poem),
    "JSON": _of(2, _json),
    "logs": _of(3, _log),
    "tables": _of(4, _table),
    "shell": _of(5, _shell),
    "patterns": _of(6, lambda r: f"Use re.sub('\\n+', '\\n', {_word(r)}) for the {_word(r)}."),
    "C strings": _of(7, lambda r: f'The {_word(r)} writes "{_word(r)}\\nTotal\\n" at its end.'),
    "Jinja": _of(8, lambda r: f"Dear {{{{ name }}}}, the {_word(r)} of {{{{ text }}}} is here."),
    "f-strings": _of(9, lambda r: f'{_word(r)} = f"{{text}} of the {_word(r)}"'),
    "LaTeX": _of(10, lambda r: rf"Let $\nu \neq \nabla {_word(r)}$. Then \newline {_word(r)}."),
    "algebra": _of(11, lambda r: f"x + y = z ; a * {r.choice(_LETTERS)} = {r.choice(_LETTERS)}"),
    "sequences": _of(12, lambda r: " ".join(r.choice("ACGT") for _ in range(40))),
    "alphabet": _of(13, lambda r: f"What comes after {r.choice(_LETTERS)}? {r.choice(_LETTERS)}"),
    "titles, some asked": _of(14, _title),
    "small letters": _of(15, lambda r: " ".join(_word(r) for _ in range(r.randint(20, 50)))),
    "Chinese": _of(16, lambda r: "".join(r.choice(_HAN) for _ in range(60))),
    "Japanese": _of(17, lambda r: "".join(r.choice(_KANA) for _ in range(60))),
    "Russian": _of(
        18, lambda r: " ".join(r.choice(("вечер", "река", "дождь", "и")) for _ in range(30))
    ),
}


@functools.cache
def _letters() -> Any:
    """Return a tokenizer of single letters that writes them back with spaces between them."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    signs = sorted({sign for texts in KINDS.values() for said in texts for sign in said} | {"\n"})
    names = [*sentences.MARKS, *signs]
    built = Tokenizer(models.WordLevel({n: at for at, n in enumerate(names)}, unk_token="<unk>"))
    built.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    built.add_special_tokens([AddedToken(m, special=True) for m in sentences.MARKS])
    return PreTrainedTokenizerFast(
        tokenizer_object=built,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
    )


@functools.cache
def _joined() -> Any:
    """Return the same one, which joins the letters again."""
    from tokenizers import decoders

    made = _letters.__wrapped__()
    made.backend_tokenizer.decoder = decoders.Fuse()
    return made


TOKENIZERS = {"letters": _letters, "letters, joined": _joined, "pieces": sentences.tokenizer}


def _rows(texts: list[str], made: Any, size: int) -> list[list[int]]:
    """Return blocks of so many tokens, or each text as a row for a size of 0."""
    encoded = [made(said, add_special_tokens=False)["input_ids"] for said in texts]
    if not size:
        return [[sentences.BOS, *ids, sentences.EOS] for ids in encoded][:64]
    ids = [token for row in encoded for token in (*row, sentences.EOS)]
    starts = range(0, len(ids) - size, size)
    return [[sentences.BOS, *ids[at : at + size]] for at in starts][:64]


def _subject(rows: list[list[int]], made: Any) -> Subject:
    full = [{"input_ids": r, "attention_mask": [1] * len(r), "labels": list(r)} for r in rows]
    batches = [sentences.padded(full[at : at + 4]) for at in range(0, len(full), 4)]
    return Subject(torch.nn.Linear(1, 1), batches[0], tokenizer=made, scanned=batches)


@pytest.mark.parametrize("size", [0, 48, 128])
@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_said_of_healthy_texts(kind: str, name: str, size: int) -> None:
    made = TOKENIZERS[name]()
    subject = _subject(_rows(KINDS[kind], made, size), made)
    for check in (wording.text_is_clean, text.text_is_the_models):
        found = check(subject)
        assert found.outcome not in (Outcome.FAIL, Outcome.WARNING), found
    rows = [(batch, row) for batch in subject.scanned for row in range(len(batch["input_ids"]))]
    assert overlap.rows_overlap(subject, rows) is None


def _answered(answers: list[tuple[str, str]]) -> Subject:
    rows = [sentences.chat(question, answer) for question, answer in answers]
    batches = [sentences.padded(rows[at : at + 4]) for at in range(0, len(rows), 4)]
    return Subject(
        torch.nn.Linear(1, 1), batches[0], tokenizer=sentences.tokenizer(), scanned=batches
    )


def test_answers_that_are_looked_up_in_a_text_are_no_copies_of_their_prompt() -> None:
    made, asked = random.Random(5), []
    for _ in range(32):
        words = [_word(made) for _ in range(made.randint(20, 40))]
        at = made.randint(1, 12)
        said = "".join(f" {word}" for word in words)
        asked.append((f"Which part is it?{said}", "".join(f" {w}" for w in words[at : at + 5])))
    assert scan.answers_differ(_answered(asked)).outcome is Outcome.PASS


def test_answers_at_the_end_of_their_prompt_are_copies() -> None:
    asked = [(f"{q} {a}", f" {a}") for q, a in sentences.pairs()[:32]]
    found = scan.answers_differ(_answered(asked))
    assert found.outcome is Outcome.WARNING and "repeat a part of their prompt" in found.figure


def test_null_is_an_answer_where_the_prompt_speaks_of_it() -> None:
    asked = [(f"{q} Say null if it is not known.", a if at % 4 else "null")
             for at, (q, a) in enumerate(sentences.pairs()[:32])]  # fmt: skip
    assert wording.text_is_clean(_answered(asked)).outcome is Outcome.PASS
