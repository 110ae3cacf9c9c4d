"""Take off what a logger, a launcher or a shell put before each row of a traceback."""

from __future__ import annotations

import re

from .raised import PREFIX

_START = re.compile(rb"Traceback \(most recent call last\):?[ \t\r]*$", re.MULTILINE)
_LONGEST = 160  # bytes of a tag
_IS_READ = re.compile(rf"(?:{PREFIX}){{1,3}}".encode())  # as it is: rows of ranks may alternate
_IS_NONE = re.compile(rb"[\"'`(=]\s*$|^\s*[#>|+-]*\s*$")  # a string, a quotation, a box
_INDENT = re.compile(rb"[ \t]+")  # of a block of code in Markdown
_SOURCE = re.compile(rb"^\s*(?:def|class) \w|\"\"\"", re.MULTILINE)
_ERROR = re.compile(rb"(?:[A-Za-z_]\w{0,60}\.){0,8}[A-Za-z_]\w{1,60}(?:: |:?[ \t\r]*$)")
# What differs from row to row: the number of a line, a time. A rank and a process stay.
_CHANGES = re.compile(rb"^\d+(?=\D{0,3}$)|\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?")
_MOST_ROWS, _MESSAGE = 400, 12


def without_tags(text: bytes) -> bytes:
    """Return the text with each traceback bare that has one tag before all of its rows."""
    rows: list[bytes] = []  # parted only where a traceback has a tag: most have none
    for found in _START.finditer(text):
        start = text.rfind(b"\n", 0, found.start()) + 1
        tag = text[start : found.start()]
        if tag and len(tag) <= _LONGEST and _is_tag(tag, text):
            rows = rows or text.split(b"\n")
            first = text.count(b"\n", 0, start)
            bare = _bare(rows[first : first + _MOST_ROWS], tag)
            rows[first : first + len(bare)] = bare
    return b"\n".join(rows) if rows else text


def _is_tag(tag: bytes, text: bytes) -> bool:
    if _INDENT.fullmatch(tag) is not None:
        return _SOURCE.search(text) is None
    return not (_IS_READ.fullmatch(tag) or _IS_NONE.search(tag))


def _bare(rows: list[bytes], tag: bytes) -> list[bytes]:
    """Return the rows of a traceback and its message without the tag; none if it lacks its end."""
    name = tag.rstrip()
    shape = rb"[\d:.,]+".join(map(re.escape, _CHANGES.split(name)))
    tagged = re.compile(shape + rb"(?:" + re.escape(tag[len(name) :]) + rb")?")
    bare: list[bytes] = []
    end = 0
    for row in rows:
        found = tagged.match(row)
        if found is None or end and len(bare) > end + _MESSAGE:
            break
        rest = row[found.end() :]
        bare.append(rest)
        if end or len(bare) == 1 or not rest.strip() or rest.startswith((b" ", b"\t")):
            continue
        if not _ERROR.match(rest):
            return []
        end = len(bare)
    has_frames = any(row.lstrip().startswith(b'File "') for row in bare)
    return bare if end and has_frames else []
