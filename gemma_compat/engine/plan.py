"""From a diagnosis and the user's consent to an ordered list of patches. Pure.

The plan lists what is not done too; each skip has its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..facts import Facts
from ..values import Value
from .effects import TRAINS_WRONG
from .rule import Applicability, Diagnosis, Finding, Rule, Severity, Undetermined


class Consent(Value):
    """The user's consent: which patches may be applied.

    Attributes:
        select: codes; if given, only these are patched, and naming one opts in to unsafe.
        ignore: codes that are never patched.
        unsafe: whether unsafe patches may be applied.
        has_trainer: whether a Trainer was already made for the model.
    """

    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    unsafe: bool = False
    has_trainer: bool = False


class PlannedPatch(Value):
    """A patch that will be applied.

    Attributes:
        rule: the rule with the cure.
        preventive: whether the rule was undetermined. Such a patch changes nothing where the
            failure is absent; where it cannot be applied, it is skipped without an error.
    """

    rule: Rule
    preventive: bool


class Skip(Value):
    """A cure that will not be applied.

    Attributes:
        rule: the rule with the cure.
        reason: why it is not applied, as a text for the user.
        stops: whether the failure is certain and nothing cures it here, because its cure is
            refused or because only a crash keeps it from passing unseen. Then nothing is patched,
            since the run would train the wrong network.
        in_place: whether an earlier ``patch`` has written all of it already.
    """

    rule: Rule
    reason: str
    stops: bool = False
    in_place: bool = False


class Plan(Value):
    """What ``patch`` will do.

    Attributes:
        patches: what will be applied, in order.
        skips: what will not be applied, with the reasons.
        manual: findings that the user must cure.
    """

    patches: tuple[PlannedPatch, ...] = ()
    skips: tuple[Skip, ...] = ()
    manual: tuple[Finding, ...] = ()


def make_plan(diagnosis: Diagnosis, consent: Consent | None = None) -> Plan:
    """Sort the answers into patches, skips and manual steps.

    If a failure is certain and its cure is refused, the plan stops everything, even if the user
    selected other rules: another cure could remove the crash that made the failure visible. The
    same holds where a certain failure silently trains another network, no cure of it is
    planned, and the crash of another rule is certain too. Only ``ignore`` accepts it.
    """
    consent = consent or Consent()
    chosen: list[PlannedPatch] = []
    skips: list[Skip] = []
    answers: tuple[Finding | Undetermined, ...] = (*diagnosis.findings, *diagnosis.undetermined)
    for answer in answers:
        if answer.rule.applicability is Applicability.DISPLAY_ONLY or answer.rule.patch is None:
            continue
        skip = _skip(answer, diagnosis.facts, consent)
        if skip:
            skips.append(skip)
        else:
            chosen.append(PlannedPatch(answer.rule, isinstance(answer, Undetermined)))
    in_place = {rule.code for rule in diagnosis.in_place}
    kept, yielded = _settle(chosen, answers, in_place)
    hidden = _passing_unseen(diagnosis.findings, kept, in_place, consent)
    kept, left = _leave_crashes(kept, hidden, diagnosis.findings, diagnosis.undetermined)
    patched = {planned.rule.code for planned in kept}
    return Plan(
        patches=tuple(_in_order(kept)),
        skips=(*skips, *yielded, *left),
        manual=tuple(f for f in diagnosis.findings if f.rule.code not in patched),
    )


def _skip(answer: Finding | Undetermined, facts: Facts, consent: Consent) -> Skip | None:
    """Return the skip with its reason, if this cure must not be applied."""
    rule = answer.rule
    if rule.code in consent.ignore:
        return Skip(rule, "ignored, as you asked")
    if rule.at_import:
        how = f"gemma_compat.install(select=[{rule.code!r}])"
        return Skip(rule, f"done at import only: {how}")
    refusal = next((item for item in rule.refused_if if item.is_known_to_hold(facts)), None)
    if refusal and isinstance(answer, Finding):
        return Skip(rule, f"refused: {refusal.phrase}", stops=True)
    reason = _not_allowed(rule, consent)
    if reason is None and refusal:  # one that is not known to hold does not stop a safe patch
        reason = f"refused: {refusal.phrase}"
    if reason is None and isinstance(answer, Undetermined):
        reason = _why_not_preventive(answer)
    return Skip(rule, reason) if reason else None


def _not_allowed(rule: Rule, consent: Consent) -> str | None:
    """Return what the user's consent lacks for this cure, or ``None``."""
    if consent.select is not None and rule.code not in consent.select:
        return "not selected"
    named = consent.select is not None and rule.code in consent.select
    if rule.applicability is Applicability.UNSAFE and not (consent.unsafe or named):
        return f"unsafe: allow it with unsafe=True or select=[{rule.code!r}]"
    if rule.before_trainer and consent.has_trainer:
        return "too late: the Trainer of this model is made already"
    return None


def _why_not_preventive(answer: Undetermined) -> str | None:
    """Return why a cure cannot be applied as a precaution: facts beside the run are unknown."""
    missing = [topic for topic, _ in answer.missing if not topic.startswith("training")]
    return f"undetermined: {', '.join(missing)} unknown" if missing else None


def _settle(
    chosen: Sequence[PlannedPatch], answers: Sequence[Finding | Undetermined], in_place: set[str]
) -> tuple[list[PlannedPatch], list[Skip]]:
    """Drop the patches that yield to another one: planned, on the model already, or left out.

    If the other one was left out, drop this one too: the two write opposite values, so this one
    alone would break what works.
    """
    codes = {item.rule.code for item in chosen} | in_place
    judged = {answer.rule.code for answer in answers}
    kept, skips = [], []
    for item in chosen:
        winner = next((code for code in item.rule.yields_to if code in codes), None)
        left_out = next((code for code in item.rule.yields_to if code in judged), None)
        if winner:
            skips.append(Skip(item.rule, f"yields to {winner}, which needs the opposite"))
        elif left_out:
            reason = f"needs the opposite of {left_out}, which was left out: allow {left_out} too"
            skips.append(Skip(item.rule, reason))
        else:
            kept.append(item)
    return kept, skips


def _passing_unseen(
    findings: Sequence[Finding],
    kept: Sequence[PlannedPatch],
    in_place: set[str],
    consent: Consent,
) -> list[Rule]:
    """Return the rules of certain failures that train another network and that nothing cures."""
    cured = {item.rule.code for item in kept} | in_place
    return [
        finding.rule
        for finding in findings
        if _trains_wrong(finding.rule)
        and finding.rule.code not in cured | consent.ignore
        and not cured & set(finding.rule.yields_to)
    ]


def _trains_wrong(rule: Rule) -> bool:
    """Return whether a run may end with another network and no error."""
    seen_late = rule.silent and "not-a-number" in rule.effects
    wrong = seen_late or bool(TRAINS_WRONG.intersection(rule.effects))
    return wrong and rule.severity is Severity.ERROR


def _leave_crashes(
    kept: list[PlannedPatch],
    hidden: Sequence[Rule],
    findings: Sequence[Finding],
    open_answers: Sequence[Undetermined],
) -> tuple[list[PlannedPatch], list[Skip]]:
    """Let no patch end a crash beside a failure that would pass unseen.

    Where the crash is certain, the skips stop the plan. Where it is only possible, its cure is
    left out: the crash, if it comes, is all that tells of the other failure.
    """
    if not hidden or not kept:
        return kept, []
    crashes = [item.rule for item in findings if _ends_training(item.rule)]
    stops = []
    for rule in hidden:
        crash = next((item for item in crashes if item is not rule), None)
        if crash:
            reason = f"it would train on in silence if {crash.code} were cured"
            stops.append(Skip(rule, reason, stops=True))
    if stops:
        return kept, stops
    reason = f"its crash would be all that tells of {hidden[0].code}, which nothing cures here"
    possible = [item for item in kept if item.preventive and _ends_training(item.rule)]
    # Who drives the run is all that is open: in a loop of the user's own it crashes, and another
    # cure may end the same crash (several turn the cache off). None is applied then.
    if any(_ends_training(answer.rule) and _only_loop_is_open(answer) for answer in open_answers):
        possible = kept
    left = [Skip(item.rule, reason) for item in possible]
    return [item for item in kept if item not in possible], left


def _only_loop_is_open(answer: Undetermined) -> bool:
    return {topic for topic, _ in answer.missing} <= {"training.trainer", "training.use_cache"}


def _ends_training(rule: Rule) -> bool:
    return "crash-in-training" in rule.effects and rule.severity is Severity.ERROR


def _in_order(planned: list[PlannedPatch]) -> Iterator[PlannedPatch]:
    """Yield the patches by code; each waits for those that its rule names in ``after``."""
    waiting = sorted(planned, key=lambda item: item.rule.order)
    while waiting:
        codes = {item.rule.code for item in waiting}
        ready = [item for item in waiting if not codes & set(item.rule.after)]
        if not ready:
            raise ValueError(f"rules wait for each other: {sorted(codes)}")
        yield ready[0]
        waiting.remove(ready[0])
