"""What the last traceback says by itself: releases that fit it, and names that are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..facts import Facts, Package
from .explanation import ReadOff

if TYPE_CHECKING:
    from .read_log import LogReading

READ_OFF = "read off the traceback"


def read_off(reading: LogReading, facts: Facts) -> tuple[tuple[ReadOff, ...], Facts]:
    """Sentences on the last traceback, and the facts with the one release that fits it.

    A release becomes a fact only where the log states none and exactly one fits.
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
    said = tuple(ReadOff(item.kind, item.text, item.command) for item in answer.statements)
    return said, facts.replace(packages=packages, assumed=assumed)
