"""The search: resolvelib over releases and their pins; what rules refuse is left out, and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..rule import Rule
from .provider import Provider
from .question import ORDER, Question, Want
from .releases import Releases
from .verdicts import Part, Verdicts

_ROUNDS = 20_000


def everything(_: str) -> bool:
    """Every constraint holds."""
    return True


class Search:
    """One question's search; what it learns of rules it keeps.

    Attributes:
        question, releases, verdicts: as given.
    """

    def __init__(self, question: Question, releases: Releases, rules: tuple[Rule, ...]) -> None:
        self.question = question
        self.releases = releases
        self.verdicts = Verdicts(question.facts, releases, rules, question.allow_patched)
        self._clauses: list[tuple[str, Part]] = []
        self._always = tuple(finding.rule.code for finding in self.verdicts.always())

    def newest(self) -> dict[str, str] | None:
        """Name to version of the newest set, in the order of :data:`ORDER`; ``None`` for none.

        resolvelib may replace a pin that it made earlier, so its first answer need not be the
        newest. One package after the other is asked for something newer, those before it fixed.
        """
        chosen = self.solve()
        fixed: list[Want] = []
        for name in ORDER if chosen else ():
            while chosen and name in chosen:
                newer = self.solve(also=[*fixed, Want(name, f">{chosen[name]}", "", "")])
                if newer is None:
                    fixed.append(Want(name, f"=={chosen[name]}", "", ""))
                    break
                chosen = newer
        return chosen

    def solve(
        self, active: Callable[[str], bool] = everything, also: Sequence[Want] = ()
    ) -> dict[str, str] | None:
        """Any set, the newer the better; ``None`` for none.

        Args:
            active: whether the constraint of that key holds.
            also: what it must satisfy beside the question.
        """
        if any(active(f"rule {code}") for code in self._always):
            return None
        while True:
            chosen = self._resolve(active, also)
            if chosen is None:
                return None
            parts = self.verdicts.against(chosen)
            refused = {code: p for code, p in parts.items() if active(f"rule {code}")}
            if not refused:
                return chosen
            self._clauses += [item for item in refused.items() if item not in self._clauses]

    def constraints(self) -> list[str]:
        """Every constraint that took part, in the order in which a conflict leaves them out.

        What the user can change comes last, and so is kept where either would do.
        """
        codes = {code for code, _ in self._clauses} | set(self._always)
        codes |= {code for found in self.verdicts.seen().values() for code in found}
        wants = dict.fromkeys(want.key for want in self.question.wants)
        return [
            *(f"pins of {name}" for name in reversed(ORDER)),
            "python",
            *(f"rule {code}" for code in sorted(codes, key=lambda code: int(code[2:]))),
            *wants,
        ]

    def _resolve(
        self, active: Callable[[str], bool], also: Sequence[Want]
    ) -> dict[str, str] | None:
        import resolvelib

        provider = Provider(self.releases, self.verdicts, self.question, active, self._clauses)
        resolver: resolvelib.Resolver[object, object, str]
        resolver = resolvelib.Resolver(provider, resolvelib.BaseReporter())
        try:
            roots = [*provider.roots(self.question.wants), *also]
            result = resolver.resolve(roots, max_rounds=_ROUNDS)
        except resolvelib.ResolutionImpossible:
            return None
        found = {name: candidate.version for name, candidate in result.mapping.items()}
        return {name: found[name] for name in ORDER if name in found}
