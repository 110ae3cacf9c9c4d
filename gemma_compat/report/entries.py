"""The findings of a report as flat entries, for the formats that machines read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from ..engine.diagnosis import judge
from ..engine.gate import Gate
from ..engine.place import Place
from ..engine.rule import Diagnosis, Finding, Rule, Severity
from ..facts import ModelFacts, TrainingFacts
from .sharing import clean
from .wording import strength, types_of

TOOL = "gemma_compat"


@dataclass(frozen=True)
class Entry:
    """One finding.

    Attributes:
        name: the code of its rule, or the kind of a remark.
        title: its name: ``GC101 hybridcache-without-float``.
        severity: as of the rule, or as the policy changed it.
        message, help: with no path or token in them.
        places: where it is stated, the best one first; empty where nothing says.
        rule: its rule; ``None`` for a remark.
        model_types: as of a finding.
    """

    name: str
    title: str
    severity: Severity
    message: str
    help: str
    places: tuple[Place, ...]
    rule: Rule | None = None
    model_types: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the message and the help, each on a line."""
        return f"{self.message}\nhelp: {self.help}" if self.help else self.message


def entries(diagnosis: Diagnosis, gate: Gate) -> list[Entry]:
    """Return every finding and remark, worst first."""
    found = [*_findings(diagnosis, gate), *_remarks(gate)]
    return sorted(found, key=lambda item: item.severity.rank)


def _findings(diagnosis: Diagnosis, gate: Gate) -> Iterator[Entry]:
    for finding in diagnosis.findings:
        rule = finding.rule
        yield Entry(
            rule.code,
            f"{rule.code} {rule.name}",
            rule.severity,
            clean(finding.problem.message + types_of(finding) + strength(rule)),
            clean(finding.problem.help),
            tuple(dict.fromkeys(_places(finding, diagnosis, gate))),
            rule,
            finding.model_types,
        )


def _remarks(gate: Gate) -> Iterator[Entry]:
    for item in gate.remarks:
        place = () if item.place is None else (item.place,)
        message, help_text = clean(item.message), clean(item.help)
        yield Entry(item.name, item.name, item.severity, message, help_text, place)


def _places(finding: Finding, diagnosis: Diagnosis, gate: Gate) -> Iterator[Place]:
    """Yield the pins of the packages it is about; then the files of the run and the model."""
    rule = finding.rule
    named = [*rule.fix.fixed_in, *(name for scope in rule.scopes for name in scope.packages)]
    for name in dict.fromkeys(named):
        if name in gate.pins:
            yield gate.pins[name]
    for area, empty in (("training", TrainingFacts()), ("model", None)):
        if area in gate.files and _depends(rule, diagnosis, area, empty):
            yield gate.files[area]


def _depends(rule: Rule, diagnosis: Diagnosis, area: str, empty: TrainingFacts | None) -> bool:
    """Return whether the rule no longer fires if nothing is known of the area."""
    facts = diagnosis.facts
    if empty is None:
        model = ModelFacts(model_type=facts.model.get("model_type"))
        facts = facts.replace(model=model)
    else:
        facts = facts.replace(training=empty)
    return not isinstance(judge(rule, facts), Finding)


def relative(place: Place) -> str:
    """Return the file as a host shows it: below the working directory, else its name alone."""
    here = os.path.abspath(os.curdir) + os.sep
    whole = os.path.abspath(place.file)
    path = whole[len(here) :] if whole.startswith(here) else os.path.basename(whole)
    return path.replace(os.sep, "/")
