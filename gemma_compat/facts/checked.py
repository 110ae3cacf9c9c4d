"""Facts from a file that anybody may have written: every value is of its field's type, or an error.

``Facts.from_dict`` trusts its caller with the values; rules must never meet a list where a version
should be. The declared types of the fields are the schema, so none is written a second time.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence, Set
from functools import lru_cache, partial
from typing import Any

from . import Facts, made
from ._record import Record

LONGEST_TEXT, LONGEST_LIST = 4096, 10_000
_MOST_PARTS = 4096  # records; a job whose nodes share nothing must not keep them all
_NOT_NUMBERS = {"nan", "inf", "-inf"}  # how a report in JSON spells what JSON has no number for

Check = Callable[[Any, str, Set[int]], None]  # a value, where it stands, the ids of checked records


class Parts:
    """The records that made up the facts of earlier documents: an equal one is not made again.

    The nodes of a job have most packages and GPUs in common. Belongs to whoever reads them.
    """

    def __init__(self) -> None:
        self._records: dict[tuple[Any, str], Any] = {}
        self._new: list[Any] = []
        self.checked: set[int] = set()  # ids of the records of earlier documents

    def make(self, cls: Any, data: Any) -> Any:
        """Return the record that ``data``, plain JSON values, states: an earlier one if equal."""
        key = cls, repr(data)
        if key not in self._records:
            self._records[key] = made(cls, data)
            self._new.append(self._records[key])
        return self._records[key]

    def keep_new(self) -> None:
        """Keep what was made for the next document: it was found in order."""
        self.checked.update(map(id, self._new))
        self._new.clear()
        if len(self._records) > _MOST_PARTS:
            self.forget()

    def forget(self) -> None:
        """Keep nothing: a document was refused, or there is too much."""
        self._records.clear()
        self._new.clear()
        self.checked.clear()


def checked_facts(data: Any, parts: Parts | None = None) -> Facts:
    """Return the facts that ``data``, plain JSON values, states.

    Args:
        parts: those of earlier documents, to share.

    Raises:
        ValueError: a field that there is not, or a value that it cannot have; the message says
            where.
    """
    parts = parts or Parts()
    try:
        facts = Facts.from_dict(_with_numbers(data), parts.make)
        _checker(Facts)(facts, "facts", parts.checked)
    except (AttributeError, OverflowError, TypeError) as error:  # a list for an object, infinity
        parts.forget()
        raise ValueError(f"facts of another shape ({error})") from error
    except ValueError:
        parts.forget()
        raise
    parts.keep_new()
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


@lru_cache(maxsize=None)  # the declared types of all fields
def _checker(expected: Any) -> Check:
    """Return what raises ``ValueError`` unless a value has the type: a class, union, tuple, dict
    or ``Any``.
    """
    origin, inside = typing.get_origin(expected), typing.get_args(expected)
    if origin in (typing.Union, types.UnionType):
        return partial(_check_union, [_checker(option) for option in inside])
    if origin is tuple:
        length = None if inside[-1] is Ellipsis else len(inside)
        return partial(_check_tuple, _checker(inside[0]), length)
    if origin is dict:
        return partial(_check_dict, _checker(inside[1]))
    if isinstance(expected, type) and issubclass(expected, Record):
        hints = typing.get_type_hints(expected)
        fields = {name: _checker(hints[name]) for name in expected.field_names()}
        return partial(_check_record, expected, fields)
    return _PLAIN.get(expected, _check_text)


def _check_union(options: Sequence[Check], value: Any, where: str, checked: Set[int]) -> None:
    errors = []
    for option in options:
        try:
            return option(value, where, checked)
        except ValueError as error:
            errors.append(error)
    raise errors[0]


def _check_tuple(
    item: Check, length: int | None, value: Any, where: str, checked: Set[int]
) -> None:
    _need(isinstance(value, tuple) and len(value) <= LONGEST_LIST, where, "a list")
    _need(length is None or len(value) == length, where, f"{length} values")
    for held in value:
        item(held, where, checked)


def _check_dict(item: Check, value: Any, where: str, checked: Set[int]) -> None:
    _need(isinstance(value, dict) and len(value) <= LONGEST_LIST, where, "an object")
    for key, held in value.items():
        _check_text(key, where, checked)
        item(held, f"{where}.{key[:40]}", checked)


def _check_record(
    cls: type[Record], fields: Mapping[str, Check], value: Any, where: str, checked: Set[int]
) -> None:
    if id(value) in checked:
        return
    _need(isinstance(value, cls), where, "an object")
    for name, held in vars(value).items():
        fields[name](held, f"{where}.{name}", checked)


def _check_none(value: Any, where: str, checked: Set[int]) -> None:
    _need(value is None, where, "null")


def _check_bool(value: Any, where: str, checked: Set[int]) -> None:
    _need(isinstance(value, bool), where, "true or false")


def _check_int(value: Any, where: str, checked: Set[int]) -> None:
    _need(isinstance(value, int) and not isinstance(value, bool), where, "a whole number")
    _need(abs(value) < 1 << 63, where, "a number of at most 64 bits")


def _check_float(value: Any, where: str, checked: Set[int]) -> None:
    _need(isinstance(value, (int, float)) and not isinstance(value, bool), where, "a number")


def _check_text(value: Any, where: str, checked: Set[int]) -> None:
    _need(isinstance(value, str), where, "text")
    _need(len(value) <= LONGEST_TEXT, where, f"at most {LONGEST_TEXT} characters")


def _need(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise ValueError(f"{where}: expected {what}")


_PLAIN: dict[Any, Check] = {
    type(None): _check_none,
    bool: _check_bool,
    int: _check_int,
    float: _check_float,
}
