"""Answer resolvelib's questions: candidates, newest first, and what each requires.

A rule that objects to releases of several packages becomes a clause: a made-up package, each of
whose candidates avoids one of these releases. So the resolver finds the way out by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..values import Value
from .question import ORDER, Question, Want
from .releases import Releases
from .verdicts import Part, Verdicts

_PYTHON = "python"


class Candidate(Value):
    """One release, or one way to satisfy a clause."""

    name: str
    version: str


class Provider:
    """One search.

    Args:
        active: whether the constraint of that key holds; a conflict is explained by leaving out.
        clauses: by the key of a constraint, the parts that it objects to.
        pairs: whether parts of two releases exclude each other like pins, which is fast, or are
            clauses like all others.
    """

    def __init__(
        self,
        releases: Releases,
        verdicts: Verdicts,
        question: Question,
        active: Callable[[str], bool],
        clauses: Sequence[tuple[str, Part]],
        pairs: bool = True,
    ) -> None:
        self._releases = releases
        self._verdicts = verdicts
        self._question = question
        self._python = question.python
        self._active = active
        held = [self._open(part) for key, part in clauses if active(key)]
        excluding = [part for part in held if pairs and len(part) == 2]
        self._excluded = _exclusions(excluding)
        self._clauses = {
            f"clause {n}": part for n, part in enumerate(held) if part not in excluding
        }

    def _open(self, part: Part) -> Part:
        """Return the part without the releases that the question fixes, which nothing can avoid.

        A part of two stays, since exclusions are fast as they are, and so does one of which nothing
        would be left: no set satisfies it.
        """
        if len(part) == 2:
            return part
        wants = [want for want in self._question.wants if self._active(want.key)]
        fixed = {want.name for want in wants if want.is_one_release}
        return tuple(item for item in part if item[0] not in fixed) or part

    def roots(self, wants: Iterable[Want]) -> list[Want]:
        """Return what the search starts from."""
        chosen = [want for want in wants if self._active(want.key)]
        return chosen + [Want(name, "", name, name) for name in self._clauses]

    def identify(self, requirement_or_candidate: Any) -> str:
        return str(requirement_or_candidate.name)

    def get_preference(self, identifier: str, *_: Any, **__: Any) -> tuple[int, str]:
        """Return a fixed order, which makes the answer the newest in that order; clauses
        come last.
        """
        known = identifier in ORDER
        return (ORDER.index(identifier) if known else len(ORDER), identifier)

    def narrow_requirement_selection(self, identifiers: Iterable[str], *_: Any, **__: Any) -> Any:
        return identifiers

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Want]],
        incompatibilities: Mapping[str, Iterator[Candidate]],
    ) -> Callable[[], Iterator[Candidate]]:
        wants = tuple(requirements[identifier])
        out = {candidate.version for candidate in incompatibilities[identifier]}

        def matches() -> Iterator[Candidate]:
            for candidate in self._candidates(identifier):
                if candidate.version not in out and self._satisfies(candidate, wants):
                    yield candidate

        return matches

    def is_satisfied_by(self, requirement: Want, candidate: Candidate) -> bool:
        return candidate.name in self._clauses or requirement.allows(candidate.version)

    def get_dependencies(self, candidate: Candidate) -> list[Want]:
        if candidate.name in self._clauses:
            name, version = self._clauses[candidate.name][int(candidate.version)]
            return [Want(name, f"!={version}", candidate.name, candidate.name)]
        excluded = self._excluded.get((candidate.name, candidate.version), ())
        return [*self.pins(candidate), *excluded]

    def pins(self, candidate: Candidate) -> list[Want]:
        """Return what the wheel of this candidate requires; nothing of a clause."""
        release = self._releases.get(candidate.name, candidate.version)
        if release is None or not self._active(f"pins of {candidate.name}"):
            return []
        found = release.pins(self._python, self._question.members)
        if self._active("pair"):
            found += self._question.paired(self._releases, release)
        return [
            Want(name, specifier, f"{release.name} {release.version} requires it", "")
            for name, specifier in found
        ]

    def _candidates(self, name: str) -> Iterator[Candidate]:
        if name in self._clauses:
            yield from (Candidate(name, str(i)) for i in range(len(self._clauses[name])))
            return
        for release in self._releases.of(name):
            here = not self._active(_PYTHON) or release.runs_on(self._python)
            if here and not release.yanked:
                yield Candidate(name, release.version)

    def _satisfies(self, candidate: Candidate, wants: Iterable[Want]) -> bool:
        if candidate.name in self._clauses:
            return True
        if not all(want.allows(candidate.version) for want in wants):
            return False
        objections = self._verdicts.alone(candidate.name, candidate.version)
        return not any(self._active(f"rule {code}") for code in objections)


def _exclusions(pairs: Iterable[Part]) -> dict[tuple[str, str], list[Want]]:
    """Return, by release, the versions of other packages that it excludes, as wants."""
    versions: dict[tuple[str, str], dict[str, list[str]]] = {}
    for one, other in pairs:
        for release, (name, version) in ((one, other), (other, one)):
            versions.setdefault(release, {}).setdefault(name, []).append(version)
    return {
        release: [
            Want(name, ",".join(f"!={version}" for version in out), "", "")
            for name, out in found.items()
        ]
        for release, found in versions.items()
    }
