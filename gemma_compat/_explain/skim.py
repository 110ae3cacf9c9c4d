"""Read a long log of which no line is like another as a person does: its beginning and its end
whole, and between them what stands near an error, a warning or a loss.

The lines of a run repeat but for their figures. Where none is like another, they are data: prompts
and answers, a file that was printed. To look up each word of them would take nearly all the time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from .scan import Scanner

# Bytes of lines unlike all before them: so many are read whole; then so many near an error or a
# warning; and so many of those and of lines with a loss.
WHOLE = 1 << 18
_NEAR, _LOSSES = 1 << 17, 1 << 18
_AT_THE_END = 2  # pieces that are read whole
_WORDS = (b"error", b"exception", b"warn", b"fail")
_LOSS = (b"loss",)
_ABOVE, _BELOW = 6_000, 1_500  # bytes: the frames of a traceback, the rest of a message
_LONGEST = 2_000  # bytes of a line that is read whole


class Skim:
    """What is read of a log.

    Attributes:
        lines: the first and the last of those of which not all was read; empty where all was.
    """

    def __init__(self, scanner: Scanner) -> None:
        self.lines: tuple[int, ...] = ()
        self._scanner = scanner
        self._whole = 0  # bytes that were judged when skimming began

    def pieces(self, whole: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        """Yield each piece with its first line: from where no line is like another on, with empty
        lines for those that are not read.
        """
        waiting: deque[tuple[int, bytes]] = deque()
        for line, piece in whole:
            if self._scanner.judged < WHOLE and not waiting:
                yield line, piece
                continue
            self._whole = self._whole or self._scanner.judged
            waiting.append((line, piece))
            if len(waiting) > _AT_THE_END:
                first, skimmed = waiting.popleft()
                self.lines = (*(self.lines or (first,))[:1], waiting[0][0] - 1)
                yield first, self._skimmed(skimmed)
        yield from waiting

    def _skimmed(self, piece: bytes) -> bytes:
        said = piece.lower()
        judged = self._scanner.judged - self._whole
        places = [(at, 0, 0) for at in _places(_LOSS, said)] if judged < _LOSSES else []
        if judged < _NEAR:
            places += [(at, _ABOVE, _BELOW) for at in _places(_WORDS, said)]
        return _only(places, piece) if places else b""


def _places(words: Iterable[bytes], text: bytes) -> Iterator[int]:
    """Yield where the words stand: of each row the first place of each word."""
    for word in words:
        at = text.find(word)
        while at >= 0:
            yield at
            end = text.find(b"\n", at)
            at = text.find(word, end) if end >= 0 else -1


def _only(places: Iterable[tuple[int, int, int]], piece: bytes) -> bytes:
    """Return the piece up to the last of these places, with nothing in the lines not near one.

    Args:
        places: each with how many bytes above it and below it are near.
    """
    kept: list[bytes] = []
    end = 0
    for at, above, below in sorted(places):
        if at + below < end:  # it is read already
            continue
        above, below = at - above, at + below
        start = max(end, piece.rfind(b"\n", 0, max(0, above)) + 1, above - _LONGEST)
        if start > end:  # within one long line a blank stands for what is left out
            kept.append(b"\n" * piece.count(b"\n", end, start) or b" ")
        end = piece.find(b"\n", below, below + _LONGEST) + 1 or min(len(piece), below + _LONGEST)
        kept.append(piece[start:end])
    return b"".join(kept)
