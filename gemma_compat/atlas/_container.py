"""Read and write the files of the index: one for each package, in blocks read one at a time.

A file is a line ``gemma-compat-atlas FORMAT LENGTH CRC``, then a directory of LENGTH bytes, then
the blocks. The directory and each block are compressed JSON; the lines of a source file follow
their block's JSON as 16-bit numbers. A block's CRC-32 is checked when the block is read, so that
opening a package costs no more than reading its directory.
"""

from __future__ import annotations

import json
import os
import zlib
from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import GemmaCompatError

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = "gemma-compat-atlas"
FORMAT = 1
SUFFIX = ".atlas"
_LZMA2 = {"preset": 9, "dict_size": 1 << 20}
Folder: TypeAlias = "str | Path"  # importing pathlib is 3% of what a short explain costs
_LARGEST = 64 << 20  # bytes that a block may have when it is unpacked
_PIECE = 1 << 14  # the same, of a block that is read row by row
_ROWS = '{"rows":'


class IndexUnusable(GemmaCompatError):
    """The index is missing, damaged, or of another format; the message says which."""


def pack(data: Any, numbers: array[int] | None = None) -> bytes:
    """Return one block: JSON, then 16-bit numbers."""
    import lzma

    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    raw = len(text).to_bytes(4, "little") + text
    if numbers is not None:
        raw += _little(numbers).tobytes()
    filters = [{"id": lzma.FILTER_LZMA2, **_LZMA2}]
    return lzma.compress(raw, format=lzma.FORMAT_RAW, filters=filters)


def unpack(block: bytes) -> tuple[Any, array[int]]:
    """Return the data and numbers of a block. ``IndexUnusable`` if the block is incomplete."""
    import lzma  # where a log's frames are in no package of the index, none is opened

    try:
        text, numbers = _text_and_numbers(_decompressed(block))
        return json.loads(text), numbers
    except (lzma.LZMAError, ValueError, EOFError) as error:
        raise IndexUnusable(f"a block of the release atlas is damaged ({error})") from error


def _decompressed(block: bytes) -> bytes:
    import lzma

    filters = [{"id": lzma.FILTER_LZMA2, **_LZMA2}]
    decoder = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=filters)
    return decoder.decompress(block, max_length=_LARGEST)


def unpack_rows(block: bytes) -> Iterator[Any]:
    """Yield each row of a block that begins with its rows, and last all else that it has.

    Four thousand messages with their places take 6 MiB, of which a few rows are looked for.
    ``IndexUnusable`` if the block is incomplete.
    """
    import lzma

    parsed = json.JSONDecoder().raw_decode
    text, at = "", len(_ROWS)
    try:
        for more in _texts(block):
            text, at = text[at:] + more if text else more, 0 if text else at
            while True:
                try:
                    row, end = parsed(text, at + 1)  # behind a bracket or a comma
                except ValueError:  # the rest of the row is not there yet
                    break
                yield row
                at = end
        yield json.loads("{" + text[at:].lstrip("[],"))
    except (lzma.LZMAError, ValueError, EOFError) as error:
        raise IndexUnusable(f"a block of the release atlas is damaged ({error})") from error


def _texts(block: bytes) -> Iterator[str]:
    """Yield the JSON of a block, which has no numbers, piece by piece."""
    import codecs
    import lzma

    filters = [{"id": lzma.FILTER_LZMA2, **_LZMA2}]
    unpacking = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=filters)
    decoder = codecs.getincrementaldecoder("utf-8")()
    piece = unpacking.decompress(block, max_length=_PIECE)[4:]
    while piece:
        yield decoder.decode(piece)
        piece = b"" if unpacking.eof else unpacking.decompress(b"", max_length=_PIECE)


def _text_and_numbers(raw: bytes) -> tuple[str, array[int]]:
    """Return the JSON of a block and its numbers, so that the block is gone when that is parsed."""
    length = int.from_bytes(raw[:4], "little")
    numbers: array[int] = array("H")
    numbers.frombytes(raw[4 + length :])
    return raw[4 : 4 + length].decode("utf-8"), _little(numbers)


def _little(numbers: array[int]) -> array[int]:
    """Convert numbers between this machine's byte order and the file's."""
    import sys

    if sys.byteorder == "big":
        numbers = array("H", numbers)
        numbers.byteswap()
    return numbers


def write(path: Folder, directory: dict[str, Any], blocks: dict[str, bytes]) -> None:
    """Write a package's file; ``directory`` gets the place of each block."""
    places, body, at = {}, [], 0
    for name, block in blocks.items():
        places[name] = [at, len(block), zlib.crc32(block)]
        body.append(block)
        at += len(block)
    head = pack({**directory, "blocks": places})
    line = f"{MAGIC} {FORMAT} {len(head)} {zlib.crc32(head)}\n".encode()
    with open(path, "wb") as stream:
        stream.write(line + head + b"".join(body))


class Container:
    """One package's file, opened. Blocks are read when they are asked for."""

    def __init__(self, path: Folder) -> None:
        self._path, self._name = path, os.path.basename(path)
        try:
            with open(path, "rb") as stream:
                line = stream.readline(200)
                length, crc = _checked_header(line)
                head = stream.read(length)
        except OSError as error:
            raise IndexUnusable(
                f"the release atlas cannot be read ({self._name}: {error.strerror})"
            ) from error
        if len(head) != length or zlib.crc32(head) != crc:
            raise IndexUnusable(f"the release atlas is damaged ({self._name})")
        self.directory: dict[str, Any] = unpack(head)[0]
        self._start = len(line) + length

    def __contains__(self, name: str) -> bool:
        return name in self.directory["blocks"]

    def block(self, name: str) -> tuple[Any, array[int]]:
        """Return the block of that name. ``KeyError`` if absent, ``IndexUnusable`` if damaged."""
        return unpack(self._packed(name))

    def rows(self, name: str) -> Iterator[Any]:
        """Yield what :func:`unpack_rows` does of the block of that name; raise as :meth:`block`."""
        return unpack_rows(self._packed(name))

    def _packed(self, name: str) -> bytes:
        offset, length, crc = self.directory["blocks"][name]
        with open(self._path, "rb") as stream:
            stream.seek(self._start + offset)
            data = stream.read(length)
        if zlib.crc32(data) != crc:
            raise IndexUnusable(f"the release atlas is damaged ({self._name})")
        return data


def _checked_header(line: bytes) -> tuple[int, int]:
    """Return length and CRC of the directory. ``IndexUnusable`` for any other kind of file."""
    parts = line.decode("ascii", "replace").split()
    if len(parts) != 4 or parts[0] != MAGIC or not all(part.isdigit() for part in parts[1:]):
        raise IndexUnusable("the release atlas is damaged (no header)")
    if int(parts[1]) != FORMAT:
        kind = "an older" if int(parts[1]) < FORMAT else "a newer"
        raise IndexUnusable(f"the release atlas has {kind} format ({parts[1]}, not {FORMAT})")
    return int(parts[2]), int(parts[3])
