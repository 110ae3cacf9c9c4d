r"""Read off an expression the phrases that a match must contain, and the words to find them by.

A phrase is words with one blank between them, as :func:`.screen.words_of` makes of a line. A word
is letters alone, in lower case: digits are left out (``fp16`` is ``fp``), and all else parts words.
A blank at an end of a phrase says that the word there is whole. ``Cache' object has no \w+`` has
the phrase ``cache object has no``, and is found by the word ``object``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from .screen import PART

_MOST_FORMS = 64  # of one part after another
_MOST_ALTERNATIVES = 256
_MOST_OF_A_CLASS = 9
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
_EMPTY = {"AT", "ASSERT", "ASSERT_NOT"}
_WORDS_END = [("AT", "AT_BOUNDARY")]
_ALL_LETTERS = [(ord("a"), ord("z")), (ord("A"), ord("Z"))]
# Words that many lines of logs have: not to find phrases by.
_FREQUENT = (
    " all and any are but can config cuda device does error file float for from gemma get gpu"
    " has if import in is it its line llama log logs lora loss model models module name none not"
    " of on one only or out pip py python return run self size tensor text that the this to"
    " token tokenizer torch train training transformers true type unsloth use value version was"
    " what which with you "
)
# Such as Chinese, which has no blanks between words: looked for as it is, where there is no word.
_FOREIGN = re.compile(r"[^\x00-\x7f]+")

Forms = frozenset[str]
_NOTHING: Forms = frozenset([""])
_BLANK: Forms = frozenset([" "])


def told(text: str) -> str:
    """Return the phrases of an expression for the index: a line for each set, tabs between them.

    Each phrase of the first set has the word in front to find it by, and a colon.
    """
    first, *others = literals(text) or [_NOTHING]
    leads = {f"{key(form)}:{_phrase(form)}" for form in first}
    lines = (leads, *({_phrase(form) for form in forms} for forms in others))
    return "\n".join("\t".join(sorted(line)) for line in lines)


def literals(text: str) -> list[Forms]:
    """Return sets of texts, the set to look for first in front.

    A match of the expression contains at least one text of each set.
    """
    clauses = {_fewest(forms) for forms in _clauses(parse(text))}
    telling = sorted(clauses, key=lambda forms: (-_weight(forms), len(forms), sorted(forms)))
    return [
        forms
        for place, forms in enumerate(telling)
        if not any(_is_implied(forms, before) for before in telling[:place])
    ]


def _is_implied(forms: Forms, others: Forms) -> bool:
    """Return whether what contains one of the others contains one of the forms."""
    return all(any(form in other for form in forms) for other in others)


def key(form: str) -> str:
    """Return the word to find a text by, with ``*`` where more letters may stand beside it."""
    words = _phrase(form).split()
    if not words:
        return max(_FOREIGN.findall(form), key=len, default="")
    is_end = form.endswith(words[-1])
    words[0] = f"*{words[0]}" if form.startswith(words[0]) else words[0]
    words[-1] = f"{words[-1]}*" if is_end else words[-1]
    return max(words, key=lambda word: (_telling(word), word))


def _phrase(form: str) -> str:
    """Return a text without what is in no phrase."""
    return _FOREIGN.sub(" ", form).replace("  ", " ").replace("  ", " ")


def _telling(word: str) -> float:
    """Return how much a word tells: long ones are rare, and parts of words cost more to find."""
    letters = word.strip("*")
    parts = len(word) - len(letters)
    if not letters or not letters.isascii():
        return 1.5 * bool(letters)
    if parts == 2 or (parts and len(letters) < PART):
        return 1 + len(letters) / 100
    if f" {letters} " in _FREQUENT:
        return 3 + len(letters) / 100
    return 3 + len(letters) - parts / 2 if len(letters) > 1 else 2


def _weight(forms: Forms) -> float:
    return min(_telling(key(form)) for form in forms)


def _fewest(forms: Iterable[str]) -> Forms:
    """Leave out what contains another of these."""
    fewest: list[str] = []
    for form in sorted(forms, key=len):
        if not any(shorter in form for shorter in fewest):
            fewest.append(form)
    return frozenset(fewest)


def parse(text: str) -> Any:
    """Return the expression's syntax tree, from the standard library's compiler."""
    if sys.version_info >= (3, 11):
        from re import _parser as parser
    else:
        import sre_parse as parser
    return parser.parse(text)


def parts(name: str, argument: Any) -> list[Any]:
    """Return the expressions within an operation."""
    if name in _REPEATS:
        return [argument[2]]
    if name == "BRANCH":
        return list(argument[1])
    if name in {"SUBPATTERN", "ASSERT", "ASSERT_NOT"}:
        return [argument[-1]]
    return [argument] if name == "ATOMIC_GROUP" else []


def _clauses(tree: Sequence[Any]) -> list[Forms]:
    """Return sets of texts; a match contains one of each set."""
    found: list[Forms] = []
    run = _NOTHING  # the forms of what was read since the last part that has too many
    for place, (operation, argument) in enumerate(tree):
        name = str(operation)
        forms = _forms(name, argument)
        before = all(form.endswith(" ") for form in run)
        if forms is None:
            after = all(form.startswith(" ") for form in _ends_of_all(tree[place + 1 :], 1))
            found.append(_joined(run, _ends(name, argument, 1)))
            found += _clauses_within(name, argument, _WORDS_END * before, _WORDS_END * after)
            run = _ends(name, argument, -1)
        elif _are_few(run, forms):
            run = _joined(run, forms)
        else:
            found.append(run)
            run = _joined(_BLANK, forms) if before else forms
    return [forms for forms in (*found, run) if _weight(forms)]


def _clauses_within(name: str, argument: Any, before: list[Any], after: list[Any]) -> list[Forms]:
    """Return the sets of what an operation has within, between what stands around it."""
    if name in _EMPTY or (name in _REPEATS and argument[0] == 0):
        return []
    if name in _REPEATS and argument[1] > 1:  # it stands beside itself as well
        before = after = []
    within = [_clauses([*before, *part, *after]) for part in parts(name, argument)]
    if name == "BRANCH":  # the best set of each alternative, united
        if not all(within):
            return []
        return [frozenset().union(*(max(sets, key=_weight) for sets in within))]
    return [forms for sets in within for forms in sets]


def _forms(name: str, argument: Any) -> Forms | None:
    """Return all texts that an operation can match; ``None`` if they are too many to tell."""
    if name == "LITERAL":
        return frozenset([_character(argument)])
    if name == "IN":
        return _characters(argument)
    if name in _EMPTY:
        return _BLANK if _is_at_end_of_words(name, argument) else _NOTHING
    if name in {"SUBPATTERN", "ATOMIC_GROUP"}:
        return _forms_of_all(parts(name, argument)[0])
    if name == "BRANCH":
        return _united([_forms_of_all(branch) for branch in parts(name, argument)])
    if name in _REPEATS:
        once = _forms_of_all(argument[2])
        if argument[1] == 1 or (once and once <= _NOTHING | _BLANK):
            return once if argument[0] else _united([once, _NOTHING])
    return None


def _is_at_end_of_words(name: str, argument: Any) -> bool:
    r"""Return whether no word goes on where this matches: ``^``, ``\b``, ``(?<![a-zA-Z])``."""
    if name == "AT":
        return str(argument) != "AT_NON_BOUNDARY"
    if name == "ASSERT" or len(argument[1]) != 1 or str(argument[1][0][0]) != "IN":
        return False
    members = argument[1][0][1]
    if str(members[0][0]) == "NEGATE":
        return _characters(members[1:]) == _BLANK
    excluded = [member for _, member in members]
    return "CATEGORY_WORD" in map(str, excluded) or all(map(excluded.__contains__, _ALL_LETTERS))


def _ends(name: str, argument: Any, direction: int) -> Forms:
    """Return the texts with which a match of an operation begins (1) or ends (-1)."""
    if name == "BRANCH":
        ends = [_ends_of_all(branch, direction) for branch in parts(name, argument)]
        return _united(ends) or _NOTHING
    if name in {"SUBPATTERN", "ATOMIC_GROUP"}:
        return _ends_of_all(parts(name, argument)[0], direction)
    if name not in _REPEATS or argument[0] == 0:
        return _NOTHING
    once = _forms_of_all(argument[2])
    if once is None:
        return _ends_of_all(argument[2], direction)
    return _forms_of_all([("SUBPATTERN", [argument[2]])] * argument[0]) or once


def _ends_of_all(tree: Iterable[Any], direction: int) -> Forms:
    run = _NOTHING
    for operation, argument in list(tree)[::direction]:
        forms = _forms(str(operation), argument)
        more = _ends(str(operation), argument, direction) if forms is None else forms
        if not _are_few(run, more):
            return run
        run = _joined(run, more) if direction > 0 else _joined(more, run)
        if forms is None:
            return run
    return run


def _forms_of_all(tree: Iterable[Any]) -> Forms | None:
    run = _NOTHING
    for operation, argument in tree:
        forms = _forms(str(operation), argument)
        if forms is None or not _are_few(run, forms):
            return None
        run = _joined(run, forms)
    return run


def _are_few(first: Forms, second: Forms) -> bool:
    """Return whether one can be put after the other."""
    return len(first) * len(second) <= max(_MOST_FORMS, len(first), len(second))


def _joined(first: Forms, second: Forms) -> Forms:
    """Return all texts of a first one and a second one; only the first if they are too many."""
    if not _are_few(first, second):
        return first
    return frozenset((one + other).replace("  ", " ") for one in first for other in second)


def _united(alternatives: Sequence[Forms | None]) -> Forms | None:
    known = [forms for forms in alternatives if forms is not None]
    united = frozenset().union(*known)
    is_told = len(known) == len(alternatives) and len(united) <= _MOST_ALTERNATIVES
    return united if is_told else None


def _character(code: int) -> str:
    char = chr(code)
    if char in "0123456789":
        return ""
    return char.lower() if char.isalpha() or not char.isascii() else " "


def _characters(members: Iterable[Any]) -> Forms | None:
    """Return the forms of a class of characters."""
    found: list[Forms | None] = []
    for operation, argument in members:
        name = str(operation)
        if name == "LITERAL":
            found.append(frozenset([_character(argument)]))
        elif name == "RANGE" and argument[1] - argument[0] < _MOST_FORMS:
            codes = range(argument[0], argument[1] + 1)
            found.append(frozenset(map(_character, codes)))
        elif str(argument) == "CATEGORY_DIGIT":
            found.append(_NOTHING)
        elif str(argument) in {"CATEGORY_SPACE", "CATEGORY_NOT_WORD"}:
            found.append(_BLANK)
        else:
            return None
    forms = _united(found)
    return forms if forms and len(forms) <= _MOST_OF_A_CLASS else None
