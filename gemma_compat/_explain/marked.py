"""Read the expression that Python underlines in the last row of a traceback. Pure.

Python 3.11 and newer print carets under the part of a line that raised: ``~~~~^^^`` under a
subscript (the value, then its brackets), ``^^^^`` under an attribute or a call (PEP 657).
"""

from __future__ import annotations

import re

_MARKS = re.compile(r"(?P<value>~*)(?P<rest>\^+)(?P<right>~*)\s*$")
_PLAIN = re.compile(r"[A-Za-z_][\w.]*(?:\[[\w'\"-]{1,40}\])?\Z")  # a name, its parts, one key


def without_value(traceback: str, attribute: str, *, takes_part: bool) -> str:
    """Return the expression that was None in a traceback's last row; nothing where it is not clear.

    Args:
        traceback: the rows of the traceback, without the exception's own.
        attribute: the attribute that None does not have; empty if it was used otherwise.
        takes_part: whether None was subscripted or called: then it stands before the brackets.
            What is iterated over or measured is the whole that is underlined.
    """
    rows = traceback.rstrip().splitlines()[-2:]
    marks = _MARKS.search(rows[-1]) if len(rows) == 2 else None
    if marks and rows[0].isascii() and not marks["right"]:
        found = _of_marks(rows[0], marks, attribute, takes_part=takes_part)
    else:
        found = _of_line(rows[-1] if rows else "", attribute)
    return found if _PLAIN.match(found) else ""


def _of_marks(line: str, marks: re.Match[str], attribute: str, *, takes_part: bool) -> str:
    whole = line[marks.start() : marks.end("rest")]
    if takes_part:  # the marks of a call are apart from 3.13 on only
        return whole[: len(marks["value"])]
    return whole.removesuffix(f".{attribute}") if attribute else whole


def _of_line(line: str, attribute: str) -> str:
    """Return what stands before the attribute, where the line has it once."""
    found = re.findall(rf"([\w.\[\]'\"-]+)\.{attribute}\b", line) if attribute else []
    return found[0] if len(found) == 1 else ""
