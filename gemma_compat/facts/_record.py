"""A frozen record whose unknown fields cannot be read by accident.

``None`` often means something (no sliding window, no quantization), so "unknown" is a separate
value. Reading a field that holds it raises :class:`UnknownFact`, and only the engine catches
that, so a rule cannot mistake "not known" for "not so".

A dataclass compiles its methods when its module is imported. A record does not: facts are the
first thing that every command imports, and an unknown field must raise when it is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar

from ..errors import UnknownFact

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: Any) -> Any:
        """Tell type checkers that the annotations of a class are its fields; do nothing here."""
        return lambda cls: cls


class _Unknown:
    """The type of :data:`UNKNOWN`; a singleton that survives copying and pickling."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise UnknownFact("a fact", "tested for truth while unknown")


UNKNOWN: Any = _Unknown()

RecordT = TypeVar("RecordT", bound="Record")


class _Unread:
    """What a class has in the place of each field that may be unknown.

    A record has the fields that are known in its ``__dict__``, where Python looks first.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def __get__(self, record: Any, owner: Any) -> Any:
        if record is None:
            return UNKNOWN
        raise UnknownFact(self._topic)


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """Base of all facts: frozen, comparable, and round-trips through ``to_dict``.

    Fields are the annotations of a class, with their defaults.
    """

    topic: ClassVar[str] = ""
    _defaults: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        names = [name for name in cls.__annotations__ if name != "topic"]
        cls._defaults = {name: vars(cls)[name] for name in names}
        for name, default in cls._defaults.items():
            if default is UNKNOWN:
                setattr(cls, name, _Unread(f"{cls.topic}.{name}".lstrip(".")))

    def __init__(self, **values: Any) -> None:
        wrong = values.keys() - self._defaults.keys()
        if wrong:
            raise TypeError(f"{type(self).__name__} has no field {', '.join(sorted(wrong))}")
        known = vars(self)
        for name, default in self._defaults.items():
            value = values.get(name, default)
            if value is not UNKNOWN:
                known[name] = {} if value is default and isinstance(value, dict) else value

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: cannot set {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: cannot delete {name}")

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """Return the names of all fields, in their order."""
        return tuple(cls._defaults)

    def known(self, name: str) -> bool:
        """Return whether this field can be read. Raises ``KeyError`` where there is no such."""
        if name not in self._defaults:
            raise KeyError(name)
        return name in vars(self)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the field, or ``default`` where it is unknown; for renderers, never for rules."""
        return vars(self)[name] if self.known(name) else default

    def replace(self: RecordT, **changes: Any) -> RecordT:
        """Return a copy with other values.

        Raises:
            TypeError: a name that is not a field.
        """
        return type(self)(**{**vars(self), **changes})

    def to_dict(self) -> dict[str, Any]:
        """Return the known fields as plain JSON values."""
        return {name: _plain(value) for name, value in vars(self).items()}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self).__name__, repr(self)))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({inside})"


def _plain(value: Any) -> Any:
    """Return a field as JSON has it: records and mappings become dicts, tuples become lists."""
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


def check_keys(cls: type[Record], data: Any) -> dict[str, Any]:
    """Return ``data`` as a dict whose keys are all fields of ``cls``; ``ValueError`` otherwise.

    JSON has lists only, and facts tuples only: every list becomes a tuple.
    """
    if not isinstance(data, dict):
        raise ValueError(f"{cls.__name__}: expected an object, got {type(data).__name__}")
    unknown = sorted(set(data) - set(cls.field_names()))
    if unknown:
        raise ValueError(f"{cls.__name__}: no such field: {', '.join(unknown)}")
    return {name: tuple(v) if isinstance(v, list) else v for name, v in data.items()}
