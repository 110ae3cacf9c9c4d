"""A frozen record whose unknown fields cannot be read by accident.

``None`` often means something (no sliding window, no quantization), so "unknown" is a separate
value. Reading a field that holds it raises :class:`UnknownFact`, and only the engine catches
that, so a rule cannot mistake "not known" for "not so".
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..errors import UnknownFact
from ..values import Value


class _Unknown:
    """The type of :data:`UNKNOWN`; a singleton that survives copying and pickling."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise UnknownFact("a fact", "tested for truth while unknown")


UNKNOWN: Any = _Unknown()


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


class Record(Value):
    """Base of all facts: frozen, comparable, and round-trips through ``to_dict``."""

    topic: ClassVar[str] = ""

    def __init_subclass__(cls, *, eq: bool = True) -> None:
        super().__init_subclass__(eq=eq)
        for name, default in cls._defaults.items():
            if default is UNKNOWN:
                setattr(cls, name, _Unread(f"{cls.topic}.{name}".lstrip(".")))

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        known = vars(self)
        for name in [name for name, value in known.items() if value is UNKNOWN]:
            del known[name]

    def known(self, name: str) -> bool:
        """Return whether this field can be read. Raises ``KeyError`` where there is no such."""
        if name not in self._defaults:
            raise KeyError(name)
        return name in vars(self)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the field, or ``default`` where it is unknown; for renderers, never for rules."""
        return vars(self)[name] if self.known(name) else default

    def to_dict(self) -> dict[str, Any]:
        """Return the known fields as plain JSON values."""
        return {name: _plain(value) for name, value in vars(self).items()}

    def __hash__(self) -> int:
        return hash((type(self).__name__, repr(self)))


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
