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


def first_of_frames(opening: bytes) -> int:
    """Return the line of the first frame in a part of a traceback; 0 where there are too few."""
    found = list(_FRAME.finditer(opening))
    if len(found) < _FEWEST_FRAMES:
        return 0
    return opening.count(b"\n", 0, found[0].start()) + 1
