"""A policy put over rules and over a diagnosis. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..engine.gate import Ignored, Remark
from ..engine.rule import Diagnosis, Finding, Rule, Severity, Undetermined
from ..values import Value
from .settings import Ignore

if TYPE_CHECKING:
    from datetime import date


class Outcome(Value):
    """What a policy makes of a diagnosis.

    Attributes:
        diagnosis: without what is ignored.
        ignored: what was left out, with the reason.
        remarks: a warning for each ignore that has expired.
    """

    diagnosis: Diagnosis
    ignored: tuple[Ignored, ...] = ()
    remarks: tuple[Remark, ...] = ()


def with_severities(rules: Iterable[Rule], severity: Mapping[str, Severity]) -> tuple[Rule, ...]:
    """Return the rules, those named by code in ``severity`` with that one."""
    return tuple(
        rule.replace(severity=severity[rule.code]) if rule.code in severity else rule
        for rule in rules
    )


def apply_policy(diagnosis: Diagnosis, ignore: Mapping[str, Ignore], today: date) -> Outcome:
    """Return the diagnosis without the answers of ignored rules.

    An ignore that has expired leaves nothing out, and is a warning of its file.

    Args:
        ignore: by the code of the rule.
        today: the day on which it is judged.
    """
    valid = {code: item for code, item in ignore.items() if not item.is_over(today)}
    ignored: list[Ignored] = []

    def kept(answers: Iterable[Finding | Undetermined]) -> list[Finding | Undetermined]:
        left = []
        for answer in answers:
            item = valid.get(answer.rule.code)
            if item is None:
                left.append(answer)
            else:
                expires = item.expires.isoformat() if item.expires else ""
                ignored.append(Ignored(answer, item.reason, expires))
        return left

    findings, undetermined = kept(diagnosis.findings), kept(diagnosis.undetermined)
    return Outcome(
        diagnosis.replace(
            findings=tuple(item for item in findings if isinstance(item, Finding)),
            undetermined=tuple(item for item in undetermined if isinstance(item, Undetermined)),
        ),
        tuple(ignored),
        tuple(_expired(code, item) for code, item in ignore.items() if code not in valid),
    )


def _expired(code: str, item: Ignore) -> Remark:
    assert item.expires is not None
    return Remark(
        "ignore-expired",
        Severity.WARNING,
        f"the ignore of {code} ended on {item.expires.isoformat()} ({item.reason})",
        f"remove it from {item.place.file}, or give it a later date and a reason",
        item.place,
    )
