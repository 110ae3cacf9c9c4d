"""Read what the tokens of a batch say: chat turns, stops, and text to show to a person."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..tables.families import TurnMarks, turn_marks
from .samples import span

if TYPE_CHECKING:
    from .subject import Subject

_AROUND = 12  # tokens shown on each side of a place
_WORD = re.compile(r"\W?[^\W\d_]{3,}")
_NAMES = 2_000  # tokens of the vocabulary to look at
_WORDS = 0.02  # share of words among them; a tokenizer of letters or bytes has none


@dataclass(frozen=True)
class Turn:
    """One turn of a chat, as tokens of a row.

    Attributes:
        role: the word after the start mark, such as ``model``.
        start: the first token of the content, after the role.
        end: the token that ends the turn; if the turn is cut off, the one after the row's last.
        is_complete: whether the end of turn is there.
    """

    role: str
    start: int
    end: int
    is_complete: bool


def tokenizer_of(subject: Subject) -> Any:
    """Return the tokenizer, also out of a processor; ``None`` without either."""
    return getattr(subject.tokenizer, "tokenizer", subject.tokenizer)


def spells(subject: Subject) -> bool:
    """Return whether the tokenizer has a token for each letter or byte, and none for words."""
    get: Any = getattr(tokenizer_of(subject), "get_vocab", dict)
    names = list(itertools.islice(get(), _NAMES))
    words = sum(_WORD.fullmatch(str(name)) is not None for name in names)
    return bool(names) and words < _WORDS * len(names)


def model_type_of(subject: Subject) -> str:
    return str(getattr(getattr(subject.base, "config", None), "model_type", ""))


def text_config_of(subject: Subject) -> Any:
    config = getattr(subject.base, "config", None)
    return getattr(config, "text_config", None) or config


def token_id(subject: Subject, name: str) -> int | None:
    """Return an id such as ``bos_token_id`` from the tokenizer, else from the config."""
    for source in (tokenizer_of(subject), text_config_of(subject)):
        found = getattr(source, name, None)
        if isinstance(found, int):
            return found
    return None


def marks_of(subject: Subject) -> tuple[TurnMarks, int, int] | None:
    """Return the family's turn marks with the ids of start and end; ``None`` without a
    tokenizer.
    """
    encode = getattr(tokenizer_of(subject), "convert_tokens_to_ids", None)
    marks = turn_marks(model_type_of(subject))
    if encode is None or marks is None:
        return None
    start, end = encode(marks.start), encode(marks.end)
    unknown = getattr(tokenizer_of(subject), "unk_token_id", None)
    if (
        not isinstance(start, int)
        or not isinstance(end, int)
        or unknown in (start, end)
        or start == end
    ):
        return None
    return marks, start, end


def stops_of(subject: Subject) -> set[int]:
    """Return the tokens that end a generation: every eos token, and the end of turn."""
    found: set[int] = set()
    generation = getattr(subject.base, "generation_config", None)
    for source in (tokenizer_of(subject), text_config_of(subject), generation):
        value = getattr(source, "eos_token_id", None)
        values = value if isinstance(value, (list, tuple)) else [value]
        found.update(item for item in values if isinstance(item, int))
    marks = marks_of(subject)
    return found | ({marks[2]} if marks else set())


def turns_in(subject: Subject, batch: Mapping[str, Any], row: int) -> list[Turn]:
    """Return the turns of a row, in order; none if it has no turn mark of this family."""
    marks = marks_of(subject)
    if marks is None:
        return []
    _, start, end = marks
    first, last = span(batch, row)
    ids = batch["input_ids"][row].tolist()
    begins = [at for at in range(first, last) if ids[at] == start]
    found = []
    for index, at in enumerate(begins):
        limit = begins[index + 1] if index + 1 < len(begins) else last
        ends = [place for place in range(at, limit) if ids[place] == end]
        stop = ends[0] if ends else limit
        role, said = _role(subject, ids, at + 1, stop)
        found.append(Turn(role, said, stop, bool(ends)))
    return found


def _role(subject: Subject, ids: list[int], at: int, stop: int) -> tuple[str, int]:
    """Return the word up to the end of the line, and the token after it."""
    text = ""
    for place in range(at, min(stop, at + 8)):
        text += decode(subject, [ids[place]])
        if "\n" in text:
            return text.split("\n")[0].strip(), place + 1
    return text.strip(), min(stop, at + 8)


def decode(subject: Subject, ids: list[int]) -> str:
    """Return the text of these tokens; their numbers without a tokenizer or for an unknown id."""
    tokenizer = tokenizer_of(subject)
    if not hasattr(tokenizer, "decode"):
        return " ".join(map(str, ids))
    try:
        return str(tokenizer.decode(ids, skip_special_tokens=False))
    except (OverflowError, TypeError, IndexError, ValueError):  # an id past its vocabulary
        return " ".join(map(str, ids))


def _shown(subject: Subject, token: int) -> str:
    """Return the text of one token; where it has none, its number with a space before it."""
    text = decode(subject, [token]).replace("\n", "\\n")
    return f" {text}" if text == str(token) else text


def place(
    subject: Subject, batch: Mapping[str, Any], row: int, at: int, kind: str = "token"
) -> str:
    """Return ``row 0, token 5: '... text ...'`` with the trained part in brackets."""
    ids = batch["input_ids"][row].tolist()
    labels = batch.get("labels")
    start, end = max(0, at - _AROUND), min(len(ids), at + _AROUND + 1)
    trained = [False] * len(ids)
    if getattr(labels, "shape", None) == batch["input_ids"].shape:
        trained = [label != -100 for label in labels[row].tolist()]  # type: ignore[index]
    text, inside = "", False
    for position in range(start, end):
        if trained[position] != inside:
            text += "[" if trained[position] else "]"
            inside = trained[position]
        text += _shown(subject, ids[position])
    return f"row {row}, {kind} {at}: {text}{']' if inside else ''}"
