"""One row of a table of releases that only an upgrade cures, and the rule that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from ...conditions.unsloth import uses_unsloth
from ...engine.condition import Condition, RunKind
from ...engine.rule import Applicability, Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts

_SINCE = "0.1.0"


@dataclass(frozen=True, eq=False)
class Row:
    """A failure that holds for pairs of releases, and that nothing here can patch.

    Attributes:
        code, name, title: as of a rule; the title is one line.
        model_types, packages, when: as of a :class:`~gemma_compat.engine.rule.Scope`. At least one
            of the packages is ``unsloth`` or ``unsloth-zoo``.
        breaks: what happens, in one line that follows the releases: ``the gradients are NaN``.
        why: the cause, a sentence or two.
        symptoms: regular expressions of the error text; empty for a silent failure.
        covers, upstream, runs, severity, evidence: as of a rule.
        cure: what to type; the newest releases of the bounds where it is left empty.
        undetectable: as of a rule.
    """

    code: str
    name: str
    title: str
    model_types: frozenset[str]
    packages: Mapping[str, str]
    breaks: str
    why: str
    covers: tuple[str, ...]
    when: tuple[Condition, ...] = ()
    symptoms: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    runs: tuple[RunKind, ...] = ()
    severity: Severity = Severity.ERROR
    evidence: Evidence = Evidence.SOURCE
    cure: str = ""
    undetectable: str = ""

    @property
    def rule(self) -> Rule:
        """The rule that this row stands for, page included."""
        return Rule(
            code=self.code,
            name=self.name,
            severity=self.severity,
            applicability=Applicability.DISPLAY_ONLY,
            scopes=(Scope(self.model_types, self.packages),),
            when=() if self.undetectable else (uses_unsloth, *self.when),
            describe=partial(_describe, self),
            runs=self.runs,
            covers=self.covers,
            undetectable=self.undetectable,
            symptoms=self.symptoms,
            silent=not self.symptoms,
            upstream=self.upstream,
            evidence=self.evidence,
            since=_SINCE,
            docs=_page(self),
        )


def _describe(row: Row, facts: Facts) -> Problem:
    """The installed releases and the consequence."""
    names = [name for name in row.packages if facts.version(name)]
    pair = ", ".join(f"{name} {facts.version(name)}" for name in names)
    return Problem(message=f"with {pair}, {row.breaks}", help=_help(row))


def _help(row: Row) -> str:
    """``pip install -U 'unsloth>=2026.7.1' 'unsloth_zoo>=2026.7.1'``: the upper bounds, upwards."""
    if row.cure:
        return row.cure
    ours = [name for name in ("unsloth", "unsloth-zoo") if name in row.packages]
    wanted = [f"'{name.replace('-', '_')}>={_first_right(row.packages[name])}'" for name in ours]
    if ours == ["unsloth-zoo"]:
        wanted = ["unsloth", *wanted]  # the two belong together
    return f"pip install -U {' '.join(wanted)}"


def _first_right(specifier: str) -> str:
    """The upper bound. Not by ``versions``: packaging would be loaded with the rules."""
    return specifier.rpartition("<")[2]


def _page(row: Row) -> str:
    """The rule's page: the row in sentences."""
    how = "Nothing is raised and nothing is logged."
    if row.symptoms:
        how = "The error's text is above."
    known = {
        Evidence.SOURCE: "Read in the source of the releases; not run here.",
        Evidence.REPORTED: "Reported by others; not run here.",
    }[row.evidence]
    return (
        f"{row.title}.\n\n## What breaks\n{row.breaks[0].upper()}{row.breaks[1:]}. {how}\n\n"
        f"## Why\n{row.why} {known}\n\n"
        f"## Cure\nOnly other releases, or another setting, cure it; `patch` does nothing here. "
        f"To type: `{_help(row)}`.\n"
    )
