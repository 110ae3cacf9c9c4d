"""Read a log in pieces of whole lines, in constant memory, whatever its encoding."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from ..errors import UsageError

BLOCK = 1 << 17  # bytes
OVERLAP = 1 << 11  # repeated after the cut of a line longer than a block, so no match is lost

# CSI sequences (colours, cursor) and OSC ones (titles, links), as terminals define them.
ANSI = re.compile(
    rb"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)|[@-Z\\-_])"
)
# A word of more than a thousand letters and digits is data: base64, hexadecimal, an array. Nothing
# is said in it, and looking for hundreds of words in it would take most of the time.
_LONG = 1024  # bytes
_ENDS = 256  # bytes that are kept of both its ends
_DATA = re.compile(rb"(?<![\w+/=-])[\w+/=-]{%d,}" % _LONG)
_IS_DATA = bytes(97 if _DATA.fullmatch(bytes([code]) * _LONG) else 32 for code in range(256))
_DIGITS_AS_0 = bytes.maketrans(b"123456789", b"000000000")
# What editors and browsers make of the quotes in a message, and what they put between words.
_QUOTES = {
    "\N{LEFT SINGLE QUOTATION MARK}".encode(): b"'",
    "\N{RIGHT SINGLE QUOTATION MARK}".encode(): b"'",
    "\N{LEFT DOUBLE QUOTATION MARK}".encode(): b'"',
    "\N{RIGHT DOUBLE QUOTATION MARK}".encode(): b'"',
    "\N{ZERO WIDTH SPACE}".encode(): b"",
    "\N{WORD JOINER}".encode(): b"",
}
_ENTITIES = {b"&quot;": b'"', b"&#39;": b"'", b"&#x27;": b"'", b"&lt;": b"<", b"&gt;": b">"}
_ENTITY = re.compile(b"|".join(_ENTITIES))
_MANY_BARS = 2  # carriage returns for each line; Windows ends each line with one
# Bytes that no program prints into a log: control characters but those for blanks and bars.
_CONTROL = bytes(code for code in (*range(32), 127) if code not in b"\t\n\r\b\f\v\x1b")
_FEW, _UNREADABLE = 4, "\N{REPLACEMENT CHARACTER}".encode()
# What lines of data consist of: of base64, of hexadecimal digits, of a dump with its offsets.
_CAPITALS, _LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz"
_BASE64 = _CAPITALS + _LETTERS + b"0123456789+/\n"
_HEXADECIMAL, _DUMP = b"0123456789abcdef-\n", b"0123456789abcdef: "
_FEWEST_LINES = 8
_NARROWEST, _WIDE, _WIDEST = 32, 60, 256  # bytes; base64 and dumps are wide
_SHOWN = 18  # bytes; what a line of a dump shows of the data as text, and what stands around it
# How a compressed file begins, its form, and what prints it unpacked.
_COMPRESSED = (
    (b"\x1f\x8b", "gzip", "zcat"),
    (b"BZh", "bzip2", "bzcat"),
    (b"\xfd7zXZ\0", "xz", "xzcat"),
    (b"\x28\xb5\x2f\xfd", "zstd", "zstdcat"),
    (b"PK\3\4", "zip", "unzip -p"),
)
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Log(Protocol):
    """What a log is read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes; none at the end."""


def pieces(stream: Log) -> Iterator[tuple[int, bytes]]:
    """Yield each piece of the log with the number of its first line, from 1.

    A piece ends with a line, except the last piece and pieces of a line longer than a block. Colour
    codes are removed; a UTF-16 log, as PowerShell writes, becomes UTF-8.

    Raises:
        UsageError: it is compressed.
    """
    line, rest = 1, b""
    for block in _blocks(stream):
        cut = rest.rfind(b"\n") + 1
        if cut:
            piece, rest = rest[:cut], rest[cut:]
            yield line, _plain(piece)
            line += piece.count(b"\n")
        elif len(rest) >= BLOCK:
            yield line, _plain(rest)
            rest = rest[-OVERLAP:]
        rest += block
    if rest:
        yield line, _plain(rest)


def _plain(piece: bytes) -> bytes:
    if b"\0" in piece:  # as in every binary file, and where a log was cut while it was written
        piece = b"\n".join(map(_readable, piece.replace(b"\0", b"").split(b"\n")))
    if b"\xe2" in piece:  # one byte alone is looked for ten times as fast
        piece = _replaced(piece, _QUOTES)
    if b"&" in piece and b";" in piece:
        piece = _ENTITY.sub(lambda found: _ENTITIES[found[0]], piece)
    if b"\x1b" in piece:
        piece = ANSI.sub(b"", piece)
    if b"a" * _LONG in piece.translate(_IS_DATA):  # to look for that is ten times as fast
        piece = _DATA.sub(lambda found: found[0][:_ENDS] + b" " + found[0][-_ENDS:], piece)
    if b"\r" in piece:
        piece = piece.replace(b"\r\n", b"\n")
    if b"\r" in piece and piece.count(b"\r") > _MANY_BARS * (piece.count(b"\n") + 1):
        piece = b"\n".join(map(_as_drawn_last, piece.split(b"\n")))
    return _without_lines_of_data(piece)


def _replaced(piece: bytes, signs: Mapping[bytes, bytes]) -> bytes:
    for sign, plain in signs.items():
        piece = piece.replace(sign, plain)
    return piece


def _without_lines_of_data(piece: bytes) -> bytes:
    """Return the piece with empty lines for those of base64 or of a hexadecimal dump.

    Only lines of one width are left out, as many as stand together in the middle of the piece: no
    sentences come so, and to look at a few lines costs nothing. The first of them stays.
    """
    first = piece.rfind(b"\n", 0, len(piece) // 2) + 1
    step = piece.find(b"\n", first) + 1 - first
    if not _NARROWEST < step <= _WIDEST or not _are_data(piece, first, step, _FEWEST_LINES):
        return piece
    before = _breaks(piece[first - 1 :: -step]) - 1 if first else 0
    first -= max(0, before) * step
    count = _breaks(piece[first + step - 1 :: step])
    if not _are_data(piece, first, step, count):
        return piece
    return piece[: first + step] + b"\n" * (count - 1) + piece[first + count * step :]


def _breaks(text: bytes) -> int:
    """Return with how many line breaks a text begins."""
    return len(text) - len(text.lstrip(b"\n"))


def _are_data(piece: bytes, first: int, step: int, count: int) -> bool:
    """Return whether that many lines, each of so many bytes, are data and nothing is said in them.

    Args:
        first: where the first one begins.
    """
    lines = piece[first : first + count * step]
    if lines.count(b"\n") != count or lines[step - 1 :: step] != b"\n" * count:
        return False
    some = lines[: _FEWEST_LINES * step]  # they show what the others have to be as well
    if step > _WIDE and not some.translate(None, _BASE64) and _holds(some, _CAPITALS, 4):
        return _holds(some, _LETTERS, 4) and not lines.translate(None, _BASE64)
    if some.translate(None, _HEXADECIMAL) or lines.translate(None, _HEXADECIMAL):
        if step <= _WIDE:
            return False
        some = b"".join([lines[at::step] for at in range(step - 1 - _SHOWN)])
        if some.translate(None, _DUMP):
            return False
    return _holds(some, b"abcdef", 8)


def _holds(lines: bytes, some: bytes, share: int) -> bool:
    """Return whether one byte in ``share`` of the lines, or more, is one of these."""
    return share * len(lines.translate(None, some)) <= (share - 1) * len(lines)


def _as_drawn_last(line: bytes) -> bytes:
    """Return a line with each progress bar as it was drawn last.

    Of the parts between carriage returns that differ in figures alone the last is left.
    """
    shapes = line.translate(_DIGITS_AS_0).split(b"\r")
    return b"\r".join(dict(zip(shapes, line.split(b"\r"), strict=True)).values())


def _readable(line: bytes) -> bytes:
    """Return the line, or one sign for it if more than a byte in 32 is a control character."""
    controls = len(line) - len(line.translate(None, _CONTROL))
    return _UNREADABLE if controls > _FEW and controls > len(line) // 32 else line


def _blocks(stream: Log) -> Iterator[bytes]:
    first = stream.read(BLOCK)
    _require_plain(first)
    encoding = _UTF_16.get(first[:2])
    if encoding is None:
        while first:
            yield first
            first = stream.read(BLOCK)
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    block = first[2:]
    while block:
        yield decoder.decode(block).encode("utf-8", "replace")
        block = stream.read(BLOCK)


def _require_plain(first: bytes) -> None:
    for magic, form, program in _COMPRESSED:
        if first.startswith(magic):
            line = f"{program} LOG | python -m gemma_compat explain -"
            raise UsageError(f"the log is compressed ({form}): {line}")
