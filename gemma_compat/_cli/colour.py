"""Colour for a text report on a terminal; a pipe, a file and ``NO_COLOR`` get plain text.

The renderers know nothing of colour: lines are recognised by their shape here.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import TextIO

_RESET = "\x1b[0m"
_BOLD, _DIM, _RED, _GREEN, _YELLOW, _BLUE = (f"\x1b[{n}m" for n in (1, 2, 31, 32, 33, 34))
_SEVERITY = {"error": _RED, "fail": _RED, "warning": _YELLOW, "notice": _BLUE, "pass": _GREEN}
_SEVERITY |= {"错误": _RED, "警告": _YELLOW, "提示": _BLUE, "失败": _RED, "通过": _GREEN}
_FINDING = (
    r"(\W*)(error|warning|notice|fail|pass|错误|警告|提示|失败|通过)( +)((?:GC\d{3,4} )?[\w-]+)(.*)"
)
_LABEL = r"( {2,9}\w+[:：])( .*)"
_COMMAND = r" {4}\S.*"


def is_wanted(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether ``stream`` is a terminal that shows colour, and the user wants any.

    ``NO_COLOR`` (https://no-color.org) counts with any value that is not empty.
    """
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    if sys.platform == "win32" and not {"WT_SESSION", "TERM", "ANSICON"} & environment.keys():
        return False  # an old console prints the codes
    return stream.isatty()


def painted(text: str) -> str:
    """Return the text of a report with colours: the verdict, severities, labels and commands."""
    lines = text.split("\n")
    return "\n".join(
        _line(line, is_command=_is_command(lines, number)) for number, line in enumerate(lines)
    )


def _is_command(lines: list[str], number: int) -> bool:
    """Tell a line to type: four spaces in, after a blank line or another such line."""
    if not re.fullmatch(_COMMAND, lines[number]):
        return False
    before = number - 1
    while before >= 0 and re.fullmatch(_COMMAND, lines[before]):
        before -= 1
    return before >= 0 and not lines[before].strip()


def _line(line: str, is_command: bool) -> str:
    if is_command:
        return f"{_BOLD}{_GREEN}{line}{_RESET}"
    found = re.fullmatch(_FINDING, line)
    if found and found[1] in {"", "  ", "    "}:
        start, severity, gap, name, rest = found.groups()
        return (
            f"{start}{_BOLD}{_SEVERITY[severity]}{severity}{_RESET}{gap}{_BOLD}{name}{_RESET}{rest}"
        )
    found = re.fullmatch(_LABEL, line)
    if found:
        return f"{_DIM}{found[1]}{_RESET}{found[2]}"
    return line
