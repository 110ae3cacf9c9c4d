"""The engine: rules and facts in, a :class:`~gemma_compat.engine.rule.Diagnosis` out. Pure.

The engine tests every condition of each scope, in any order: one "no" decides, else one "unknown"
leaves the rule undetermined, else it fires (Kleene's "and"). So an unknown GPU never makes a
Gemma 2 rule undetermined on Gemma 3, and the order of a rule's conditions does not matter.
Where nothing is told of a model and a run, the index has the answers of most rules (``untold.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import compress

from ..errors import UnknownFact
from ..facts import Facts
from ..tables import families
from ..values import Value
from . import evidence, untold
from .condition import Condition, any_of
from .every_type import Answer, FactsByType, is_of, judge_every_type, types_by_scopes
from .recall import NotedFacts, Recall
from .rule import Diagnosis, Finding, Rule, Scope, Undetermined, in_order


class Objection(Value):
    """The condition that keeps a rule from firing.

    Attributes:
        phrase: the condition's phrase, which these facts contradict.
        package: the distribution whose release it is about; empty for any other condition.
        of_header: whether it is about the model type or a package.
    """

    phrase: str
    package: str = ""
    of_header: bool = False


def judge_all(facts: Facts, rules: Iterable[Rule]) -> Diagnosis:
    """Judge every rule. Without a model, every model type is judged and the answers grouped."""
    ordered = in_order(rules)
    ask = _asker(facts, facts.is_plain)
    return _diagnosis(facts, ordered, [answer for rule in ordered for answer in ask(rule)])


def judge_node(facts: Facts, recall: Recall) -> Diagnosis:
    """Return what :func:`judge_all` does, for one of many nodes that the same rules judge."""
    noted = NotedFacts(facts)
    ask = _asker(noted, is_plain=False)  # the index notes nothing
    answers = [answer for rule in recall.rules for answer in recall.answers(rule, noted, ask)]
    return _diagnosis(facts, recall.rules, answers)


def _diagnosis(facts: Facts, ordered: list[Rule], answers: list[Answer]) -> Diagnosis:
    cured = dict.fromkeys(item.rule for item in answers if _is_cured(item.rule, facts))
    answers = [item for item in answers if item.rule not in cured]
    return Diagnosis(
        facts=facts,
        in_place=tuple(cured),
        findings=tuple(item for item in answers if isinstance(item, Finding)),
        undetermined=tuple(item for item in answers if isinstance(item, Undetermined)),
        not_checked=(
            *_not_checked(facts, ordered),
            *evidence.passed_by(facts, (answer.rule for answer in answers)),
        ),
    )


def judge(rule: Rule, facts: Facts) -> Answer | None:
    """Return one rule's answer for one set of facts: fires, undetermined, or ``None``."""
    return _judged(rule, facts, ((scope, _conditions(rule, scope)) for scope in rule.scopes))


def _judge_in(rule: Rule, facts: Facts, scopes: Iterable[Scope]) -> Answer | None:
    """Return the rule's answer in these scopes, which the model type is known to be in."""
    return _judged(rule, facts, ((scope, _beside_the_type(rule, scope)) for scope in scopes))


def _judged(
    rule: Rule, facts: Facts, asked: Iterable[tuple[Scope, Sequence[Condition]]]
) -> Answer | None:
    undetermined: Undetermined | None = None
    for scope, conditions in asked:
        missing, phrases, applies = _ask(conditions, facts)
        if not applies:
            continue
        if not missing:
            return Finding(rule, rule.problem(facts, scope))
        undetermined = undetermined or Undetermined(rule, missing, " and ".join(phrases))
    return undetermined


def objection(rule: Rule, facts: Facts) -> Objection | None:
    """Return the condition that keeps a rule from firing, in the scope that got furthest.

    Return ``None`` where no condition says "no". For a rule that is only a page, test the header.
    """
    furthest: tuple[int, str] = (-1, "")
    found: Objection | None = None
    for scope in rule.scopes:
        for place, condition in enumerate(_conditions(rule, scope)):
            try:
                if condition.test(facts):
                    continue
            except UnknownFact:
                continue
            if (place, condition.phrase) > furthest:
                furthest = (place, condition.phrase)
                found = _said_by(scope, place, condition)
            break
        else:
            return None
    return found


def _said_by(scope: Scope, place: int, condition: Condition) -> Objection:
    """Return the objection of the condition at this place of :func:`_conditions`."""
    header = ("", *scope.packages)  # the model type, then the packages
    of_header = place < len(header)
    return Objection(condition.phrase, header[place] if of_header else "", of_header)


def held(rule: Rule, facts: Facts) -> tuple[str, ...]:
    """Return the conditions known to hold, for the best scope that nothing contradicts."""
    best: tuple[str, ...] = ()
    for scope in rule.scopes:
        phrases: list[str] = []
        for condition in _conditions(rule, scope):
            try:
                if not condition.test(facts):
                    break
                phrases.append(condition.phrase)
            except UnknownFact:
                continue
        else:
            best = max(best, tuple(phrases), key=len)
    return best


def _is_cured(rule: Rule, facts: Facts) -> bool:
    """Return whether the rule's cure is on the model, and nothing forbids it there."""
    there = facts.model.get("patched_with", ())
    if not rule.leaves or not all(left in there for left in rule.leaves):
        return False
    return not any(refusal.is_known_to_hold(facts) for refusal in rule.refused_if)


def nothing_was_judged(diagnosis: Diagnosis, rules: Sequence[Rule]) -> bool:
    """Return whether every rule about this model waits for a package that could not be read."""
    asked = {rule.code for rule in rules if _is_about(rule, diagnosis.facts)}
    waiting = {
        item.rule.code
        for item in diagnosis.undetermined
        if any(topic.startswith("packages") for topic, _ in item.missing)
    }
    return bool(asked) and not diagnosis.findings and asked <= waiting


def missing_packages(facts: Facts) -> tuple[str, ...]:
    """Return what training needs and this machine lacks: ``torch``, ``transformers``.

    Where the stack is given (``--with``), what this machine lacks says nothing of it. A model or
    a GPU that is given is judged with the packages that are here.
    """
    if any(topic.startswith("packages.") for topic in facts.assumed):
        return ()
    needed = ("torch", "transformers")
    return tuple(name for name in needed if facts.packages.get(name, name) is None)


def failed_imports(facts: Facts) -> tuple[str, ...]:
    """Return the modules whose import was tried and did not end in success."""
    passed = ("ok", "not tried", "not installed", "not finished", "needs a GPU")
    return tuple(name for name, end in facts.imports.items() if not end.startswith(passed))


def _is_about(rule: Rule, facts: Facts) -> bool:
    if not facts.model.known("model_type"):
        return True
    return facts.model.model_type in rule.model_types


def _asker(facts: Facts, is_plain: bool) -> Callable[[Rule], Iterable[Answer]]:
    """Return what yields a rule's answers for these facts: one, or those for each model type."""
    by_type = FactsByType(facts)

    def ask(rule: Rule) -> Iterable[Answer]:
        allowed = [_allows(packages, facts) for packages in rule.packages]
        if allowed.count(False) == len(allowed):
            return ()
        kept = untold.answers(rule, allowed, facts) if is_plain else None
        if kept is not None:
            return kept
        left = list(compress(rule.scopes, [item is not False for item in allowed]))
        if facts.model.known("model_type"):
            return _judge_one(rule, facts, left)
        return judge_every_type(rule, types_by_scopes(rule, left), by_type, _judge_in)

    return ask


def _judge_one(rule: Rule, facts: Facts, scopes: Iterable[Scope]) -> Iterator[Answer]:
    left = [scope for scope in scopes if is_of(facts.model.model_type, scope)]
    answer = _judge_in(rule, facts, left)
    if answer is not None:
        yield answer


def _ask(
    conditions: Iterable[Condition], facts: Facts
) -> tuple[tuple[tuple[str, str], ...], list[str], bool]:
    """Return the missing facts, the phrases that wait for them, and whether none says "no"."""
    missing: dict[str, str] = {}
    phrases: list[str] = []
    for condition in conditions:
        try:
            if not condition.test(facts):
                return (), [], False
        except UnknownFact as error:
            missing[error.topic] = error.reason or facts.reason(error.topic)
            phrases.append(condition.phrase)
    return tuple(missing.items()), phrases, True


@lru_cache(maxsize=1024)
def _conditions(rule: Rule, scope: Scope) -> tuple[Condition, ...]:
    """Return all conditions: the header (model type, packages), the rule's own, the run's kind."""
    names = ", ".join(sorted(scope.model_types))
    of_type = Condition(f"the model is one of {names}", _is_in(scope))
    return of_type, *_beside_the_type(rule, scope)


@lru_cache(maxsize=1024)
def _beside_the_type(rule: Rule, scope: Scope) -> tuple[Condition, ...]:
    """Return all conditions but that on the model type."""
    packages = scope.packages.items()
    return (
        *(Condition(f"{name} is {text}", _has_release(name, text)) for name, text in packages),
        *scope.when,
        *rule.when,
        *((any_of(*rule.runs),) if rule.runs else ()),
    )


def _allows(packages: Mapping[str, str], facts: Facts) -> bool | None:
    """Return whether all installed releases are among these; ``None`` where that is unknown."""
    allows: bool | None = True
    for name, text in packages.items():
        try:
            if not facts.has_release(name, text):
                return False
        except UnknownFact:
            allows = None
    return allows


def _is_in(scope: Scope) -> Callable[[Facts], bool]:
    return lambda facts: is_of(facts.model.model_type, scope)


def _has_release(name: str, text: str) -> Callable[[Facts], bool]:
    return lambda facts: facts.has_release(name, text)


def _not_checked(facts: Facts, rules: list[Rule]) -> Iterator[str]:
    """Yield the rules not checked because they name model types and this one is newer."""
    if not facts.model.known("model_type"):
        return
    model_type = facts.model.model_type
    if not families.is_gemma(model_type):
        yield f"model_type {model_type!r} is not a Gemma: no rule was asked about the model"
    elif model_type in families.PARTS:
        whole = families.PARTS[model_type]
        yield f"model_type {model_type!r} is a part of a {whole}, which the rules are about"
    elif not families.is_known(model_type):
        skipped = [r.code for r in rules if not any(scope.by_config for scope in r.scopes)]
        yield (
            f"model_type {model_type!r} is newer than this release of gemma_compat; "
            f"judged by its config alone. Not asked: {', '.join(skipped) or 'nothing'}"
        )
