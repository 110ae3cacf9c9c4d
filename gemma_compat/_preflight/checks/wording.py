"""Check the text of the rows for what a script left in it by accident."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..result import CheckResult
from ..samples import span
from ..text import decode, spells, tokenizer_of, turns_in
from . import traces
from ._answers import NO_TOKENIZER, not_run, passed, warned
from .text import rows_of

if TYPE_CHECKING:
    from ..subject import Subject

_ENOUGH = 8  # rows; with fewer, what they share may be what they are about
_HALF, _SOME = 0.5, 0.1
_COLUMNS = "instruction|input|output|question|answer|prompt|response|completion|text|context|query"
_UNFILLED = rf"(?<![{{$])\{{ ?({_COLUMNS}) ?\}}(?!\}})|(?<![{{$])\{{(example|row|item|sample)\["
_FILLS = r"\b[fF]r?['\"]|\.format\(|format_map"  # code, in which such a field is at its place
# What the bytes of UTF-8 look like when they are read as Latin-1 or as Windows' page 1252.
_MISREAD = "\u00c3[\u0080-\u00bf]|\u00e2\u20ac[\u0080-\u00ff\u2010-\u2122]|\u00c2[\u00a0-\u00bf]"
_ENTITY = r"&(amp|quot|lt|gt|nbsp|#39|#x27);"
# Not \neq or \nabla of LaTeX, and not where code writes one: '\n', "a\n", s/,/\n/, [\n], \n+
_ESCAPED = re.compile(r"""(?<!['"`/\\\[|^])\\n(?![a-z'"`/\]|+*$])""")
_MISSING = {"nan", "NaN", "null", "undefined", "<NA>"}
_ONE_IN_LIST = re.compile(r"\[(['\"]).*\1\]", re.DOTALL)

Texts = list[tuple[str, list[str], list[str]]]  # a row: its text, what users said, what models said


@dataclass(frozen=True)
class _Trace:
    """What stands in a text by accident.

    Attributes:
        pattern: a regular expression.
        least: share of the rows that must hold it.
        what: what it is.
        help: what to do.
        but: a text that holds this pattern too is about such things.
    """

    pattern: str
    least: float
    what: str
    help: str
    but: str = "\0"


_TRACES = (
    _Trace(
        _UNFILLED,
        _HALF,
        "a field of a template that was never filled",
        'the f of the f-string, or template.format(instruction=row["instruction"], ...)',
        but=_FILLS,
    ),
    _Trace(
        _MISREAD,
        _SOME,
        "UTF-8 that was read in another encoding",
        'open(path, encoding="utf-8")',
    ),
    _Trace(_ENTITY, _HALF, "HTML's name of a character", "html.unescape(text)", but="</"),
)


def text_is_clean(subject: Subject) -> CheckResult:
    """Check for empty cells, unfilled fields, escapes and wrong encodings in the rows' text."""
    if not hasattr(tokenizer_of(subject), "decode"):
        return not_run(NO_TOKENIZER)
    rows = [_read(subject, batch, row) for batch, row in rows_of(subject)]
    if len(rows) < _ENOUGH:
        return not_run(f"needs {_ENOUGH} rows of text")
    # To a tokenizer of letters, a row of so many tokens is one of so many characters.
    in_words = not spells(subject)
    found = (
        traces.written_out(rows)
        or (traces.single_characters(rows) if in_words else None)
        or _of_empty_cells(rows)
        or _of_escapes(rows)
        or _of_traces(rows)
        or _of_lists(rows)
        or traces.flattened_code(rows)
        or (traces.cut_by_characters(rows) if in_words else None)
        or (traces.apart(rows) if subject.is_causal else None)  # others may hold questions alone
    )
    return found or passed(f"no empty cells, unfilled fields or escapes in {len(rows)} rows")


def _read(subject: Subject, batch: object, row: int) -> tuple[str, list[str], list[str]]:
    ids = batch["input_ids"][row].tolist()  # type: ignore[index]
    start, end = span(batch, row)  # type: ignore[arg-type]
    said: dict[str, list[str]] = {"user": [], "model": []}
    for turn in turns_in(subject, batch, row):  # type: ignore[arg-type]
        if turn.role in said:
            said[turn.role].append(decode(subject, ids[turn.start : turn.end]).strip())
    return decode(subject, ids[start:end]), said["user"], said["model"]


def _share(bad: list[int], rows: Texts, least: float) -> bool:
    return len(bad) >= 2 and len(bad) >= least * len(rows)


def _of_empty_cells(rows: Texts) -> CheckResult | None:
    """Judge turns that are nothing but the name of an empty cell."""
    bad = [
        at
        for at, (_, asked, told) in enumerate(rows)
        if any(word not in re.findall(r"[\w<>]+", " ".join(asked)) for word in _MISSING & {*told})
        or _MISSING & {*asked}
    ]
    if not _share(bad, rows, _SOME):
        return None
    words = {word for at in bad for word in (*rows[at][1], *rows[at][2])} & _MISSING
    return warned(
        f"{len(bad)} of {len(rows)} rows have a turn that is only {min(words)!r}: an empty cell "
        "of a table, written out",
        where=_shown(rows, bad[0], min(words)),
        help="df.dropna(), or dataset.filter, before the rows are formatted",
    )


def _of_traces(rows: Texts) -> CheckResult | None:
    """Judge what another program or an unfinished script leaves in a text."""
    for trace in _TRACES:
        hits = [
            (at, hit[0])
            for at, (text, _, _) in enumerate(rows)
            if (hit := re.search(trace.pattern, text)) and not re.search(trace.but, text)
        ]
        if _share([at for at, _ in hits], rows, trace.least):
            at, part = hits[0]
            return warned(
                f"{len(hits)} of {len(rows)} rows hold {part}: {trace.what}",
                where=_shown(rows, at, part),
                help=trace.help,
            )
    return None


def _of_escapes(rows: Texts) -> CheckResult | None:
    """Judge line breaks that are written as a backslash and an n, in text without a real one."""
    bad = [at for at, row in enumerate(rows) if any(_is_escaped(part) for part in _parts(row))]
    if not _share(bad, rows, _HALF):
        return None
    return warned(
        f"{len(bad)} of {len(rows)} rows hold a backslash and an n in place of a line break",
        where=_shown(rows, bad[0], "\\n"),
        help='text.replace("\\\\n", "\\n"), or read the JSON once and not twice',
    )


def _is_escaped(text: str) -> bool:
    """Return whether the text is prose with such a break; code and JSON may hold it rightly."""
    begun = text.lstrip()
    is_code = begun.startswith(("{", "[", "```")) or "(" in text
    is_quoted = bool(re.search('["`]', text)) and not begun.startswith('"')
    has_break = "\n" in text.strip()
    return bool(_ESCAPED.search(text)) and not (has_break or is_code or is_quoted)


def _parts(row: tuple[str, list[str], list[str]]) -> list[str]:
    """Return what is said in the row; its whole text if it is not a chat."""
    return [*row[1], *row[2]] or [row[0]]


def _of_lists(rows: Texts) -> CheckResult | None:
    """Judge answers that are all a Python list of one text, as data sets hold them."""
    answers = [told[-1] for _, _, told in rows if told]
    lists = [text for text in answers if _ONE_IN_LIST.fullmatch(text) and text.count("', '") == 0]
    if len(answers) < _ENOUGH or len(lists) < len(answers):
        return None
    return warned(
        f"all {len(answers)} answers are a Python list written out",
        where=f"an answer: {lists[0][:80]}",
        help='row["answers"][0] in place of row["answers"]',
    )


def _shown(rows: Texts, at: int, part: str) -> str:
    """Return the text around the part of this row."""
    text = rows[at][0]
    place = max(0, text.find(part))
    return f"row {at}: ..." + text[max(0, place - 40) : place + len(part) + 40].replace(
        "\n", "\u23ce"
    )
