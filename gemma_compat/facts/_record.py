"""A frozen record whose unknown fields cannot be read by accident.

``None`` often means something (no sliding window, no quantization), so "unknown" is a separate
value. Reading a field that holds it raises :class:`UnknownFact`, and only the engine catches
that, so a rule cannot mistake "not known" for "not so".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from ..errors import UnknownFact


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


@dataclass(frozen=True, eq=False, repr=False)
class Record:
    """Base of all facts: frozen, comparable, and round-trips through ``to_dict``."""

    topic: ClassVar[str] = ""

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if value is UNKNOWN:
            raise UnknownFact(f"{type(self).topic}.{name}".lstrip("."))
        return value

    def known(self, name: str) -> bool:
        """Return whether this field can be read."""
        return vars(self)[name] is not UNKNOWN

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
        return {name: _plain(value) for name, value in vars(self).items() if value is not UNKNOWN}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self).__name__, repr(self)))

    def __repr__(self) -> str:
        inside = ", ".join(f"{k}={v!r}" for k, v in vars(self).items() if v is not UNKNOWN)
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
    known = set(cls.__dataclass_fields__) - {"topic"}  # a ClassVar is listed there too
    unknown = sorted(set(data) - known)
    if unknown:
        raise ValueError(f"{cls.__name__}: no such field: {', '.join(unknown)}")
    return {name: tuple(v) if isinstance(v, list) else v for name, v in data.items()}
