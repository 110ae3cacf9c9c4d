"""Make regular expressions safe and fast for searching a large, untrusted text.

Each is changed in three ways. Every ``*`` and ``+`` becomes a bounded repeat, so that no line costs
more than its length times a constant. The words that a match must contain are read off the
expression, and only lines with all of them are searched. And each expression is tried first on the
distinct shapes of those lines, in which every digit is 0: ten thousand lines with losses have few
shapes. So the cost of a healthy log hardly depends on the number of rules.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .index import Clauses, clauses_of
from .required import START

LONGEST_REPEAT = 300  # characters that one ``*`` or ``+`` may take

_WORD = re.compile(rf"[a-z_]{{{START},}}")


@dataclass(frozen=True, eq=False)
class Pattern:
    """One expression to search for.

    Attributes:
        kind, key: for whom it is searched: ``rule`` and its code, for example.
        text: the expression as it was written.
        clauses: sets of words; a match contains at least one word of each set.
        whole: words as they are, one of which a match contains, with no other letter beside it;
            empty for nothing more.
        needs: bytes that a piece must also contain; empty for nothing.
        limit: how many hits to find before the search for it ends.
        lines: how many lines a match may span.
        context: whether a hit includes the text around it.
    """

    kind: str
    key: Any
    text: str
    clauses: Clauses
    whole: frozenset[bytes] = frozenset()
    needs: bytes = b""
    limit: int = 50
    lines: int = 1
    context: bool = False

    def is_possible(self, words: frozenset[bytes], found: frozenset[bytes]) -> bool:
        """Return whether a text with these words could contain a match.

        Args:
            words: all words of the text.
            found: the required words that are a part of one of them.
        """
        if self.whole and self.whole.isdisjoint(words):
            return False
        return not any(clause.isdisjoint(found) for clause in self.clauses)

    @property
    def regex(self) -> re.Pattern[str]:
        """Return the bounded expression, in which ``^`` and ``$`` match at each line."""
        return _compiled(self.text)

    @property
    def shape(self) -> re.Pattern[str] | None:
        """Return an expression that matches the shape of every matching line; ``None`` if
        unknown.
        """
        return _shape(self.text) if self.lines == 1 else None


def pattern(
    kind: str,
    key: Any,
    text: str,
    needs: bytes = b"",
    limit: int = 50,
    lines: int = 1,
    context: bool = False,
    whole: tuple[str, ...] = (),
) -> Pattern:
    """Make a pattern. It is compiled when a log first has its words: most never are.

    The words come from the index; those of an expression that is not in it are read off it.
    """
    words = frozenset(word.encode() for word in whole)
    known = clauses_of(text)
    clauses = parsed_clauses(text) if known is None else known
    return Pattern(kind, key, text, clauses, words, needs, limit, lines, context)


@lru_cache(maxsize=None)
def parsed_clauses(text: str) -> Clauses:
    """Return the required words of an expression, the rarest first."""
    clauses = sorted(required_words(text), key=_weight, reverse=True)
    return tuple(frozenset(word.encode() for word in clause) for clause in clauses)


@lru_cache(maxsize=None)
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(bounded(text), re.MULTILINE)


@lru_cache(maxsize=None)
def _shape(text: str) -> re.Pattern[str] | None:
    if _excludes_a_digit(parse(text)):
        return None
    return re.compile(bounded(_zeroed(text)), re.MULTILINE)


_ATOM = re.compile(r"\\.|\{\d*,?\d*\}|\d", re.DOTALL)


def _zeroed(text: str) -> str:
    """Return the expression with 0 for every digit that it asks for, except counts of repeats."""
    return _ATOM.sub(lambda found: "0" if found[0].isdigit() else found[0], text)


def _excludes_a_digit(tree: Iterable[Any], negative: bool = False) -> bool:
    """Return whether an expression forbids some digit (``(?!16)``, ``[^1]``)."""
    for operation, argument in tree:
        name = str(operation)
        if name == "IN":
            negated = str(argument[0][0]) == "NEGATE"
            if _excludes_a_digit(argument, negative or negated):
                return True
        elif name == "NOT_LITERAL" or (negative and name == "LITERAL"):
            if chr(argument).isdigit():
                return True
        elif name == "RANGE" and negative:
            if argument != (48, 57) and argument[0] <= 57 and argument[1] >= 48:
                return True
        elif any(
            _excludes_a_digit(part, negative or name == "ASSERT_NOT")
            for part in _parts(name, argument)
        ):
            return True
    return False


def _parts(name: str, argument: Any) -> list[Any]:
    """Return the expressions within an operation."""
    if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        return [argument[2]]
    if name == "BRANCH":
        return list(argument[1])
    if name in {"SUBPATTERN", "ASSERT", "ASSERT_NOT"}:
        return [argument[-1]]
    return [argument] if name == "ATOMIC_GROUP" else []


def bounded(text: str) -> str:
    """Return the expression with ``{0,300}`` for ``*`` and ``{1,300}`` for ``+``."""
    parts: list[str] = []
    in_class, position = False, 0
    while position < len(text):
        char = text[position]
        if char == "\\":
            parts.append(text[position : position + 2])
            position += 2
            continue
        if char == "[" and not in_class:
            in_class = True
            # A bracket right after the opening one is a member, not the end.
            head = re.match(r"\[\^?\]?", text[position:])
            assert head is not None
            parts.append(head[0])
            position += len(head[0])
            continue
        if char == "]":
            in_class = False
        repeat = {"*": 0, "+": 1}.get(char) if not in_class else None
        parts.append(char if repeat is None else f"{{{repeat},{LONGEST_REPEAT}}}")
        position += 1
    return "".join(parts)


def required_words(text: str) -> list[frozenset[str]]:
    """Return sets of words in lower case; a match contains a word of each set."""
    return _clauses(parse(text))


def parse(text: str) -> Any:
    """Return the expression's syntax tree, from the standard library's compiler."""
    if sys.version_info >= (3, 11):
        from re import _parser as parser
    else:
        import sre_parse as parser
    return parser.parse(text)


def _clauses(tree: Iterable[Any]) -> list[frozenset[str]]:
    found: list[frozenset[str]] = []
    literal = ""
    for operation, argument in tree:
        name = str(operation)
        if name == "LITERAL":
            literal += chr(argument)
            continue
        found += _words(literal)
        literal = ""
        found += _INSIDE[name](argument) if name in _INSIDE else []
    return found + _words(literal)


def _words(literal: str) -> list[frozenset[str]]:
    return [frozenset({word}) for word in _WORD.findall(literal.lower())]


def _of_branch(argument: Any) -> list[frozenset[str]]:
    """Return one clause for alternatives: the best clause of each, united; none if one has none."""
    alternatives = [_clauses(branch) for branch in argument[1]]
    if not all(alternatives):
        return []
    return [frozenset().union(*(max(clauses, key=_weight) for clauses in alternatives))]


def _of_repeat(argument: Any) -> list[frozenset[str]]:
    return _clauses(argument[2]) if argument[0] else []


def _weight(clause: frozenset[str]) -> int:
    """Return the length of the shortest word: a longer word is rarer."""
    return min(map(len, clause))


_INSIDE: dict[str, Callable[[Any], list[frozenset[str]]]] = {
    "SUBPATTERN": lambda argument: _clauses(argument[-1]),
    "ATOMIC_GROUP": lambda argument: _clauses(argument),
    "BRANCH": _of_branch,
    "MAX_REPEAT": _of_repeat,
    "MIN_REPEAT": _of_repeat,
    "POSSESSIVE_REPEAT": _of_repeat,
}
