"""What a rule is, and the three answers it can give.

A rule is data: where it applies (:class:`Scope`), under which :class:`Condition` it fires, what it
does to the run, and what ends it (:class:`Fix`). The engine in ``diagnosis.py`` does the judging,
so that "unknown" is treated alike in all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from enum import Enum
from typing import TYPE_CHECKING, Any

from ..shown import Shown
from ..tables.renamed_arguments import renamed
from ..values import Value
from .condition import Condition, RunKind
from .effects import Effect
from .help import help_text

if TYPE_CHECKING:
    from ..facts import Facts
    from ..patching.ledger import Ledger
    from .untold import Untold


class Severity(Enum):
    """How bad it is if the rule fires: ``ERROR`` breaks the run or trains the wrong network."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"

    def __init__(self, _: str) -> None:
        self.rank = len(type(self).__members__)  # 0 for the worst: for sorting and thresholds


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


class Scope(Value, eq=False):
    """Where a rule applies. One rule may have several, where releases broke it differently.

    Attributes:
        model_types: top-level ``model_type`` values.
        packages: distribution name to specifier; all must hold.
        when: conditions beyond the rule's own that hold for this scope only.
        by_config: whether the conditions read enough of the config to judge a Gemma
            ``model_type`` that this release does not know yet.
        fixed_in: as of :class:`Fix`, where this scope was fixed in other releases than the rest.
    """

    model_types: Set[str]
    packages: Mapping[str, str]
    when: tuple[Condition, ...] = ()
    by_config: bool = False
    fixed_in: Mapping[str, str] | None = None


class Fix(Value):
    """What ends the failure, beside ``patch``. Each part is an alternative.

    Attributes:
        fixed_in: distribution name to the first release without the failure; an empty text for
            the newest. All of them are needed together.
        setting: what to type or to set instead.
        then: what to do after the upgrade: "train the adapter again".
    """

    fixed_in: Mapping[str, str] = {}
    setting: str = ""
    then: str = ""


class Problem(Value):
    """What a rule says when it fires.

    Attributes:
        message: the values and the consequence.
        help: what to type. Left empty, it is made from the rule's :class:`Fix` and its cure.
    """

    message: str
    help: str = ""


class Rule(Value, eq=False):
    """One known failure.

    Attributes:
        code: ``GC101``; never reused. The digits before the last two are the family's.
        severity, applicability, evidence: see the enums.
        scopes: where it applies; the matrix is derived from these.
        since: the release of this library that brought it.
        effects: what the failure does to a run, by name (``engine/effects.py``).
        when: conditions that must all hold, beside those of a scope.
        runs: the kinds of run for which it matters (``conditions/run.py``); empty for every run.
            If the facts show another kind of run, the rule is silent.
        read_in: the files and releases in which the bounds were read, where they were not run.
        fix: what ends the failure.
        at_import: modules that the cure is for, dotted. Such a cure is given each of them right
            after its import, in the place of a model, by ``install`` and never by ``patch``.
        leaves: names of the functions that the cure leaves on a model, where no other fact shows
            that it is in place. A model that has all of them is cured already.
        refused_if: facts under which the cure must not be applied; the phrase is the reason.
        before_trainer: a Trainer reads what the cure writes once, when it is made; afterwards the
            cure would change nothing, and is left to the user.
        yields_to: codes whose cures win over this one where both are planned.
        after: codes whose cures come first where both are planned.
        undetectable: the fact that its check would need and that cannot be had. Such a rule is a
            page: it is never judged, and found by its symptoms only.
        breaks: the consequence, printed after the installed releases: "the gradients are NaN".
            For a rule without ``describe``.
        symptoms: regular expressions that match its error text; empty for a silent defect.
        raised_at: errors that only this failure raises: ``ValueError path/in/package.py:function``.
            Such an error is a symptom however a release words it; a test finds each in the
            release atlas.
        reports, fixed_by: issues and pull requests, ``owner/repo#number``.
        name: the defect, never the remedy: the stem of its file, with dashes.
        family: the folder of its file.
        docs: its page: the docstring of its file, or the text below the front matter.
        describe: the message for facts under which it fires.
        patch: the cure: ``patch(model, ledger)`` writes through the ledger only. It must look at
            the object in hand and raise ``PatchTargetMissing`` or ``PatchRefused`` by name.

    Discovery (``rules/__init__.py``) fills in the last five from the file.
    """

    code: str
    severity: Severity
    scopes: tuple[Scope, ...]
    since: str = ""
    effects: tuple[Effect, ...] = ()
    when: tuple[Condition, ...] = ()
    runs: tuple[RunKind, ...] = ()
    evidence: Evidence = Evidence.RAN
    read_in: tuple[str, ...] = ()
    fix: Fix = Fix()
    applicability: Applicability = Applicability.DISPLAY_ONLY
    at_import: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    refused_if: tuple[Condition, ...] = ()
    before_trainer: bool = False
    yields_to: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    undetectable: str = ""
    breaks: str = ""
    symptoms: tuple[str, ...] = ()
    raised_at: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    fixed_by: tuple[str, ...] = ()
    name: str = ""
    family: str = ""
    docs: str = ""
    describe: Callable[[Facts], Problem] | None = None
    patch: Callable[[Any, Ledger], None] | None = None

    @property
    def order(self) -> int:
        """Return its number: ``GC1001`` comes after ``GC999``."""
        return int(self.code.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))

    @property
    def title(self) -> str:
        """Return the first line of its page."""
        return self.docs.strip().partition("\n")[0].rstrip(".") or self.name

    @property
    def packages(self) -> Sequence[Mapping[str, str]]:
        """Return the packages of each scope."""
        return [scope.packages for scope in self.scopes]

    @property
    def untold(self) -> Sequence[Sequence[Untold] | None]:
        """Return each scope's answers in the index (``untold.py``); ``None`` without any."""
        return [None] * len(self.packages)

    @property
    def model_types(self) -> frozenset[str]:
        """Return all model types of its scopes."""
        return frozenset().union(*(scope.model_types for scope in self.scopes))

    @property
    def silent(self) -> bool:
        """Return whether no error is raised and nothing is logged."""
        return not self.symptoms

    @property
    def upstream(self) -> tuple[str, ...]:
        """Return its references: reports first, then what fixed it."""
        return (*self.reports, *self.fixed_by)

    def problem(self, facts: Facts, scope: Scope | None = None) -> Problem:
        """Return the message and the help for facts under which the rule fires.

        Args:
            scope: the scope that applies; by default the first that names the model type.
        """
        said = self.describe(facts) if self.describe else self._by_releases(facts)
        return Problem(said.message, renamed(said.help or self.help(facts, scope), facts))

    def help(self, facts: Facts, scope: Scope | None = None) -> str:
        """Return what to type against the failure: upgrade, setting and ``patch``, if they exist.

        Args:
            facts: those under which the rule fires.
            scope: the scope that applies; by default the first that names the model type.
        """
        releases = self.fixed_in(facts, scope)
        return help_text(releases, self.fix.then, self.fix.setting, self.patch_call)

    def fixed_in(self, facts: Facts, scope: Scope | None = None) -> Mapping[str, str]:
        """Return the releases that end it: its scope's (by default the facts') or its own."""
        if scope is None:
            model_type = facts.model.get("model_type")
            scope = next((item for item in self.scopes if model_type in item.model_types), None)
        own = scope.fixed_in if scope is not None else None
        return self.fix.fixed_in if own is None else own

    @property
    def patch_call(self) -> str:
        """Return the call of ``patch`` that applies the cure; empty where it has none."""
        if self.patch is None or self.at_import:
            return ""
        named = f", select=['{self.code}']" if self.applicability is Applicability.UNSAFE else ""
        return f"gemma_compat.patch(model{named})"

    def _by_releases(self, facts: Facts) -> Problem:
        """Return the installed releases and the consequence."""
        scoped = dict.fromkeys(name for scope in self.scopes for name in scope.packages)
        names = [name for name in scoped if facts.packages.get(name) is not None]
        pair = ", ".join(f"{name} {facts.version(name)}" for name in names)
        return Problem(message=f"with {pair}, {self.breaks}")


def in_order(rules: Iterable[Rule]) -> list[Rule]:
    """Return the rules that can be judged, worst first."""
    judged = [rule for rule in rules if not rule.undetectable]
    return sorted(judged, key=lambda rule: (rule.severity.rank, rule.order))


class Finding(Value):
    """A rule fired.

    Attributes:
        problem: what it says.
        model_types: the model types it was judged for where no model was given; else empty.
    """

    rule: Rule
    problem: Problem
    model_types: tuple[str, ...] = ()


class Undetermined(Value):
    """A rule could not be decided.

    Attributes:
        missing: dotted topics of the facts that were missing, with the reason for each.
        condition: completes "if ...": when the rule would fire.
        model_types: as in :class:`Finding`.
    """

    rule: Rule
    missing: tuple[tuple[str, str], ...]
    condition: str
    model_types: tuple[str, ...] = ()


class Diagnosis(Shown, Value):
    """The answers of all rules for one set of facts, worst first.

    Attributes:
        facts: what the rules were judged against.
        findings: rules that fire.
        undetermined: rules for which a fact is missing.
        not_checked: one line for each part of the stack that no rule could judge.
        in_place: rules whose cure is on the model already; they are not among the findings.
    """

    view = "diagnosis"

    facts: Facts
    findings: tuple[Finding, ...]
    undetermined: tuple[Undetermined, ...]
    not_checked: tuple[str, ...] = ()
    in_place: tuple[Rule, ...] = ()
