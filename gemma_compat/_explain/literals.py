"""Read off an expression the texts that a match must contain: its literals.

A literal is in the form in which lines are searched: lower case, with 0 for every digit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

LONGEST = 7  # characters: of a longer text, the rarest part is enough
SHORTEST = 3
_MOST_FORMS = 64  # of one part of an expression
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
_EMPTY = {"AT", "ASSERT", "ASSERT_NOT"}
# What words are made of, the most frequent first. Everything else is rarer, and so are two words.
_FREQUENT = "etaoinsrlhdcupmfg_ybwv.k- "

Clause = frozenset[bytes]
Forms = frozenset[str]
_NOTHING: Forms = frozenset([""])


def literals(text: str) -> tuple[Clause, ...]:
    """Return sets of literals, the set to look for first in front.

    A match of the expression contains at least one literal of each set.
    """
    found = {_fewest(map(_rarest_part, _fewest(forms))) for forms in _clauses(parse(text))}
    clauses = [forms for forms in found if _shortest(forms) >= SHORTEST]
    clauses.sort(key=lambda forms: (_weight(forms), sorted(forms)), reverse=True)
    return tuple(frozenset(form.encode() for form in forms) for forms in clauses)


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


def _clauses(tree: Iterable[Any]) -> list[Forms]:
    """Return sets of texts; a match contains one of each set."""
    found: list[Forms] = []
    run = _NOTHING  # the forms of what was read since the last part that has too many
    for operation, argument in tree:
        name = str(operation)
        forms = _forms(name, argument)
        if forms is None:
            found += [_joined(run, _ends(name, argument, 1)), *_clauses_within(name, argument)]
            run = _ends(name, argument, -1)
        elif len(run) * len(forms) <= _MOST_FORMS:
            run = _joined(run, forms)
        else:
            found.append(run)
            run = forms
    return [forms for forms in (*found, run) if _shortest(forms)]


def _clauses_within(name: str, argument: Any) -> list[Forms]:
    if name == "BRANCH":  # the best set of each alternative, united
        alternatives = [_clauses(branch) for branch in parts(name, argument)]
        if not all(alternatives):
            return []
        return [frozenset().union(*(max(sets, key=_weight) for sets in alternatives))]
    if name in _REPEATS and argument[0] == 0:
        return []
    if name in _EMPTY:
        return []
    return [forms for part in parts(name, argument) for forms in _clauses(part)]


def _forms(name: str, argument: Any) -> Forms | None:
    """Return all texts that an operation can match; ``None`` if they are too many to tell."""
    if name == "LITERAL":
        return _character(argument)
    if name == "IN":
        return _characters(argument)
    if name in _EMPTY:
        return _NOTHING
    if name in {"SUBPATTERN", "ATOMIC_GROUP"}:
        return _forms_of_all(parts(name, argument)[0])
    if name == "BRANCH":
        return _united([_forms_of_all(branch) for branch in parts(name, argument)])
    if name in _REPEATS and argument[1] == 1:
        once = _forms_of_all(argument[2])
        return once if argument[0] else _united([once, _NOTHING])
    return None


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
        if len(run) * len(more) > _MOST_FORMS:
            return run
        run = _joined(run, more) if direction > 0 else _joined(more, run)
        if forms is None:
            return run
    return run


def _forms_of_all(tree: Iterable[Any]) -> Forms | None:
    run = _NOTHING
    for operation, argument in tree:
        forms = _forms(str(operation), argument)
        if forms is None or len(run) * len(forms) > _MOST_FORMS:
            return None
        run = _joined(run, forms)
    return run


def _joined(first: Forms, second: Forms) -> Forms:
    """Return all texts of a first one and a second one; only the first if they are too many."""
    if len(first) * len(second) > _MOST_FORMS:
        return first
    return frozenset(one + other for one in first for other in second)


def _united(alternatives: Sequence[Forms | None]) -> Forms | None:
    known = [forms for forms in alternatives if forms is not None]
    united = frozenset().union(*known)
    return united if len(known) == len(alternatives) and len(united) <= _MOST_FORMS else None


def _character(code: int) -> Forms | None:
    char = chr(code)
    if not " " <= char <= "~":  # neither a line's end nor what is not ASCII is searched for
        return None
    return frozenset("0" if char.isdigit() else char.lower())


def _characters(members: Iterable[Any]) -> Forms | None:
    """Return the forms of a class of characters."""
    found: list[Forms | None] = []
    for operation, argument in members:
        name = str(operation)
        if name == "LITERAL":
            found.append(_character(argument))
        elif name == "RANGE" and argument[1] - argument[0] < _MOST_FORMS:
            found += [_character(code) for code in range(argument[0], argument[1] + 1)]
        elif name == "CATEGORY" and str(argument) == "CATEGORY_DIGIT":
            found.append(frozenset("0"))
        else:
            return None
    return _united(found)


def _rarest_part(form: str) -> str:
    """Return a part of at most seven characters, and if possible of one that has no figures."""
    words = [word for word in form.split("0") if len(word) >= SHORTEST]
    longest = max(map(len, words), default=0)
    if not words:
        return form[:LONGEST]
    parts = [
        word[at : at + LONGEST]
        for word in words
        if len(word) >= min(longest, LONGEST)
        for at in range(max(1, len(word) - LONGEST + 1))
    ]
    return max(parts, key=_rarity)


def _rarity(part: str) -> tuple[int, str]:
    """Return how rare the most frequent four characters of a text are."""
    places = [_FREQUENT.find(char) for char in part]
    ranks = [len(_FREQUENT) if place < 0 else place for place in places]
    return min(sum(ranks[at : at + 4]) for at in range(max(1, len(part) - 3))), part


def _shortest(forms: Forms) -> int:
    return min(map(len, forms))


def _weight(forms: Forms) -> tuple[int, int]:
    """Return how much a set tells: a longer text is rarer, and fewer are found faster."""
    lengths = [SHORTEST if "0" in form else len(form) for form in forms]
    return min(min(lengths), LONGEST), -len(forms)
