"""Say why each release was chosen, what it moves, and how well it is known."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from .. import versions
from ..engine import evidence
from ..engine.rule import Severity
from .answer import DOWN, NEW, STAYS, UP, Advice, Choice
from .proven import proven_text
from .releases import Release
from .search import Search


def explain(search: Search, chosen: dict[str, str]) -> Advice:
    """Return the answer for a set that was found."""
    diagnosis = search.verdicts.diagnosis(chosen)
    errors = [f.rule for f in diagnosis.findings if f.rule.severity is Severity.ERROR]
    return Advice(
        question=search.question,
        choices=tuple(_choice(search, name, chosen) for name in chosen),
        diagnosis=diagnosis,
        patched=tuple(errors),
        proven=proven_text(search.question.facts.model.model_type, chosen),
        asked=search.releases.asked,
    )


def _choice(search: Search, name: str, chosen: dict[str, str]) -> Choice:
    version = chosen[name]
    release = search.releases.get(name, version)
    installed = search.question.installed.get(name)
    return Choice(
        name=name,
        version=version,
        date=release.date if release else "",
        installed=installed,
        move=_move(installed, version),
        why=_why(search, name, chosen),
        evidence=_evidence(search, name, version),
    )


def _move(installed: str | None, version: str) -> str:
    if installed is None or not versions.is_valid(installed):
        return NEW
    here, there = versions.parse(versions.parse(installed).public), versions.parse(version)
    return STAYS if here == there else UP if there > here else DOWN


def _why(search: Search, name: str, chosen: dict[str, str]) -> str:
    """Return "the newest", or what rules out the newest release and the next newer one."""
    newer = [r for r in search.releases.of(name) if _is_newer(r, chosen[name]) and not r.yanked]
    if not newer:
        return "the newest"
    newest, next_newer = newer[0], newer[-1]
    reason, other = (_objection(search, item, chosen) for item in (newest, next_newer))
    if reason == other:
        span = (
            newest.version if newest is next_newer else f"{next_newer.version} to {newest.version}"
        )
        return f"Not {span}: {reason}"
    return f"Not {newest.version}: {reason}. Not {next_newer.version}: {other}"


def _is_newer(release: Release, version: str) -> bool:
    return versions.parse(release.version) > versions.parse(version)


def _objection(search: Search, release: Release, chosen: dict[str, str]) -> str:
    """Return what rules out this release in place of the chosen one; the first known reason.

    Packages later in the order were chosen after this one, so their pins count only without any
    other reason.
    """
    earlier = dict(itertools.takewhile(lambda item: item[0] != release.name, chosen.items()))
    for reasons in (
        _of_the_user(search, release),
        _of_the_pair(search, release, earlier),
        _of_pins(search, release, earlier),
        _of_rules(search, release, chosen),
        _of_pins(search, release, chosen),
    ):
        if found := list(reasons):
            return "; ".join(found)
    return "no set with it fits as a whole"


def _of_the_user(search: Search, release: Release) -> Iterator[str]:
    if not release.runs_on(search.question.python):
        yield f"it is not for Python {search.question.python}"
    for want in search.question.wants:
        if want.name == release.name and not want.allows(release.version):
            yield want.text


def _of_the_pair(search: Search, release: Release, beside: dict[str, str]) -> Iterator[str]:
    """Yield which package of the set was published with an older release of this one."""
    for other, version in beside.items():
        holder = search.releases.get(other, version)
        for name, specifier in search.question.paired(search.releases, holder) if holder else ():
            if name == release.name and _violated(specifier, release.version):
                newest = specifier.removeprefix("<=")
                yield f"{other} {version} was published with {name} {newest}"


def _of_pins(search: Search, release: Release, beside: dict[str, str]) -> Iterator[str]:
    """Yield pins on this package (merged), then its own pins."""
    python = search.question.python
    holders: dict[str, list[str]] = {}
    for other, version in beside.items():
        holder = search.releases.get(other, version)
        for name, specifier in (
            holder.pins(python, beside) if holder and other != release.name else ()
        ):
            if name == release.name and (broken := _violated(specifier, release.version)):
                holders.setdefault(broken, []).append(f"{other} {version}")
    for broken, names in holders.items():
        yield f"{' and '.join(names)} require{'s' if len(names) == 1 else ''} {broken}"
    for name, specifier in release.pins(python, beside):
        if name in beside and (broken := _violated(specifier, beside[name])):
            yield f"it requires {name}{broken}, and the set has {beside[name]}"


def _of_rules(search: Search, release: Release, chosen: dict[str, str]) -> Iterator[str]:
    for code, part in search.verdicts.against({**chosen, release.name: release.version}).items():
        rule = search.verdicts.rule(code)
        beside = " and ".join(f"{n} {v}" for n, v in part if n != release.name)
        yield f"{code} {rule.name} ({rule.evidence.value})" + (f" with {beside}" if beside else "")


def _violated(specifier: str, version: str) -> str:
    """Return the parts of a specifier that this version does not satisfy."""
    parts = sorted(str(part) for part in versions.specifier(specifier)) if specifier else []
    return ",".join(part for part in parts if not versions.contains(part, version))


def _evidence(search: Search, name: str, version: str) -> str:
    """Return whether rules were run on this very release, or up to which release they were."""
    observed = evidence.observed_versions(name)
    if not observed:
        return ""
    if version in observed:
        return "rules were run on it"
    newest = observed[-1]
    if versions.parse(version) > versions.parse(newest):
        return f"not verified past {newest}"
    return "between releases that rules were run on"
