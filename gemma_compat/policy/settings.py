"""The keys of a policy file, each checked: a key or value that is not one is an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from ..engine.place import Place
from ..engine.rule import Severity
from ..errors import UsageError
from ..values import Value

FAIL_ON = ("error", "warning", "never")
_SEVERITIES = tuple(item.value for item in Severity)
_LONGEST = 500  # characters of a reason


class Ignore(Value):
    """A rule that is accepted.

    Attributes:
        rule: its code or name, as written.
        reason: why, for whoever reads the report.
        expires: the last day on which it counts; ``None`` for always.
        place: where it is written.
    """

    rule: str
    reason: str
    expires: date | None
    place: Place

    def is_over(self, today: date) -> bool:
        """Return whether its last day has passed."""
        return self.expires is not None and today > self.expires


class Policy(Value):
    """What a policy file states.

    Attributes:
        path: the file.
        ignore: the rules that are accepted.
        severity: code or name of a rule to the severity that it gets here.
        fail_on: ``error``, ``warning`` or ``never``; ``None`` where not stated.
        fail_on_undetermined: as the option of that name.
        select: only these rules; empty for all.
        target: what to judge, by the name of the option: ``model``, ``args``, ``requirements`` ...
    """

    path: str
    ignore: tuple[Ignore, ...] = ()
    severity: Mapping[str, Severity] = {}
    fail_on: str | None = None
    fail_on_undetermined: bool = False
    select: tuple[str, ...] = ()
    target: Mapping[str, Any] = {}


def policy_of(path: str, table: Mapping[str, Any], text: str = "") -> Policy:
    """Return the policy that ``table`` states; ``text`` is the file, to find lines in it.

    Raises:
        UsageError: a key that there is not, with the nearest one, or a value of another kind.
    """
    _check_keys(path, "", table, _KEYS)
    values = {key: _KEYS[key](f"{path}: {key}", value) for key, value in table.items()}
    ignore = _ignores(path, values.pop("ignore", ()), text)
    return Policy(
        path=path,
        ignore=ignore,
        severity=values.pop("severity", {}),
        fail_on=values.pop("fail-on", None),
        fail_on_undetermined=values.pop("fail-on-undetermined", False),
        select=values.pop("select", ()),
        target=values,
    )


def _check_keys(path: str, inside: str, table: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    import difflib

    for key in table:
        if key in known:
            continue
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        hint = f"nearest: {near[0]}" if near else f"known: {', '.join(known)}"
        raise UsageError(f"{path}: no key is called {inside + key!r}; {hint}")


def _ignores(path: str, entries: tuple[Any, ...], text: str) -> tuple[Ignore, ...]:
    found: list[Ignore] = []
    for number, entry in enumerate(entries):
        where = f"ignore[{number}]"
        if not isinstance(entry, dict):
            example = '{rule = "GC607", reason = "...", expires = 2027-01-31}'
            raise UsageError(f"{path}: {where}: expected a table, as in {example}")
        _check_keys(path, f"{where}.", entry, _IGNORE)
        for name in ("rule", "reason"):
            if name not in entry:
                raise UsageError(f"{path}: {where}: {name} is missing")
        fields = {k: _IGNORE[k](f"{path}: {where}.{k}", v) for k, v in entry.items()}
        if any(item.rule == fields["rule"] for item in found):
            raise UsageError(f"{path}: {where}: {fields['rule']} is ignored already")
        place = Place(path, _line_of(text, fields["rule"]))
        found.append(Ignore(fields["rule"], fields["reason"], fields.get("expires"), place))
    return tuple(found)


def _line_of(text: str, rule: str) -> int | None:
    """Return the line on which a rule is ignored; a parsed table does not know it."""
    found = re.search(rf"\brule[\"']?\s*=\s*[\"']{re.escape(rule)}[\"']", text)
    return text.count("\n", 0, found.start()) + 1 if found else None


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST:
        raise UsageError(f"{where}: expected a text of 1 to {_LONGEST} characters")
    return value


def _one_of(*allowed: str) -> Callable[[str, Any], str]:
    def check(where: str, value: Any) -> str:
        if value not in allowed or not isinstance(value, str):
            raise UsageError(f"{where}: expected {', '.join(allowed)}, not {value!r}")
        return value

    return check


def _boolean(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{where}: expected true or false, not {value!r}")
    return value


def _texts(where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise UsageError(f"{where}: expected a list of texts")
    return tuple(value)


def _list(where: str, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise UsageError(f"{where}: expected a list of tables")
    return tuple(value)


def _severities(where: str, value: Any) -> dict[str, Severity]:
    if not isinstance(value, dict):
        raise UsageError(f"{where}: expected a table, as in GC607 = 'warning'")
    return {
        rule: Severity(_one_of(*_SEVERITIES)(f"{where}.{rule}", item))
        for rule, item in value.items()
    }


def _date(where: str, value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: expected a date, as in 2027-01-31, not {value!r}") from error


def _arguments(where: str, value: Any) -> Any:
    """Return the path of a file of training arguments, or a table of them."""
    return dict(value) if isinstance(value, dict) else _text(where, value)


_IGNORE: dict[str, Callable[[str, Any], Any]] = {"rule": _text, "reason": _text, "expires": _date}
_KEYS: dict[str, Callable[[str, Any], Any]] = {
    "ignore": _list,
    "severity": _severities,
    "fail-on": _one_of(*FAIL_ON),
    "fail-on-undetermined": _boolean,
    "select": _texts,
    "model": _text,
    "args": _arguments,
    "adapter": _text,
    "tokenizer": _text,
    "requirements": _text,
    "gpu": _text,
    "with": _texts,
    "without": _texts,
}
KEYS = tuple(_KEYS)
