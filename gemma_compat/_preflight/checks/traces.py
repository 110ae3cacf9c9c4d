"""Find rows whose text is a value written out by Python, a single character, or cut by letters."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from typing import TYPE_CHECKING

from ..result import CheckResult
from ._answers import warned

if TYPE_CHECKING:
    from .wording import Texts

_HALF, _MOST = 0.5, 0.9
_ENOUGH = 16  # rows, for what is told by counting
_BYTES = re.compile(r"""b(['"]).*\1""", re.DOTALL)
_DICT = re.compile(r"""\{'\w+': .*\}""", re.DOTALL)
_MESSAGES = re.compile(r"""\[?\{['"](role|messages|conversations|from)['"]: """)
_DEFINITION = re.compile(r"\b(def|class) \w+ ?(\([^\n]*?\))?[^\n:]*: .*\b(return|self|for|if)\b")
_LONG_CODE = 100  # characters of code on one line; a short function may stand on one
_FIELDS = 4  # of a row that takes its signs from a loop
_FULL = 0.98  # of the rows; of English text, more signs are spaces
_LONGER = 1.5  # times
_SHORTEST = 40  # characters of a text that was cut by a number of characters


def written_out(rows: Texts) -> CheckResult | None:
    """Judge texts that Python's ``str`` made of bytes, of a dict or of a list of messages."""
    for pattern, what, help in (
        (_BYTES, "bytes, written out as Python shows them", 'value.decode("utf-8")'),
        (
            _MESSAGES,
            "a list of messages, written out as Python or JSON shows it",
            "tokenizer.apply_chat_template(messages), on the list and not on its text",
        ),
        (
            _DICT,
            "a whole row of the data set, written out as Python shows a dict",
            'the fields that are wanted: row["question"], row["answer"]',
        ),
    ):
        match = pattern.match if pattern is _MESSAGES else pattern.fullmatch
        bad = [at for at, row in enumerate(rows) if any(match(part) for part in _asked(row))]
        if len(bad) >= 2 and len(bad) >= _HALF * len(rows):
            return warned(
                f"{len(bad)} of {len(rows)} rows are {what}",
                where=f"row {bad[0]}: {_asked(rows[bad[0]])[0][:100]}",
                help=help,
            )
    return None


def _asked(row: tuple[str, list[str], list[str]]) -> list[str]:
    """Return what users say in the row, else its whole text; a model may well write code."""
    return row[1] or [_bare(row[0])]


def _bare(text: str) -> str:
    """Return the text without the marks of its beginning and its end."""
    return re.sub(r"^(<(bos|pad|s)>)+|(<(eos|pad|end_of_turn)>|</s>|\s)+$", "", text).strip()


def single_characters(rows: Texts) -> CheckResult | None:
    """Judge rows that differ from each other in nothing but single letters."""
    if len(rows) < _ENOUGH:
        return None
    words = [re.findall(r"[^\W_]+", _bare(row[0])) for row in rows]
    held = Counter(word for row in words for word in set(row))
    fixed = {word for word, number in held.items() if number >= _MOST * len(rows)}
    left = [[word for word in row if word not in fixed] for row in words]
    some = [row for row in left if row]
    letters = sum(word.isalpha() and word.isascii() for row in some for word in row)
    total = sum(map(len, some))
    if not some or len(some) < _HALF * len(rows) or letters < _HALF * total:
        return None
    single = [at for at, row in enumerate(left) if row and all(len(word) == 1 for word in row)]
    if len(single) < _HALF * len(rows) or len({tuple(row) for row in some}) < 4:
        return None
    if _is_about_letters(fixed, left):
        return None
    return warned(
        f"{len(single)} of {len(rows)} rows hold single characters where texts should stand: a "
        "loop over rows went over the letters of one text",
        where=f"row {single[0]}: {_bare(rows[single[0]][0])[:100]!r}",
        help="a formatting function for one row returns one text; with batched=True each field is "
        "a list",
    )


def _is_about_letters(fixed: set[str], left: list[list[str]]) -> bool:
    """Return whether letters are what the rows are about, as in algebra, sequences and boards.

    A loop over a text puts one of its signs into each of a few fields, and some of them are spaces.
    """
    numbers = [len(row) for row in left]
    most = max(numbers)
    full = sum(number == most for number in numbers)
    is_named = any(len(word) == 1 and word not in ("a", "A", "I") for word in fixed)
    return is_named or most > _FIELDS or full > _FULL * len(left)


def flattened_code(rows: Texts) -> CheckResult | None:
    """Judge code in Python whose lines were joined: its indentation is lost."""
    parts = [part for row in rows for part in ([*row[1], *row[2]] or [_bare(row[0])])]
    code = [part for part in parts if re.search(r"\b(def|class) \w+[^\n]{0,400}?:", part)]
    bad = [
        part
        for part in code
        if "\n" not in part.strip() and len(part) > _LONG_CODE and _DEFINITION.search(part)
    ]
    if len(bad) < 4 or len(bad) < _HALF * len(code):
        return None
    return warned(
        f"{len(bad)} of {len(code)} texts with Python code are one line: line breaks and "
        "indentation were removed, and such code does not run",
        where=f"a text: {bad[0][:100]}",
        help=r're.sub(r"[ \t]+\n", "\n", text) at most, and not re.sub(r"\s+", " ", text)',
    )


def cut_by_characters(rows: Texts) -> CheckResult | None:
    """Judge texts of which most have the same number of characters and end within a sentence."""
    for kind in (2, 1, 0):
        said = [part for row in rows for part in (row[kind] if kind else [_bare(row[0])])]
        texts = [text for text in said if len(text) >= _SHORTEST]
        # A stop behind the cut word was put there afterwards, and a space may have been stripped.
        sizes = Counter(size for text in texts for size in {len(text), len(text) + 1})
        if not sizes or len(texts) < _ENOUGH or len(texts) < _HALF * len(said):
            continue
        size, number = sizes.most_common(1)[0]
        cut = [text for text in texts if len(text) in (size, size - 1)]
        open_ended = sum(text[-1].isalpha() for text in cut)
        spaced = sum(text.count(" ") >= 3 for text in cut)
        # Sentences made from one form may be equally long; their words then stand at one place.
        forms = {tuple(at for at, sign in enumerate(text) if sign == " ") for text in cut}
        begun = sum(text[0].islower() for text in cut)  # pieces of one text that follow each other
        if (
            number >= _HALF * len(texts)
            and open_ended >= _HALF * len(cut)
            and spaced >= _MOST * len(cut)
            and len(forms) >= _HALF * len(cut)
            and begun < _HALF * len(cut)
            and max(map(len, texts)) == size
        ):
            return warned(
                f"{len(cut)} of {len(texts)} texts have {size} characters and end in the middle "
                "of a sentence: they were cut by characters, and what follows is lost "
                "unless another row begins with it",
                where=f"a text ends with: {cut[0][-40:]!r}",
                help="truncation=True, max_length=... of the tokenizer, which counts tokens; or "
                "texts left whole",
            )
    return None


def apart(rows: Texts) -> CheckResult | None:
    """Judge questions and answers that became separate rows."""
    texts = [_bare(row[0]) for row in rows if not row[1] and not row[2]]
    if len(texts) < 2 * _ENOUGH:
        return None
    asks = [text.endswith("?") for text in texts]
    within = sum("? " in text or "?\n" in text for text in texts)
    others = sum("?" in text and not text.endswith("?") for text in texts)
    share = sum(asks) / len(texts)
    if not 0.25 <= share <= 0.75 or (within + others) > 0.05 * len(texts):
        return None
    asked, told = (
        statistics.median(len(text) for text, ask in zip(texts, asks, strict=True) if ask == which)
        for which in (True, False)
    )
    if max(asked, told) < _LONGER * min(asked, told):
        return None  # texts of one kind, such as titles, of which some are questions
    return warned(
        f"{sum(asks)} of {len(texts)} rows are a question without an answer, and no row holds "
        "both: questions and answers became separate rows",
        where=f"a row: {texts[asks.index(True)][:100]!r}",
        help="[q + a for q, a in zip(batch['question'], batch['answer'])] with batched=True, where "
        "batch['question'] + batch['answer'] joins two lists",
    )
