"""Whether a log is cut within a traceback: what it shows is not what ended the run."""

from __future__ import annotations

import re

from .raised import Raised

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


# A traceback that is shown whole within a text: indented, or behind marks of a quotation.
_WHOLE = re.compile(
    rb"^(?P<in>[ >\t|]+)Traceback \(most recent call last\):?[ \t]*\n"
    rb"(?:(?P=in)[ \t]+[^\n]*\n){1,60}(?P=in)(?:[A-Za-z_]\w*\.)*[A-Z]\w+(?::|[ \t]*$)",
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
