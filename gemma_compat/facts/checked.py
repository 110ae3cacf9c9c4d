"""Facts from a file that anybody may have written: every value is of its field's type, or an error.

``Facts.from_dict`` trusts its caller with the values; rules must never meet a list where a version
should be. The declared types of the fields are the schema, so none is written a second time.
"""

from __future__ import annotations

import types
import typing
from functools import lru_cache
from typing import Any

from . import Facts
from ._record import Record

LONGEST_TEXT, LONGEST_LIST = 4096, 10_000
_NOT_NUMBERS = {"nan", "inf", "-inf"}  # how a report in JSON spells what JSON has no number for


def checked_facts(data: Any) -> Facts:
    """Return the facts that ``data``, plain JSON values, states.

    Raises:
        ValueError: a field that there is not, or a value that it cannot have; the message says
            where.
    """
    try:
        facts = Facts.from_dict(_with_numbers(data))
    except (AttributeError, OverflowError, TypeError) as error:  # a list for an object, infinity
        raise ValueError(f"facts of another shape ({error})") from error
    _check(facts, Facts, "facts")
    return facts


def _with_numbers(data: Any) -> Any:
    """Return the one field that may be no number is a float again."""
    model = data.get("model") if isinstance(data, dict) else None
    if not isinstance(model, dict):
        return data
    changed = {
        name: float(value)
        for name, value in model.items()
        if name.endswith("_softcapping") and isinstance(value, str) and value in _NOT_NUMBERS
    }
    return {**data, "model": {**model, **changed}} if changed else data


def _check(value: Any, expected: Any, where: str) -> None:
    """Raise ``ValueError`` unless the value has the type: a class, union, tuple, dict or
    ``Any``.
    """
    origin = typing.get_origin(expected)
    if origin in (typing.Union, types.UnionType):
        _check_union(value, typing.get_args(expected), where)
    elif origin is tuple:
        _check_tuple(value, typing.get_args(expected), where)
    elif origin is dict:
        _need(isinstance(value, dict) and len(value) <= LONGEST_LIST, where, "an object")
        for key, item in value.items():
            _check(key, str, where)
            _check(item, typing.get_args(expected)[1], f"{where}.{key[:40]}")
    elif isinstance(expected, type) and issubclass(expected, Record):
        _need(isinstance(value, expected), where, "an object")
        fields: Any = expected  # mypy takes a record's own __hash__ for that of its class
        for name, hint in _hints(fields).items():
            if value.known(name):
                _check(vars(value)[name], hint, f"{where}.{name}")
    else:
        _check_plain(value, expected, where)


def _check_union(value: Any, options: tuple[Any, ...], where: str) -> None:
    errors = []
    for option in options:
        try:
            return _check(value, option, where)
        except ValueError as error:
            errors.append(error)
    raise errors[0]


def _check_tuple(value: Any, items: tuple[Any, ...], where: str) -> None:
    _need(isinstance(value, tuple) and len(value) <= LONGEST_LIST, where, "a list")
    if items[-1] is not Ellipsis:
        _need(len(value) == len(items), where, f"{len(items)} values")
    for item in value:
        _check(item, items[0], where)


def _check_plain(value: Any, expected: Any, where: str) -> None:
    if expected is type(None):
        _need(value is None, where, "null")
    elif expected is bool:
        _need(isinstance(value, bool), where, "true or false")
    elif expected is int:
        _need(isinstance(value, int) and not isinstance(value, bool), where, "a whole number")
        _need(abs(value) < 1 << 63, where, "a number of at most 64 bits")
    elif expected is float:
        _need(isinstance(value, (int, float)) and not isinstance(value, bool), where, "a number")
    else:
        _need(isinstance(value, str), where, "text")
        _need(len(value) <= LONGEST_TEXT, where, f"at most {LONGEST_TEXT} characters")


def _need(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise ValueError(f"{where}: expected {what}")


@lru_cache(maxsize=None)
def _hints(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {name: hints[name] for name in cls.field_names()}
