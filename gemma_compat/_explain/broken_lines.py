"""Read a message that was pasted over several lines as the one line that it was."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ..facts import Facts
from .explanation import Generally
from .lines import line_of
from .read_log import LogReading, read_log

if TYPE_CHECKING:
    from .excerpt import Words

_MOST_LINES = 80  # a longer text is the log of a run, in which messages are whole
_LONGEST = 1000  # characters of a message


def broken_lines(
    reading: LogReading,
    facts: Facts,
    words: Words,
    answers: Callable[[LogReading, Facts, Words], Iterable[Generally]],
) -> Iterator[Generally]:
    """Yield what is known of the last message of a short report, once its lines are one.

    Args:
        answers: the general answers to a reading.
    """
    last = reading.last or reading.told
    if last is None or reading.lines > _MOST_LINES or last.is_of_a_launcher:
        return
    message = last.message.strip("`~ \n")  # the fence below a message is none of its lines
    if "\n" not in message:
        return
    text = f"{last.kind}: {' '.join(message.split())}"
    again = read_log(io.BytesIO(text[:_LONGEST].encode()), ())
    again.log = reading.log
    for item in answers(again, facts, words):
        yield item.replace(line=line_of(last.hit, words), raised=True)
