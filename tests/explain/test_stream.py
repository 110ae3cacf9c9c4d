"""A log as it comes: line ends, colours, encodings, long lines, large files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tracemalloc
from base64 import b64encode
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gemma_compat._explain import stream
from gemma_compat._explain.explain import explain_log
from gemma_compat._explain.stream import pieces
from gemma_compat.errors import UsageError
from gemma_compat.report import explanation as renderer

ERROR = "AttributeError: 'HybridCache' object has no attribute 'float'"


def codes(data: bytes) -> tuple[str, ...]:
    return explain_log(io.BytesIO(data)).codes


def read(data: bytes) -> list[tuple[int, bytes]]:
    return list(pieces(io.BytesIO(data)))


@pytest.mark.parametrize(
    "data",
    [
        f"x\r\n{ERROR}\r\n".encode(),
        f"50%|##|\r{ERROR}".encode(),
        ERROR.replace("object", "\x1b[1mobject\x1b[0m").encode(),
        f"\x1b]8;;file:///x\x07{ERROR}\x1b]8;;\x07".encode(),
        ERROR.encode("utf-16"),
        b"\xfe\xff" + ERROR.encode("utf-16-be"),
        b"\x80\xc3\n" + ERROR.encode(),
        b"\x00\x00\n" + ERROR.encode(),
        f"[rank1]: {ERROR}".encode(),
        ERROR.encode() + b"\n" + b"\x1b[",
        b"\xef\xbb\xbf" + ERROR.encode(),
        ERROR.replace("'Hyb", "\N{LEFT SINGLE QUOTATION MARK}Hyb")
        .replace("che'", "che\N{RIGHT SINGLE QUOTATION MARK}")
        .encode(),
        ERROR.replace("'", "&#39;").encode(),
    ],
    ids=[
        "crlf",
        "bar",
        "colours",
        "link",
        "utf16",
        "utf16be",
        "invalid",
        "nul",
        "rank",
        "cut",
        "bom",
        "quotes",
        "entities",
    ],
)
def test_it_is_found_whatever_the_log_looks_like(data: bytes) -> None:
    assert codes(data) == ("GC101",)


@pytest.mark.parametrize(
    "before", [0, 1, 1000, stream.BLOCK - 30, stream.BLOCK, 3 * stream.BLOCK - 9]
)
def test_it_is_found_in_the_middle_of_a_very_long_line(before: int) -> None:
    data = b"x" * before + b" " + ERROR.encode() + b" " + b"y" * stream.BLOCK
    assert codes(data) == ("GC101",)


def test_what_is_no_text_is_left_out_line_by_line() -> None:
    """A binary file holds words by chance, and looking for them would take most of the time."""
    noise = Random(0).randbytes(20_000).replace(b"\x1b", b"")
    ((first, piece),) = read(noise + b"\n" + ERROR.encode() + b"\n")
    assert first == 1 and len(piece) < 4_000
    assert piece.count(b"\n") == noise.count(b"\n") + 2
    assert codes(noise + b"\n" + ERROR.encode() + b"\n") == ("GC101",)


def test_text_of_two_bytes_a_letter_is_read_without_its_mark() -> None:
    """PowerShell's redirection, appended to a file that began otherwise."""
    assert codes(f"x\n{ERROR}\n".encode("utf-16-le")) == ("GC101",)


def test_lines_of_checksums_hide_nothing() -> None:
    sums = b"".join(b"%064x  model-%05d.safetensors\n" % (n * 7**70, n) for n in range(1, 2000))
    assert codes(sums + ERROR.encode() + b"\n" + sums) == ("GC101",)


@pytest.mark.parametrize("unit", [b"A", b"0f", b"QUJD/+_-"])
def test_of_a_word_that_is_data_both_ends_are_kept(unit: bytes) -> None:
    """Hundreds of patterns look for words: a megabyte of base64 would take a second."""
    data = unit * 8000
    text = b'{"image": "' + data + b'", "error": "' + ERROR.encode() + b'"}\n' + data[:1023] + b"\n"
    ((_, piece),) = read(text)
    assert len(piece) < len(text) - len(data) + 600
    assert piece.startswith(b'{"image": "' + data[:200]) and data[-200:] + b'", "error"' in piece
    assert piece.endswith(b"\n" + data[:1023] + b"\n")
    assert codes(text) == ("GC101",)


DUMP = Random(0).randbytes(6000)
OF_DATA = {
    "base64": re.sub(b"(.{76})", rb"\1\n", b64encode(DUMP)),
    "xxd": b"".join(
        b"%08x: %b  %b\n" % (at, DUMP[at : at + 16].hex(" ", 2).encode(), b"CUDA ut of A100.")
        for at in range(0, 5984, 16)
    ),
    "hexadecimal": re.sub(b"(.{36})", rb"\1\n", DUMP.hex().encode()),
}


@pytest.mark.parametrize("kind", OF_DATA)
@pytest.mark.parametrize("before", [b"", b"start\n", b"x" * 75 + b"\n"])
def test_of_lines_of_data_the_first_is_left(kind: str, before: bytes) -> None:
    data = OF_DATA[kind]
    text = before + data + b"\n" + ERROR.encode() + b"\n"
    ((_, piece),) = read(text)
    assert len(piece) < 700 and piece.count(b"\n") == text.count(b"\n")
    assert piece.startswith(before + data[:30]) and piece.endswith(ERROR.encode() + b"\n")
    assert codes(text) == ("GC101",)


@pytest.mark.parametrize(
    "line",
    [
        b"google/gemma-3-4b-it/checkpoint-%04d/model/language/model",
        b"/home/user/checkpoints/google/gemma/run%04d/model/weights/layer/norm",
        b"RUNTIMEERROR/CUDA/OUT/OF/MEMORY/ON/RANK%04d/OF/THE/LARGE/CLUSTER/HERE",
        b"2026-11-28 06:10:33.123456 12345 0x%04d 00:12 12 13 14 CUDA error OOM",
        b"  %04d  1.25 3.50  12 13 14 15 16 17 18 19 20 21 22 23 24 25 gemma-3-4b",
        b"%04d" + b"cafebabe" * 8 + b"  google/gemma-3-4b-it.safetensors",
    ],
)
def test_lines_of_one_width_that_say_something_are_left(line: bytes) -> None:
    text = b"".join(line % number + b"\n" for number in range(400))
    assert read(text) == [(1, text)]


def test_many_long_words_that_are_no_data_are_left_as_they_are() -> None:
    text = b" ".join([b"a" * 1023] * 50)
    assert read(text) == [(1, text)]


@pytest.mark.parametrize("size", [7, 64, 1 << 18])
def test_pieces_are_whole_lines_with_their_numbers(size: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(stream, "BLOCK", size)
    monkeypatch.setattr(stream, "OVERLAP", 0)
    data = b"".join(b"%d\n" % number for number in range(1, 300)) + b"last"
    found = read(data)
    assert b"".join(piece for _, piece in found) == data
    for line, piece in found[:-1]:
        assert piece.startswith(b"%d\n" % line) and piece.endswith(b"\n")


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff\xfe", b"\r", b"a"])
def test_next_to_nothing_is_no_failure(data: bytes) -> None:
    found = explain_log(io.BytesIO(data))
    assert not found.causes and not found.unrecognised


def test_the_number_of_lines() -> None:
    for data, lines in ((b"", 0), (b"a", 1), (b"a\n", 1), (b"a\nb", 2), (b"a\n\n", 2)):
        assert explain_log(io.BytesIO(data)).lines == lines


fragments = st.sampled_from(
    [
        ERROR.encode(),
        b"Traceback (most recent call last):\n",
        b"transformers==4.",
        b"Successfully installed ",
        b"Tesla T4. Num GPUs = 99",
        b"google/gemma-3-4b-it",
        b"CUDA capability sm_999",
        b"max_seq_length=9999999",
        b"use_reentrant=",
        b"\x1b[",
        b"\r",
        b"\n",
        b"\xff\xfe",
    ]
)


@settings(deadline=None)
@given(st.lists(fragments | st.binary(max_size=12), max_size=30))
def test_no_log_breaks_it(parts: list[bytes]) -> None:
    log = b"".join(parts)
    assume(not log.startswith(tuple(magic for magic, _, _ in stream._COMPRESSED)))  # refused
    found = explain_log(io.BytesIO(log))
    for form in ("text", "json", "markdown"):
        assert getattr(renderer, f"render_{form}")(found)


class Endless(io.RawIOBase):
    """``size`` bytes of a log that fails on every tenth line, made as they are read."""

    LINES = (b"{'loss': 1.25, 'grad_norm': 0.5}\n" * 9 + ERROR.encode() + b"\n") * 700

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        taken = self.LINES[: min(size, self.left)]
        self.left -= len(taken)
        return taken


def peak(size: int) -> int:
    tracemalloc.start()
    found = explain_log(Endless(size))  # type: ignore[arg-type]
    top = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.codes == ("GC101",)
    return top


@pytest.mark.long
def test_memory_does_not_grow_with_the_log() -> None:
    peak(1 << 20)  # what is loaded once
    small, large = peak(4 << 20), peak(24 << 20)
    assert large < 1.25 * small + (1 << 18)
    assert large < 16 << 20


@pytest.mark.parametrize(
    ("packed", "program"),
    [(gzip.compress(b"x"), "zcat"), (bz2.compress(b"x"), "bzcat"), (lzma.compress(b"x"), "xzcat")],
    ids=["gzip", "bzip2", "xz"],
)
def test_a_compressed_log_is_refused_with_the_line_to_type(packed: bytes, program: str) -> None:
    with pytest.raises(UsageError, match=rf"compressed \(\w+\): {program} LOG \| python -m"):
        list(pieces(io.BytesIO(packed)))


def test_bars_drawn_over_each_other_are_read_as_drawn_last() -> None:
    bars = "\r".join(f"{step}%|{'#' * (step % 3)}| {step}/99" for step in range(10, 100))
    (piece,) = read(f"start\n{bars}\rdone\nend\n".encode())
    first, drawn, last = piece[1].decode().split("\n")[:3]
    assert (first, last) == ("start", "end")
    assert sorted(drawn.split("\r")) == ["97%|#| 97/99", "98%|##| 98/99", "99%|| 99/99", "done"]


def test_lines_of_windows_end_as_others_do() -> None:
    assert read(b"loss 1\r\nloss 2\r\n") == [(1, b"loss 1\nloss 2\n")]


def test_a_sentence_is_looked_for_in_a_paragraph_and_not_in_a_line_of_data() -> None:
    told = "the training loss starts at 9.3 and falls to 7"
    found = explain_log(io.BytesIO(told.encode()))
    assert "loss-that-is-too-high" in str(found)
    long = explain_log(io.BytesIO((told + " x y" * 4096).encode()))
    assert "loss-that-is-too-high" not in str(long)
