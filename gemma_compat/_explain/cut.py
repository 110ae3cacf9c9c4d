"""Say what is known of a traceback that a text cuts off before its error, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..facts import Facts
from .answer import Answer
from .error_lines import CAUGHT
from .explanation import Generally, Line
from .raised import Raised
from .told.sentences import sentences
from .unknown import PACKAGE

if TYPE_CHECKING:
    from .excerpt import Words
    from .read_log import LogReading
    from .unknown import Place

CUT = "cut-traceback"
NAMED_AT = ", which line "  # where a sentence of the text names the error
# A frame as Python prints it, and as IPython does, without a traceback's first and last line.
_FRAME = re.compile(
    rb"^[^\n]{0,120}\bFile \"[^\"\n]{1,300}\", line \d+, in |"
    rb"^[^\n]{0,160}\.py(?::\d+|\]\(\S{0,120}\))?,? in [\w.]{1,80}(?:\(|$)",
    re.MULTILINE,
)
_FEWEST_FRAMES = 2


def was_caught(item: Raised) -> bool:
    """Return whether the last error of a log is one that PEFT or torch caught while it looked for
    an attribute, and the log is cut before the error that followed.
    """
    return (
        item.kind == "AttributeError"
        and "During handling of the above exception" in item.hit.after
        and "in __getattr__" in item.traceback
    )


# A traceback that is shown whole within a text: indented, behind marks of a quotation or numbers.
_WHOLE = re.compile(
    rb"^(?P<in>[ >\t|]+|[ \t]*\d+\t)Traceback \(most recent call last\):?[ \t]*\n"
    rb"(?:(?:(?P=in)|[ \t]*\d+\t)[ \t]+[^\n]*\n){1,60}(?:(?P=in)|[ \t]*\d+\t)"
    rb"(?:[A-Za-z_]\w*\.)*[A-Z]\w+(?::|[ \t]*$)",
    re.MULTILINE,
)


def is_shown_whole(opening: bytes, line: int) -> bool:
    """Return whether the traceback that begins in that line stands there to its end."""
    return any(
        opening.count(b"\n", 0, found.start()) + 1 == line for found in _WHOLE.finditer(opening)
    )


def first_of_frames(opening: bytes) -> int:
    """Return the line of the first frame in a part of a traceback; 0 where there are too few."""
    found = list(_FRAME.finditer(opening))
    if len(found) < _FEWEST_FRAMES:
        return 0
    return opening.count(b"\n", 0, found[0].start()) + 1


# What is said of the cut traceback.

# A class, or the message that everybody knows by its first words.
_NAMED = re.compile(
    r"(?<![\w.])(?P<kind>[A-Z][a-z]\w{1,40}(?:Error|Exception))\b(?!\()|"
    r"(?P<text>\b(?:NoneType\b[^\n.]{0,30}\bnot (?:iterable|subscriptable|callable)|"
    r"(?:list |string |tuple )?index (?:is )?out of range|CUDA out of memory|device-side assert))"
)
# As IPython begins a traceback.
_HEADER = re.compile(r"\s*(?P<kind>[A-Z]\w{1,40}(?:Error|Exception)) {3,}Traceback \(")
_PROCESSOR = re.compile(r"Processor\.from_pretrained|\bload_processor\b|get_processor")
_ADDS = re.compile(r"\.add_(?:special_)?tokens\(")
_FORWARD = re.compile(r"\b(?:forward|compute_loss|training_step|_call_impl|generate)$")
_PASTE = "python train.py 2>&1 | tee train.log; python -m gemma_compat explain train.log"


def cut_answer(reading: LogReading, facts: Facts, words: Words) -> Generally | None:
    """Return what is known of a traceback that is cut; ``None`` where none is.

    The error that a sentence names counts as told, and the last frame as where the run was.
    """
    if not reading.cut_at:
        return None
    text = reading.opening.decode("utf-8", "replace")
    places = _frames(text, reading.cut_at)
    place = next((i for i in reversed(places) if i.module != "torch"), None)
    named, at = _named(reading, words)
    hints = list(_hints(text, places, facts))
    answer = Answer(
        _happened(reading, named, at),
        (*(do for do, _ in hints), _PASTE),
        why="; ".join((*_where(place), *(why for _, why in hints))),
        known="that it is cut; the error's own lines, which decide, are not here",
        settles=False,
    )
    return Generally(CUT, answer, Line(reading.cut_at, words.excerpt("traceback")), True)


def _happened(reading: LogReading, named: str, at: int) -> str:
    """Return what is cut, and what of its error the text has nevertheless."""
    if not named:
        return (
            "a traceback begins here, and the log ends before its error: its last lines are needed"
        )
    if at == reading.cut_at:
        return (
            f"a traceback begins here, of {named} by its first line, and the log ends before its "
            "last lines, which are needed"
        )
    if reading.told is not None and reading.told.line == at:
        return (
            "a traceback begins here, and the log ends before its error, "
            f"which line {at:,} tells: {named}"
        )
    return (
        "a traceback begins here, and the log ends before its error, "
        f"which line {at:,} names: {named}. Its last lines are needed"
    )


def _named(reading: LogReading, words: Words) -> tuple[str, int]:
    """Return the error that its first line or a sentence names, and where; else an empty text."""
    header = _HEADER.match(_line(reading.opening, reading.cut_at))
    if header and "…" not in words.excerpt(header["kind"]):
        return header["kind"], reading.cut_at
    if reading.told is not None and "…" not in words.excerpt(reading.told.kind):
        return reading.told.kind, reading.told.line
    for sentence in sentences(reading.opening, reading.lines):
        found = _NAMED.search(sentence.text)
        if found and not CAUGHT.search(sentence.text) and "…" not in words.excerpt(found[0]):
            return found[0], sentence.line
    return "", 0


def _line(opening: bytes, number: int) -> str:
    rows = opening.split(b"\n", number)[number - 1 : number]
    return rows[0].decode("utf-8", "replace") if rows else ""


def _frames(text: str, line: int) -> list[Place]:
    """Return the frames of the traceback that begins in that line, outermost first."""
    from ..atlas import read_every_frame
    from .places import place_of

    return [place_of(frame) for frame in read_every_frame(text.splitlines()[line - 1 :])]


def _where(place: Place | None) -> Iterator[str]:
    if place is None:
        return
    if place.owner != PACKAGE:
        yield "the last frame that is here is of your own code"
        return
    yield f"the last frame that is here is line {place.line} of {place.file}: {place.code}"


def _hints(text: str, places: list[Place], facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield what the last call or the script suggests, with why; none of it is known."""
    if places and _PROCESSOR.search(places[-1].code):
        kind = str(facts.model.get("model_type", ""))
        yield (
            "ls FOLDER   : is preprocessor_config.json or processor_config.json there?",
            f"that call loads a processor, which a text-only checkpoint such as {kind} lacks"
            if kind.endswith("_text")
            else "that call loads a processor, which a text-only checkpoint lacks",
        )
    is_in_model = any(_FORWARD.search(place.function) for place in places)
    if is_in_model and _ADDS.search(text) and "resize_token_embeddings" not in text:
        yield (
            "model.resize_token_embeddings(len(tokenizer))   behind the line that adds tokens",
            "the script adds tokens and resizes no embeddings: a new id past the table ends in "
            "`index out of range` or a device-side assert",
        )
