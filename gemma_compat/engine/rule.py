"""What a rule is, and the three answers it can give.

A rule is data: where it applies (:class:`Scope`), under which :class:`Condition` it fires, what
it then says, and optionally how to cure it. The engine in ``diagnosis.py`` does the judging, so
that "unknown" is treated alike in all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from ..shown import Shown
from .condition import Condition, RunKind

if TYPE_CHECKING:
    from ..facts import Facts
    from ..patching.ledger import Ledger


class Severity(Enum):
    """How bad it is if the rule fires: ``ERROR`` breaks the run or trains the wrong network."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"

    @property
    def rank(self) -> int:
        """0 for the worst; for sorting and for thresholds."""
        return list(Severity).index(self)


class Applicability(Enum):
    """Who may apply the cure: the library by itself, the library when asked, or only the user."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY_ONLY = "display-only"


class Evidence(Enum):
    """How a rule is known: run here, read in the source, or reported by others."""

    RAN = "ran"
    SOURCE = "source"
    REPORTED = "reported"


@dataclass(frozen=True, eq=False)
class Scope:
    """Where a rule applies. One rule may have several, where releases broke it differently.

    Attributes:
        model_types: top-level ``model_type`` values.
        packages: distribution name to specifier; all must hold.
        when: conditions beyond the rule's own that hold for this scope only.
        by_config: whether the conditions read enough of the config to judge a Gemma
            ``model_type`` that this release does not know yet.
    """

    model_types: frozenset[str]
    packages: Mapping[str, str]
    when: tuple[Condition, ...] = ()
    by_config: bool = False


@dataclass(frozen=True)
class Problem:
    """What a rule says when it fires: the values and the consequence, and what to type."""

    message: str
    help: str


@dataclass(frozen=True, eq=False)
class Rule:
    """One known failure.

    Attributes:
        code: ``GC101``; never reused. The digits before the last two are the subsystem's.
        name: the defect, never the remedy; equals the file's stem with dashes.
        severity, applicability, evidence: see the enums.
        scopes: where it applies; the matrix is derived from these.
        when: what must hold beside; all of them.
        describe: the message for facts under which it fires.
        patch: the cure: ``patch(model, ledger)`` writes through the ledger only. It must look at
            the object in hand and raise ``PatchTargetMissing`` or ``PatchRefused`` by name.
        at_import: modules that the cure is for, dotted. Such a cure is given each of them right
            after its import, in the place of a model, by ``install`` and never by ``patch``.
        refused_if: facts under which the cure must not be applied; the phrase is the reason.
        leaves: functions that the cure leaves on a model, where no other fact shows that it is in
            place. A model that has all of them is cured already.
        before_trainer: a Trainer reads what the cure writes once, when it is made; afterwards the
            cure would change nothing, and is left to the user.
        yields_to: codes whose cures win over this one where both are planned.
        after: codes whose cures come first where both are planned.
        runs: the kinds of run for which it matters (``conditions/run.py``); empty for every run.
            Where the facts show that the run is of none of these kinds the rule is silent.
        covers: entries of ``tools/catalogue.py`` that it accounts for, ``F11`` for example.
        undetectable: the fact that its check would need and that cannot be had, in words. Such a
            rule is a page: it is never judged, and found by its symptoms only.
        symptoms: regular expressions of its error text; empty for a silent defect.
        silent: no error is raised and nothing is logged.
        upstream: issues and pull requests, ``owner/repo#number``.
        since: the release of this library that brought it.
        docs: its page: the docstring of its file, filled in by discovery.
    """

    code: str
    name: str
    severity: Severity
    applicability: Applicability
    scopes: tuple[Scope, ...]
    describe: Callable[[Facts], Problem]
    since: str
    when: tuple[Condition, ...] = ()
    patch: Callable[[Any, Ledger], None] | None = None
    at_import: tuple[str, ...] = ()
    refused_if: tuple[Condition, ...] = ()
    leaves: tuple[Callable[..., Any], ...] = ()
    before_trainer: bool = False
    yields_to: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    runs: tuple[RunKind, ...] = ()
    covers: tuple[str, ...] = ()
    undetectable: str = ""
    symptoms: tuple[str, ...] = ()
    silent: bool = False
    upstream: tuple[str, ...] = ()
    evidence: Evidence = Evidence.RAN
    docs: str = ""

    @property
    def order(self) -> int:
        """Its number: ``GC1001`` comes after ``GC999``."""
        return int(self.code[2:])

    @property
    def title(self) -> str:
        """The first line of its page."""
        return self.docs.strip().splitlines()[0].rstrip(".") if self.docs.strip() else self.name

    @property
    def model_types(self) -> frozenset[str]:
        """All model types of its scopes."""
        return frozenset().union(*(scope.model_types for scope in self.scopes))


@dataclass(frozen=True)
class Finding:
    """A rule fired.

    Attributes:
        rule: the rule.
        problem: what it says.
        model_types: the model types it was judged for where no model was given; else empty.
    """

    rule: Rule
    problem: Problem
    model_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Undetermined:
    """A rule could not be decided.

    Attributes:
        rule: the rule.
        missing: dotted topics of the facts that were missing, with the reason for each.
        condition: completes "if ...": when the rule would fire.
        model_types: as in :class:`Finding`.
    """

    rule: Rule
    missing: tuple[tuple[str, str], ...]
    condition: str
    model_types: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Diagnosis(Shown):
    """The answers of all rules for one set of facts, worst first.

    Attributes:
        not_checked: what no rule was asked about, in words.
        in_place: rules whose cure is on the model already: no findings, whatever they would say.
    """

    view = "diagnosis"

    facts: Facts
    findings: tuple[Finding, ...]
    undetermined: tuple[Undetermined, ...]
    not_checked: tuple[str, ...] = ()
    in_place: tuple[Rule, ...] = ()
