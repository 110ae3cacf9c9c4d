"""Search with resolvelib over releases and their pins; exclude what rules refuse, and repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..engine.rule import Rule
from ..errors import SearchTooDeep
from .provider import Provider
from .question import ORDER, Question, Want
from .releases import Releases
from .verdicts import Part, Verdicts

# A set, and the pins that it breaks.
_Found = tuple[dict[str, str], list[tuple[str, Part]]]
_ROUNDS = 20_000


def everything(_: str) -> bool:
    """Return ``True``: every constraint holds."""
    return True


class Search:
    """The search for one question, which remembers what rules objected to.

    Attributes:
        question, releases, verdicts: as given.
    """

    def __init__(
        self,
        question: Question,
        releases: Releases,
        rules: tuple[Rule, ...],
    ) -> None:
        self.question = question
        self.releases = releases
        self.verdicts = Verdicts(question.facts, releases, rules, question.allow_patched)
        self._clauses: list[tuple[str, Part]] = []
        self._always = tuple(finding.rule.code for finding in self.verdicts.always())

    def newest(self) -> dict[str, str] | None:
        """Return name to version of the newest set, in the order of :data:`ORDER`; ``None`` for
        none.

        resolvelib may replace a pin that it made earlier, so its first answer need not be the
        newest. Ask for something newer of one package after the other, with those before it fixed.

        Raises:
            SearchTooDeep: not even a first answer was found.
        """
        chosen = self.solve()
        fixed: list[Want] = []
        for name in ORDER if chosen else ():
            while chosen and name in chosen:
                newer = self._newer([*fixed, Want(name, f">{chosen[name]}", "", "")])
                if newer is None:
                    fixed.append(Want(name, f"=={chosen[name]}", "", ""))
                    break
                chosen = newer
        return chosen

    def _newer(self, also: Sequence[Want]) -> dict[str, str] | None:
        """Return a newer set; if the search gives up, ``None``, and the set found before stays."""
        try:
            return self.solve(also=also)
        except SearchTooDeep:
            return None

    def solve(
        self, active: Callable[[str], bool] = everything, also: Sequence[Want] = ()
    ) -> dict[str, str] | None:
        """Return a set, preferring newer releases; ``None`` if there is none.

        Args:
            active: returns whether the constraint of that key holds.
            also: what it must satisfy in addition to the question.

        Raises:
            SearchTooDeep: 20,000 rounds gave no answer.
        """
        if any(active(f"rule {code}") for code in self._always):
            return None
        while True:
            found = self._found(active, also)
            if found is None:
                return None
            chosen, broken = found
            parts = {f"rule {code}": part for code, part in self.verdicts.against(chosen).items()}
            refused = broken or [item for item in parts.items() if active(item[0])]
            if not refused:
                return chosen
            self._clauses += [item for item in refused if item not in self._clauses]

    def constraints(self) -> list[str]:
        """Return every constraint that took part, in the order in which a conflict drops them.

        What the user can change comes last, and so is kept if dropping either one would do.
        """
        codes = {key.removeprefix("rule ") for key, _ in self._clauses if key.startswith("rule ")}
        codes |= set(self._always)
        codes |= {code for found in self.verdicts.seen().values() for code in found}
        wants = dict.fromkeys(want.key for want in self.question.wants)
        return [
            "pair",
            *(f"pins of {name}" for name in reversed(ORDER)),
            "python",
            *(f"rule {code}" for code in sorted(codes, key=lambda code: int(code[2:]))),
            *wants,
        ]

    def _found(self, active: Callable[[str], bool], also: Sequence[Want]) -> _Found | None:
        """Search in the fast form, and in the slow one where the fast one goes round for ever."""
        try:
            return self._resolve(active, also, pairs=True)
        except SearchTooDeep:
            if all(len(part) != 2 for _, part in self._clauses):
                raise
        return self._resolve(active, also, pairs=False)

    def _resolve(
        self,
        active: Callable[[str], bool],
        also: Sequence[Want],
        pairs: bool,
    ) -> _Found | None:
        """Return a set, and the pins that it breaks: resolvelib may forget one on its way."""
        from resolvelib import BaseReporter, ResolutionImpossible
        from resolvelib.resolvers import Resolution, ResolutionTooDeep

        reporter: BaseReporter[Any, Any, str] = BaseReporter()
        clauses, question = self._clauses, self.question
        provider = Provider(self.releases, self.verdicts, question, active, clauses, pairs)
        roots = [*provider.roots(question.wants), *also]
        # Do not use Resolver: its walk back to the roots never ends if packages that are no longer
        # wanted require each other (resolvelib 1.2.1).
        resolution: Resolution[Any, Any, str] = Resolution(provider, reporter)
        try:
            pinned = resolution.resolve(roots, max_rounds=_ROUNDS).mapping
        except ResolutionImpossible:
            return None
        except ResolutionTooDeep as error:
            raise SearchTooDeep(
                f"no answer in {_ROUNDS:,} rounds; ask for fewer packages, or state a version"
            ) from error
        wanted = _reachable(provider, [provider.identify(root) for root in roots], pinned)
        chosen = {name: pinned[name].version for name in ORDER if name in wanted}
        return chosen, [*_broken(provider, pinned, wanted)]


def _broken(
    provider: Provider, pinned: Mapping[str, Any], wanted: Iterable[str]
) -> Iterator[tuple[str, Part]]:
    """Yield each requirement that the pinned set breaks, as a part that must not occur again."""
    for name in wanted:
        for need in provider.get_dependencies(pinned[name]):
            other = pinned.get(need.name)
            if other is not None and not provider.is_satisfied_by(need, other):
                pair = ((name, pinned[name].version), (need.name, other.version))
                yield f"pins of {name}", tuple(dict.fromkeys(pair))


def _reachable(provider: Provider, roots: Iterable[str], pinned: Mapping[str, Any]) -> set[str]:
    """Return what the roots require, directly or not; resolvelib also keeps abandoned pins.

    resolvelib also keeps what it pinned on the way and what only an exclusion names.
    """
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in pinned and name not in found:
            found.add(name)
            needs = provider.pins(pinned[name])
            waiting += [provider.identify(need) for need in needs]
    return found
