"""Frozen values, as a dataclass makes them, without the cost of one.

A dataclass compiles its methods when its module is imported, and ``dataclasses`` imports
``inspect``: a third of what a report imported. Here all classes share the same few methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform

    ValueT = TypeVar("ValueT", bound="Value")  # which would start a compiler
else:

    def dataclass_transform(**_: Any) -> Any:
        """Tell type checkers that the annotations of a class are its fields; do nothing here."""
        return lambda cls: cls


_REQUIRED: Any = object()  # the default of a field that has none


class _FieldsOfDataclass:
    """What ``dataclasses.replace`` and ``fields`` ask a class for, made when they do."""

    def __get__(self, value: Any, cls: type[Value]) -> Any:
        from dataclasses import field, make_dataclass

        made: Any = make_dataclass(
            "_", [(name, Any, field(default=None)) for name in cls.field_names()]
        )
        return made.__dataclass_fields__


@dataclass_transform(frozen_default=True)
class Value:
    """Base of frozen values. Fields are the annotations of a class, with their defaults.

    Two values are equal if all their fields are; with ``class Name(Value, eq=False)`` each equals
    itself alone. A default ``{}`` is a new dict for each value. The fields that are named as
    ``hidden`` are neither compared nor shown.
    """

    _defaults: ClassVar[dict[str, Any]] = {}
    _required: ClassVar[tuple[str, ...]] = ()
    _dicts: ClassVar[tuple[str, ...]] = ()  # fields whose default is a dict
    _hidden: ClassVar[tuple[str, ...]] = ()
    __dataclass_fields__: ClassVar[Any] = _FieldsOfDataclass()

    def __init_subclass__(cls, *, eq: bool = True, hidden: tuple[str, ...] = ()) -> None:
        cls._hidden = hidden or cls._hidden
        hints = cls.__annotations__.items()
        names = [name for name, hint in hints if not str(hint).startswith("ClassVar")]
        cls._defaults = {**cls._defaults, **{n: vars(cls).get(n, _REQUIRED) for n in names}}
        cls._required = tuple(n for n, item in cls._defaults.items() if item is _REQUIRED)
        cls._dicts = tuple(n for n, item in cls._defaults.items() if isinstance(item, dict))
        if not eq:
            cls.__eq__ = object.__eq__  # type: ignore[method-assign]
            cls.__hash__ = object.__hash__  # type: ignore[method-assign]

    def __init__(self, *given: Any, **named: Any) -> None:
        own, defaults = self.__dict__, self._defaults
        own.update(defaults)
        if given:
            own.update(zip(defaults, given, strict=False))
            if len(given) > len(defaults) or (
                named and not named.keys().isdisjoint(tuple(defaults)[: len(given)])
            ):
                raise TypeError(f"{type(self).__name__} was given a field twice, or too many")
        for name in self._dicts:
            if own[name] is defaults[name]:
                own[name] = dict(own[name])
        own.update(named)
        if len(own) > len(defaults):
            wrong = ", ".join(named.keys() - defaults.keys())
            raise TypeError(f"{type(self).__name__} has no field {wrong}")
        for name in self._required:
            if own[name] is _REQUIRED:
                raise TypeError(f"{type(self).__name__} needs {name}")

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """Return the names of all fields, in their order."""
        return tuple(cls._defaults)

    def replace(self: ValueT, **changes: Any) -> ValueT:
        """Return a copy with other values.

        Raises:
            TypeError: a name that is not a field.
        """
        return type(self)(**{**vars(self), **changes})

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: cannot set {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._seen() == other._seen()

    def __hash__(self) -> int:
        return hash((type(self), *self._seen().values()))

    def _seen(self) -> dict[str, Any]:
        """Return the fields that are not hidden."""
        own = vars(self)
        return {n: own[n] for n in own if n not in self._hidden} if self._hidden else own

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self._seen().items())
        return f"{type(self).__name__}({inside})"
