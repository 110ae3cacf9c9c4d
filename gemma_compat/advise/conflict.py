"""Find why nothing works: a minimal set of constraints that conflict, by deletion.

Leave out one constraint after the other. If the rest still conflicts, it stays out. What remains
cannot all hold, but could without any one of them. The resolver's own causes are not minimal. If
the search gives up without an answer, the constraint is kept.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import SearchTooDeep
from .answer import Conflict
from .question import Want
from .search import Search


def minimal_conflict(search: Search) -> Conflict:
    """Return the conflict, with one text for each constraint."""
    kept = search.constraints()
    for key in tuple(kept):
        rest = [item for item in kept if item != key]
        if _conflict(search, rest):
            kept = rest
    return Conflict(search.question, search.releases.asked, tuple(_words(search, kept)))


def _conflict(search: Search, keys: Iterable[str]) -> bool:
    try:
        return search.solve(set(keys).__contains__) is None
    except SearchTooDeep:
        return False


def _words(search: Search, keys: list[str]) -> list[str]:
    found = []
    for key in reversed(keys):
        kind, _, name = key.partition(" ")
        if kind == "rule":
            found.append(_of_rule(search, name))
        elif key.startswith("pins of "):
            found.append(_of_pins(search, key.removeprefix("pins of "), keys))
        elif kind == "pair":
            found.append("unsloth goes with the unsloth-zoo that was published with it")
        elif kind == "python":
            found.append(f"Python {search.question.python}")
        else:
            found += [w.text for w in search.question.wants if w.key == key and _counts(w, keys)]
    return found


def _counts(want: Want, keys: list[str]) -> bool:
    """Return whether a want is worth naming: needing any release of a package says nothing."""
    return bool(want.specifier) or want.key != "run" or len(keys) < 2


def _of_rule(search: Search, code: str) -> str:
    rule = search.verdicts.rule(code)
    for finding in search.verdicts.always():
        if finding.rule.code == code:
            return f"{code}, whatever the versions: {finding.problem.message}"
    refused = search.verdicts.refused_by(code)
    return f"{code} {rule.name}, which refuses {refused}"


def _of_pins(search: Search, name: str, keys: list[str]) -> str:
    """Return the pins of its newest allowed release on the packages in conflict."""
    about = {want.name for want in search.question.wants if want.key in keys and want.specifier}
    about |= {key.removeprefix("pins of ") for key in keys if key.startswith("pins of ")}
    release = next(
        (r for r in search.releases.of(name) if _is_allowed(search, name, r.version, keys)),
        search.releases.of(name)[0],
    )
    pins = [
        f"{n}{s}"
        for n, s in release.pins(search.question.python, search.question.members)
        if n in about and s
    ]
    return f"what {name} itself requires ({release.version}: {', '.join(pins) or 'see its pins'})"


def _is_allowed(search: Search, name: str, version: str, keys: list[str]) -> bool:
    wants = [w for w in search.question.wants if w.key in keys and w.name == name]
    return all(want.allows(version) for want in wants)
