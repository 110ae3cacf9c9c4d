"""Tell source and configuration from what a person or a run says: nothing happened in it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .scan import Hit

# A line that only a program's source has.
_PROSE = r"(?!.*(?:\b[A-Za-z']+,? ){4})"  # four words in a row
_STATEMENT = re.compile(
    r"^\s*(?:(?:async )?def \w+ ?\(|class \w+[(:]|from [\w.]+ import\b|"
    r"import [\w.]+(?: as \w+)?\s*$|"
    rf"(?:if|elif|while|for|with|except|match|case)\b{_PROSE}.*:\s*(?:#.*)?$|"
    rf"(?:else|try|finally):|raise [\w.]+(?:\(|\s*$| from )|(?:return|assert|yield) {_PROSE}\S.*|"
    r"return (?:[\w.]+, ?)*[\w.]*\(?[\"']|throw [\w:.]+\(|[\w.]+(?:, [\w.]+)* := \S|"
    r"await \w|@[\w.]+(?:\(.*)?\s*$|(?:pass|break|continue|return)\s*$|"
    r"(?:self|logger|logging|log|warnings|pytest|parser|console|os|sys|torch|"
    r"model)\.[\w.]+(?:\(| ?=)|"
    r"print\(|echo [\"']|[\w.]+\((?:[^)]*,)?\s*$|#include\b|#define\b|template ?<|namespace \w|"
    r"(?:const|let|var|fn|pub|export|function|public|private|static|void|int|auto) "
    r"[\w<>:*&, ]+(?:[=({;]|$)|[\w.>()-]+\(.*\);\s*$)"
)
# A line that source has, and a list of settings or a dictionary of figures as well.
_PART = re.compile(
    r"^\s*(?:[\w.\[\]\"'()*, ]{1,60}(?:: ?[\w\[\], |.]+)? ?(?:[-+*/|&^%]|//|\*\*|:)?=(?!=) ?\S|"
    r"[\w.]+\(.*\)[,:]?\s*$|[rbfu]{0,2}[\"'].*[\"'][\])}]*[,:;]?\s*(?:[\w\"'{\[(+].*)?$|"
    r"[\[\](){},;:]+\s*(?:#.*)?$|[\"']{3}|\.\.\. |>>> |\$\{|"
    r"(?:- )?(?!.*(?:error|exception|warning|fatal|bug\b|issue|question|title))"
    r"[\"']?[\w.-]{1,40}[\"']?:(?: +\S+){0,3}$|.*[{(\[;]\s*$)",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"^\s*(?:#|//|/\*|\*[ /])")
_LONG_COMMENT = re.compile(r"^\s*(?:#|//)(?: |$)")
_DOCSTRING = re.compile(r"[\"']{3}")
_FEWEST = 3  # statements of a text that is source
_SHARE = 0.6  # of its lines
_FEWEST_SETTINGS, _SHARE_OF_SETTINGS = 6, 0.85  # of a file of settings
_ABOVE, _BELOW = 3000, 1500  # characters around a hit


@lru_cache(maxsize=1)  # of one log it is asked twice
def source_lines(text: str) -> frozenset[int]:
    """Return the numbers of the lines that are source or configuration, from 1.

    In a text that is mostly source, comments, docstrings and whatever is indented count as well.
    """
    lines = text.splitlines()
    statements, parts = _matching(_STATEMENT, lines), _matching(_PART, lines)
    if not _is_mostly_source(lines, statements, parts):
        return frozenset(statements | _blocks_of_comments(lines))
    known = statements | parts
    return frozenset(known | _between(lines, known))


def is_source(hit: Hit) -> bool:
    """Return whether a hit stands in a program's source or in a file of settings.

    A statement alone may be all that is left of a traceback.
    """
    above = hit.before[-_ABOVE:]
    if len(hit.before) > _ABOVE:
        above = above.partition("\n")[2]
    text, number = f"{above}{hit.text}\n{hit.after[:_BELOW]}", above.count("\n") + 1
    lines = text.splitlines()
    statements, parts = _matching(_STATEMENT, lines), _matching(_PART, lines)
    found = _blocks_of_comments(lines)
    if _is_mostly_source(lines, statements, parts):
        found |= statements | parts | _between(lines, statements | parts)
    return number in found


def _matching(pattern: re.Pattern[str], lines: list[str]) -> set[int]:
    return {number for number, line in enumerate(lines, 1) if pattern.match(line)}


def _is_mostly_source(lines: list[str], statements: set[int], parts: set[int]) -> bool:
    both = len(statements | parts)
    filled = sum(1 for line in lines if line.strip() and not _COMMENT.match(line))
    is_program = len(statements) >= _FEWEST and both >= _SHARE * filled
    return is_program or (both >= _FEWEST_SETTINGS and both >= _SHARE_OF_SETTINGS * filled)


def _blocks_of_comments(lines: list[str]) -> set[int]:
    """Return the lines of comments that are long: three headings in a row are none of Markdown."""
    blocks: list[list[int]] = [[]]
    for number, line in enumerate(lines, 1):
        if _LONG_COMMENT.match(line):
            blocks[-1].append(number)
        elif blocks[-1]:
            blocks.append([])
    return {number for block in blocks if len(block) >= _FEWEST for number in block}


def _between(lines: list[str], known: set[int]) -> set[int]:
    """Return the lines of docstrings, those that are indented, and comments beside source."""
    found: set[int] = set()
    is_string = False
    for number, line in enumerate(lines, 1):
        quotes = len(_DOCSTRING.findall(line))
        if is_string or quotes or line.startswith(("    ", "\t")):
            found.add(number)
        is_string ^= quotes % 2 == 1
    comments = _matching(_COMMENT, lines)
    beside = {number for number in comments if number + 1 in known | found | comments}
    title = next((number for number, line in enumerate(lines, 1) if line.strip()), 0)
    if title + 1 not in comments:  # a heading: a person's title
        beside.discard(title)
    return found | beside | _blocks_of_comments(lines)
