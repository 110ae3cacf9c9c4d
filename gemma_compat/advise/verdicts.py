"""Ask the rules about candidate sets. Pure; every answer is remembered.

A rule that fires is asked again with one package after the other made unknown. What remains is the
smallest part of the set that it objects to, and every other set with that part is excluded too.
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import versions
from ..engine.diagnosis import judge, judge_all
from ..engine.plan import make_plan
from ..engine.rule import Diagnosis, Finding, Rule, Severity
from ..engine.what_if import Assumptions, assume
from ..facts import UNKNOWN, Facts, Package, TorchBuild
from ..tables import families
from .releases import Releases

Versions = Mapping[str, str]
Part = tuple[tuple[str, str], ...]


class Verdicts:
    """The rules' answers for one model, machine and run.

    Args:
        facts: everything but the packages with release data.
        allow_patched: accept an error that a safe patch cures.
    """

    def __init__(
        self, facts: Facts, releases: Releases, rules: tuple[Rule, ...], allow_patched: bool
    ) -> None:
        self._releases = releases
        self._rules = rules
        self._errors = tuple(rule for rule in rules if _may_fail(rule, facts))
        self._allow_patched = allow_patched
        others = {n: p for n, p in facts.packages.items() if n not in releases.names}
        self._base = facts.replace(packages=others, imports={})
        self._installed = facts
        self._alone: dict[tuple[str, str], frozenset[str]] = {}
        self._whole: dict[Part, dict[str, Part]] = {}

    def always(self) -> tuple[Finding, ...]:
        """Return the errors that no choice of versions cures."""
        return self._found(self.facts({}, whole=False))

    def alone(self, name: str, version: str) -> frozenset[str]:
        """Return the codes of the rules that object to this release, whatever comes with it."""
        key = (name, version)
        if key not in self._alone:
            found = self._found(self.facts({name: version}, whole=False))
            self._alone[key] = frozenset(item.rule.code for item in found)
        return self._alone[key]

    def against(self, chosen: Versions) -> dict[str, Part]:
        """Return, by code, the smallest part of the set that the rule objects to."""
        key = tuple(sorted(chosen.items()))
        if key not in self._whole:
            found = self._found(self.facts(chosen))
            self._whole[key] = {f.rule.code: self._smallest(f.rule, chosen) for f in found}
        return self._whole[key]

    def facts(self, chosen: Versions, whole: bool = True) -> Facts:
        """Return the facts with these versions; other packages with data are absent, or else
        unknown.
        """
        absent = dict.fromkeys(self._releases.names) if whole else {}
        facts = assume(self._base, Assumptions(versions={**absent, **chosen}))
        reasons = {t: r for t, r in facts.reasons.items() if t != "torch"}
        training = facts.training
        if "transformers" not in chosen:  # whose release decides the default
            training = training.replace(use_cache=UNKNOWN)
        return facts.replace(
            training=training,
            torch=self._torch(chosen.get("torch")),
            reasons={**reasons, "torch": "it is not installed yet"},
            assumed={t: how for t, how in facts.assumed.items() if not t.startswith("packages.")},
        )

    def diagnosis(self, chosen: Versions) -> Diagnosis:
        """Return every rule's answer, notices included."""
        return judge_all(self.facts(chosen), self._rules)

    def seen(self) -> dict[tuple[str, str], frozenset[str]]:
        """Return, by release, the codes of the rules that were found to object to it alone."""
        return dict(self._alone)

    def refused_by(self, code: str) -> str:
        """Return a text of the releases that only this rule refused."""
        found: dict[str, list[str]] = {}
        for (name, version), codes in self._alone.items():
            if code in codes:
                found.setdefault(name, []).append(version)
        texts = []
        for name, refused in found.items():
            ordered = sorted(refused, key=versions.parse)
            first, last = ordered[0], ordered[-1]
            texts.append(f"{name} {first}" + (f" to {last}" if last != first else ""))
        return ", ".join(texts) or "combinations of releases"

    def rule(self, code: str) -> Rule:
        return next(rule for rule in self._rules if rule.code == code)

    def _torch(self, version: str | None) -> TorchBuild:
        """Return the build that is installed if it has this version, else the index's build."""
        here = self._installed.torch
        if version is None:
            return TorchBuild()
        if here.known("cuda") and self._is_installed(version):
            return here
        release = self._releases.get("torch", version)
        if release is None or release.cuda is None:
            return TorchBuild(version=version)
        return TorchBuild(version=version, cuda=release.cuda, hip=None)

    def _is_installed(self, version: str) -> bool:
        package: Package | None = self._installed.packages.get("torch")
        return package is not None and package.get("version", "").partition("+")[0] == version

    def _found(self, facts: Facts) -> tuple[Finding, ...]:
        answers = [judge(rule, facts) for rule in self._errors]
        found = tuple(item for item in answers if isinstance(item, Finding))
        if not (found and self._allow_patched):
            return found
        plan = make_plan(Diagnosis(facts, found, ()))
        cured = {planned.rule.code for planned in plan.patches}
        return tuple(item for item in found if item.rule.code not in cured)

    def _smallest(self, rule: Rule, chosen: Versions) -> Part:
        part = dict(chosen)
        for name in sorted(chosen):
            rest = {n: v for n, v in part.items() if n != name}
            if isinstance(judge(rule, self.facts(rest, whole=False)), Finding):
                part = rest
        return tuple(sorted(part.items()))


def _may_fail(rule: Rule, facts: Facts) -> bool:
    """Return whether the rule is an error that can be judged and can concern this model."""
    if rule.undetectable or rule.severity is not Severity.ERROR:
        return False
    model_type = facts.model.model_type
    newer = not families.is_known(model_type)
    return model_type in rule.model_types or (newer and any(s.by_config for s in rule.scopes))
