"""Find the rows of a text that speak of the run that failed.

Left out are comments, docstrings, printed help, code of packages, advice, an error's own words, and
what stands below the error without being called the run's script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..values import Value
from .readers.base import ADVICE

if TYPE_CHECKING:
    from .read_log import LogReading

_NEAR = 3  # rows between "my script:" and an error that stands before the script
_WHOLE = 16_000  # characters; a text that is longer was cut, in the middle of a row
# Four words in a row, or Chinese: a person speaks.
_PROSE = re.compile(r"(?:[A-Za-z'`]+[,.:]? ){3}[A-Za-z'`]+|[\u4e00-\u9fff]{2}")
# Where the report ends: a comment, an answer, what came later.
_THEIRS = re.compile(
    r"(?i)^\W{0,8}(?:comments?|reply|repl(?:y|ies|ied)|(?:accepted |top |best )?answers?|"
    r"responses?|"
    r"solutions?|workarounds?|updates?|edit(?:ed)?|resolved|maintainers?)\b(?: \d+| #\d+| by\b"
    r"[^\n]{0,40})?\W*(?:$|:)|"
    r" · comment · \d|\b(?:commented|replied|wrote|answered)\b[^\n]{0,30}:?\s*$|"
    r"^\W{0,4}@[\w-]{2,39}\b|"
    r"^\W{0,4}(?:On [^\n]{4,60} wrote:|Hi @|Hey @|Hello @)"
)
# What calls the code below it the script of this run, behind the error too.
_OF_THE_RUN = re.compile(
    r"(?i)\breproduc\w*|\b(?:my|the|full|complete|relevant|our|training|minimal) (?:\w+ ){0,2}"
    r"(?:code|script|config\w*|command|arg\w*|settings?|yaml|set-?up|cell|notebook)\b|"
    r"^\W{0,6}(?:code|script|config\w*|command|training args|environment|env|yaml|setup|args)\W*$|"
    r"\bhere(?:'s| is| are)\b|代码|脚本|配置|命令|参数"
)
# What calls it that of another run: what works, was proposed, comes from a manual.
_OF_ANOTHER = re.compile(
    r"(?i)\bwork(?:s|ed|ing)\b(?!\s+dir)|\bsolution|\bworkaround|\bfix(?:e[sd])?\b|\banswers?\b|"
    r"\bsuggest|\binstead\b|\bexpected\b|\banother\b|\bother\b|\bprevious|\bold(?:er)?\b|"
    r"\bsecond\b|"
    r"\btry\b|\bsuccess|\bbaseline\b|\bdocs?\b|\bdocumentation|\bexample\b(?![^\n]*reprod)|"
    r"\bdefaults?\b|\brecommend|\bif (?:I|you|we)\b|\bwhen I\b|\blater\b|\bnext\b|\bafter\b|"
    r"正常|解决|建议|另"
)
_COMMENT = re.compile(r"^\s*(?:\d+\s+)?(?:#(?! ?%env)|//|;)")
_SIGNATURE = re.compile(r"\bdef \w+\(|\blambda\b|\badd_argument\(|\bfield\(|\bOptional\[|\bhelp=")
_HELP = re.compile(r"^\s*(?:usage|options|(?:optional|named|positional) arguments):", re.IGNORECASE)
_OF_HELP = re.compile(r"\(default|\bdefaults? (?:to|is|:)|^\s*--[\w-]+(?:[ =][A-Z_]{2,}|\s{2,}\w)")
_NOTICE = re.compile(r"\b(?:WARNING|Warning|UserWarning|FutureWarning|ERROR|hint|Hint|note|Note):")
_FRAME = re.compile(
    r"\bFile \"?(?P<path>[^\"\n]{1,300}?)\"?(?:, line \d|:\d)|^(?P<file>\S{1,300}\.py)(?::\d+)?,? "
    r"in \w|(?P<cell>Cell In ?\[|<ipython-input)"
)
_PACKAGE = re.compile(
    r"(?:site|dist)-packages|/lib/python\d|unsloth_compiled_cache|[/\\](?:src[/\\])?"
    r"(?:llamafactory|axolotl|swift|verl|torchtune|transformers|trl|peft|accelerate)[/\\]"
)
_OF_FRAME = re.compile(r"^\s+\S|^-{2,}> ?\d|^\s*\d{1,5}\b|^\s*$|^[│╭╰❱]")
_LAUNCH = re.compile(
    r"^\W{0,4}(?:[A-Z_]+=\S+ ){0,8}(?:!|%run )?(?:python3? (?!-c|-m (?:pip|venv|json))|accelerate "
    r"launch|torchrun|"
    r"deepspeed |llamafactory-cli (?:train|export)|(?:megatron )?swift (?:sft|rlhf|pt|export)|"
    r"axolotl |tune run|trl \w+ )"
)
_FLAG = re.compile(r"^\s*(?:\"?\$\{?\w|--?\w|\w[\w.]*=)")
_OPTION = re.compile(r"^\s*(?:\"?\$\{?\w|--?\w)")
_BEHIND_CODE = re.compile(r"\s#.*$")


class Row(Value):
    """A row that counts.

    Attributes:
        number: that of its line.
        text: the line.
        is_prose: whether a person speaks in it.
        command: the number of the row in which its command begins; 0 where it is of none.
    """

    number: int
    text: str
    is_prose: bool
    command: int = 0


def rows_of(reading: LogReading) -> dict[int, str]:
    """Return the lines that are at hand, by number: the first ones, and those around the error."""
    found: dict[int, str] = {}
    first = reading.opening.decode("utf-8", "replace").splitlines()
    found.update(enumerate(first[:-1] if len(reading.opening) >= _WHOLE else first, 1))
    if (last := reading.last) is not None:
        hit = last.hit
        above = hit.before.splitlines()
        whole = above[1:] if len(hit.before) >= _WHOLE else above
        found.update(enumerate(whole, hit.line - len(whole)))
        found.update(enumerate([*hit.text.splitlines(), *hit.after.splitlines()], hit.line))
    return dict(sorted(found.items()))


def own_rows(rows: dict[int, str], reading: LogReading) -> tuple[Row, ...]:
    """Return the rows that speak of the run that failed."""
    return tuple(_counted(rows, _messages(reading), reading.last.line if reading.last else 0))


def _messages(reading: LogReading) -> frozenset[int]:
    """Return the lines of the messages of errors."""
    found = [item for item in (*reading.raised, reading.told) if item is not None]
    return frozenset(
        line
        for item in found
        for line in range(item.line, item.line + 1 + item.message.count("\n"))
    )


def _counted(rows: dict[int, str], messages: frozenset[int], error: int) -> Iterator[Row]:
    state = _State(rows, error)
    for number, text in rows.items():
        if state.ends_at(text):
            return
        if number in messages:
            state.passes_error(number)
            continue
        is_prose = _PROSE.search(_BEHIND_CODE.sub("", text)) is not None and not _OPTION.match(text)
        if state.counts(number, text, is_prose):
            yield Row(number, text, is_prose, state.command)


class _State:
    """What the rows above one say of it."""

    def __init__(self, rows: dict[int, str], error: int) -> None:
        quotes = sum(text.count('"""') for text in rows.values())
        self._has_docstrings = quotes > 0 and quotes % 2 == 0
        self._in_docstring = self._in_help = self._in_package = self._in_frames = False
        self._of_another = False
        self._error = error
        self.announced_at = 0
        self.command = 0
        self._goes_on = False

    def ends_at(self, text: str) -> bool:
        """Return whether a comment or an answer begins with this row."""
        return _THEIRS.search(text) is not None

    def counts(self, number: int, text: str, is_prose: bool) -> bool:
        """Return whether the row speaks of the run, and take note of what it opens."""
        is_left_out = self._is_left_out(text)
        self._follow_command(number, text)
        if is_prose or text.lstrip().startswith(("#", "**")) or text.rstrip().endswith((":", "：")):
            self._of_another = _OF_ANOTHER.search(text) is not None
            if _OF_THE_RUN.search(text):
                self.announced_at = number
        if is_left_out or ADVICE.search(text) or _NOTICE.search(text):
            return False
        if is_prose:
            return True
        below = bool(self._error) and number > self._error
        return not self._of_another and (self.announced_at > 0 or not below)

    def passes_error(self, number: int) -> None:
        """Forget what the text announced, unless the error only stands between it and its code."""
        if number - self.announced_at > _NEAR:
            self.announced_at = 0

    def _follow_command(self, number: int, text: str) -> None:
        if _LAUNCH.match(text):
            self.command = number
        elif not self._goes_on:
            self.command = 0
        self._goes_on = text.rstrip().endswith("\\") or bool(self.command and _FLAG.match(text))

    def _is_left_out(self, text: str) -> bool:
        if self._has_docstrings and text.count('"""') % 2:
            self._in_docstring = not self._in_docstring
            return True
        if _HELP.match(text):
            self._in_help = True
        elif not text.strip():
            self._in_help = False
        frame = _FRAME.search(text)
        if frame is not None:
            self._in_frames = True
            self._in_package = frame["cell"] is None and _PACKAGE.search(text) is not None
        elif self._in_frames and not _OF_FRAME.match(text):
            self._in_frames = self._in_package = False
        return (
            self._in_docstring
            or self._in_help
            or self._in_package
            or bool(_COMMENT.match(text) or _SIGNATURE.search(text) or _OF_HELP.search(text))
            or text.startswith(("> ", ">>> #"))
        )
