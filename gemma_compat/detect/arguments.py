"""Training arguments by name, with their types checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from .. import _files
from ..errors import UnknownFact, UsageError
from ..values import Value
from ._json import describe, read_object

_WORDS = {"true": True, "false": False}


class Arguments(Value):
    """The fields of one set of training arguments.

    Attributes:
        values: by field name.
        name: what to call them in errors.
        live: whether they are a live object, which holds every field of its release. A value
            of an odd type is then unknown and not an error: it may come from a subclass.
        transformers: the installed version, or ``None``.
    """

    values: Mapping[str, Any]
    name: str
    live: bool
    transformers: str | None

    def get(self, name: str, default: Any = None) -> Any:
        """Return the field, ``default`` where it is missing or ``None``."""
        value = self.values.get(name)
        return default if value is None else value

    def switch(self, name: str, within: Mapping[str, Any] | None = None) -> bool | None:
        """Return a field that is on or off, as a bool or as the word; ``None`` where not stated."""
        value = (self.values if within is None else within).get(name)
        if isinstance(value, str):
            value = _WORDS.get(value.lower(), value)
        if value is not None and not isinstance(value, bool):
            self.reject(name, value, "true or false")
        return value

    def mapping(self, name: str) -> Mapping[str, Any] | None:
        """Return a field that is a mapping, its JSON text, or the path of a JSON file."""
        value = self.values.get(name)
        if isinstance(value, str) and value.strip():
            return self._parse(name, value)
        if value is None or value == "":
            return None
        if not isinstance(value, Mapping):
            self.reject(name, value, "an object")
        found: Mapping[str, Any] = value
        return found

    def _parse(self, name: str, text: str) -> Mapping[str, Any]:
        if not text.lstrip().startswith("{"):
            try:
                return read_object(text)
            except UsageError as error:  # a path on the machine that will train, perhaps
                raise UnknownFact("training", f"{name}: {error}") from error
        try:
            found = _files.parse_json(text)
        except ValueError:
            self.reject(name, text, "a JSON object")
        return dict(found)

    def reject(self, name: str, value: Any, needed: str) -> NoReturn:
        """Raise for a value that cannot be: ``UsageError``, ``UnknownFact`` if live."""
        text = f"{self.name}: {name} must be {needed}, not {describe(value)}"
        raise UnknownFact("training", text) if self.live else UsageError(text)
