r"""Make regular expressions safe and fast for searching a large, untrusted text.

Each is changed in three ways. Every ``*`` and ``+`` becomes a bounded repeat, so that no line costs
more than its length times a constant. The phrases that a match must contain are read off the
expression, and only lines with all of them are searched. And each expression is tried first on the
distinct shapes of many lines, in which every digit is 0: ten thousand lines with losses have few
shapes. So the cost of a healthy log hardly depends on the number of rules. ``\d`` means 0 to 9.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from .index import told_of

LONGEST_REPEAT = 300  # characters that one ``*`` or ``+`` may take
_MESSAGES = {"rule", "general"}
_QUOTES = set("'`\"")
_ANY_QUOTE = "'`\"‘’“”"


# ``&`` parts the settings of an address, which have nothing to do with each other.
_KEPT = b"0abcdefghijklmnopqrstuvwxyz&\n"
_TO_FIGURES = bytes(
    ord("0") if chr(code) in "123456789" else code if code in _KEPT else ord(" ")
    for code in bytes(range(256)).lower()
)


def figures_of(text: bytes) -> bytes:
    """Return a text in lower case with 0 for each digit and a blank for each sign but ``&``."""
    return text.translate(_TO_FIGURES)


class Pattern:
    """One expression to search for. A log has over a thousand, so it is no :class:`.Value`: with
    slots they take a third of the memory.

    Attributes:
        kind, key: for whom it is searched: ``rule`` and its code, for example.
        text: the expression as it was written.
        phrases: what a match must contain, as :func:`.literals.told` writes it.
        words, needs: what it is found by, where that is stated: see :class:`.readers.base.Reader`.
        limit: how many hits to find before the search for it ends.
        lines: how many lines a match may span.
        context: whether a hit includes the text around it.
        longest: of the lines that are searched, in bytes; 0 for any.
        holds: an expression that is found in every match, and is searched for first.
    """

    __slots__ = (
        *("kind", "key", "text", "phrases", "limit", "lines", "context"),
        *("words", "needs", "longest", "holds"),
    )

    def __init__(
        self,
        kind: str,
        key: Any,
        text: str,
        phrases: str,
        *,
        limit: int = 50,
        lines: int = 1,
        context: bool = False,
        words: tuple[str, ...] = (),
        needs: tuple[str, ...] = (),
        longest: int = 0,
        holds: str = "",
    ) -> None:
        self.kind, self.key, self.text, self.phrases = kind, key, text, phrases
        self.limit, self.lines, self.context = limit, lines, context
        self.words, self.needs, self.longest, self.holds = words, needs, longest, holds

    @property
    def regex(self) -> re.Pattern[str]:
        """Return the bounded expression, in which ``^`` and ``$`` match at each line."""
        return _compiled(self.text)

    @property
    def in_other_quotes(self) -> re.Pattern[str] | None:
        """Return the expression with any quotation mark for each; ``None`` where there is none.

        Only of messages: Markdown, mails and Chinese put other marks in place of theirs.
        """
        if self.kind not in _MESSAGES or not _QUOTES & set(self.text):
            return None
        return _compiled_for_any_quote(self.text)

    @property
    def shape(self) -> re.Pattern[str] | None:
        """Return an expression that matches the shape of every matching line; ``None`` if
        unknown.
        """
        return _shape(self.text) if self.lines == 1 else None

    @property
    def leads(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the words by which it is found, each with a phrase that must be there as well, or
        with a text of :func:`figures_of`.
        """
        if self.words:
            for stated in self.words:
                word, _, text = stated.encode().partition(b"|")
                yield word, figures_of(text)
            return
        for lead in self.phrases.partition("\n")[0].encode().split(b"\t"):
            word, _, phrase = lead.partition(b":")
            yield word, phrase if self.lines == 1 else b""

    @property
    def others(self) -> Sequence[Sequence[bytes]]:
        """Return further sets of phrases or texts, of each of which a match contains one."""
        if self.needs:
            return _figures_of(self.needs)
        return _others(self.phrases) if self.lines == 1 else ()


def pattern(kind: str, key: Any, text: str, **options: Any) -> Pattern:
    """Make a pattern. It is compiled when a log first has its phrases: most never are.

    The phrases come from the index; those of an expression that is not in it are read off it.

    Args:
        kind, key, text: see :class:`Pattern`.
        options: its other attributes.
    """
    return Pattern(kind, key, text, told_of(text), **options)


@lru_cache(maxsize=None)
def _figures_of(needs: tuple[str, ...]) -> tuple[tuple[bytes, ...]]:
    return (tuple(figures_of(text.encode()) for text in needs),)


@lru_cache(maxsize=None)
def _others(phrases: str) -> tuple[tuple[bytes, ...], ...]:
    return tuple(tuple(line.split(b"\t")) for line in phrases.encode().split(b"\n")[1:])


@lru_cache(maxsize=None)
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(bounded(text), re.MULTILINE)


@lru_cache(maxsize=None)
def _compiled_for_any_quote(text: str) -> re.Pattern[str]:
    return re.compile(_for_any_quote(bounded(text)), re.MULTILINE)


_CLASS_OR_ATOM = re.compile(
    r"(?P<opening>\[\^?\]?)(?P<members>(?:\\.|[^\]\\])*\])|\\.|.", re.DOTALL
)


def _for_any_quote(text: str) -> str:
    """Return the expression with any quotation mark where it has one."""

    def changed(found: re.Match[str]) -> str:
        if not _QUOTES & set(found[0]):
            return found[0]
        return f"{found['opening'] or '['}{_ANY_QUOTE}{found['members'] or ']'}"

    return _CLASS_OR_ATOM.sub(changed, text)


@lru_cache(maxsize=None)
def _shape(text: str) -> re.Pattern[str] | None:
    from .literals import parse

    return None if _excludes_a_digit(parse(text)) else _compiled(_zeroed(text))


_ATOM = re.compile(r"\\.|\{\d*,?\d*\}|\d", re.DOTALL)


def _zeroed(text: str) -> str:
    """Return the expression with 0 for every digit that it asks for, except counts of repeats."""
    return _ATOM.sub(lambda found: "0" if found[0].isdigit() else found[0], text)


def _excludes_a_digit(tree: Iterable[Any], negative: bool = False) -> bool:
    """Return whether an expression forbids some digit (``(?!16)``, ``[^1]``)."""
    from .literals import parts

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
            for part in parts(name, argument)
        ):
            return True
    return False


def bounded(text: str) -> str:
    """Return the expression with ``{0,300}`` for ``*``, ``{1,300}`` for ``+``, 0-9 for ``\\d``."""
    changed: list[str] = []
    in_class, position = False, 0
    while position < len(text):
        char = text[position]
        if char == "\\":
            escape = text[position : position + 2]
            digits = "0-9" if in_class else "[0-9]"
            changed.append(digits if escape == r"\d" else escape)
            position += 2
            continue
        if char == "[" and not in_class:
            in_class = True
            # A bracket right after the opening one is a member, not the end.
            head = re.match(r"\[\^?\]?", text[position:])
            assert head is not None
            changed.append(head[0])
            position += len(head[0])
            continue
        if char == "]":
            in_class = False
        repeat = {"*": 0, "+": 1}.get(char) if not in_class else None
        changed.append(char if repeat is None else f"{{{repeat},{LONGEST_REPEAT}}}")
        position += 1
    return "".join(changed)
