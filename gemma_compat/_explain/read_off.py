"""Read off the last traceback which releases fit it, and which names are missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..engine.rule import Rule
from ..facts import Facts, Package
from .explanation import ReadOff

if TYPE_CHECKING:
    from .read_log import LogReading

READ_OFF = "read off the traceback"


def read_off(
    reading: LogReading, facts: Facts, rules: Sequence[Rule] = ()
) -> tuple[tuple[ReadOff, ...], Facts]:
    """Return sentences on the last traceback, and the facts with the one release that fits it.

    A release becomes a fact only if the log states none and exactly one fits. An error that only
    one rule's failure raises becomes a hit of that rule, whatever the release's wording.
    """
    last = reading.last
    if last is None or "-packages" not in last.around:
        return (), facts
    from ..atlas import read_off as look_up
    from ..atlas import read_tracebacks

    stated = {
        name: str(package.version)
        for name, package in facts.packages.items()
        if package is not None and package.known("version")
    }
    answer = look_up(read_tracebacks(last.around.splitlines()), stated=stated)
    packages = dict(facts.packages)
    assumed = dict(facts.assumed)
    for fit in answer.fits:
        if fit.exact and fit.single and fit.package not in packages:
            packages[fit.package] = Package(name=fit.package, version=fit.single)
            assumed[f"packages.{fit.package}"] = READ_OFF
        if fit.exact and fit.package not in packages:
            reading.fits[fit.package] = tuple(fit.releases)
    keys = {origin.key for origin in answer.origins}
    for rule in rules:
        if not keys.isdisjoint(rule.raised_at):
            reading.symptoms.setdefault(rule.code, [last.hit])
    said = tuple(ReadOff(item.kind, item.text, item.command) for item in answer.statements)
    if answer.note:
        said = (ReadOff("note", answer.note, ""),)
    return said, facts.replace(packages=packages, assumed=assumed)
