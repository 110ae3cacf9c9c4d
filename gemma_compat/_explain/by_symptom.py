"""Judge the rules whose text was seen in a log, by the log's facts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .. import versions
from ..engine.diagnosis import held, judge, objection
from ..engine.rule import Finding, Rule, Undetermined
from ..facts import UNKNOWN, Facts, Package
from ..tables import families
from . import vague
from .explanation import CONFIRMED, DOUBTED, OPEN, Cause, Line, RuledOut
from .figures import numbers_before
from .lines import line_of

if TYPE_CHECKING:
    from .excerpt import Words
    from .read_log import LogReading
    from .scan import Hit

_ORDER = (CONFIRMED, OPEN, DOUBTED)
_LINES = 3
_MOST_RELEASES = 40  # that a traceback may fit


def by_symptom(
    reading: LogReading, rules: Sequence[Rule], facts: Facts, words: Words
) -> tuple[list[Cause], list[Cause], list[RuledOut]]:
    """Return the rules whose symptoms were seen: causes, doubted ones and those ruled out."""
    causes: list[Cause] = []
    doubted: list[Cause] = []
    out: list[RuledOut] = []
    for rule in rules:
        hits = reading.symptoms.get(rule.code)
        if not hits:
            continue
        lines = tuple(line_of(hit, words) for hit in hits[-_LINES:])
        answer = _judged(rule, hits, lines, reading, facts)
        if isinstance(answer, RuledOut):
            out.append(answer)
        else:
            (doubted if answer.fit == DOUBTED else causes).append(answer)
    return causes, doubted, out


def _judged(
    rule: Rule,
    hits: Sequence[Hit],
    lines: tuple[Line, ...],
    reading: LogReading,
    facts: Facts,
) -> Cause | RuledOut:
    """Judge one rule whose symptom was seen: a cause, open or doubted, or ruled out."""
    names_gemma = any("gemma" in hit.match[0].lower() for hit in hits)
    if reading.log.is_other and not is_gemma(facts) and not names_gemma:
        other = reading.log.other_models[0]
        return RuledOut(rule, lines, f"the model is a Gemma (the log is about {other})")
    if is_of_unsloth(rule) and not may_use_unsloth(facts):
        return RuledOut(rule, lines, "the run uses Unsloth")
    raised = any(reading.is_of_last(hit.line) for hit in hits)
    answer = judge_over_types(rule, reading, facts, lines, raised)
    if isinstance(answer, RuledOut) or answer.fit == DOUBTED:
        return answer
    if "float16-overflow" in rule.effects and _began_with_numbers(reading, facts):
        return answer.replace(fit=DOUBTED, problem=None, against=vague.NUMBERS_FIRST)
    if not vague.has_evidence(hits, _around(hits, reading), rule):
        header = 1 + max(len(scope.packages) for scope in rule.scopes)
        if not vague.facts_suffice(hits, answer.is_certain, len(answer.holds), header):
            return answer.replace(fit=DOUBTED, problem=None, against=vague.TOO_LITTLE)
    of_gemma = names_gemma or reading.log.model_types or is_gemma(facts)
    if not of_gemma and vague.is_shared(hits):
        answer = answer.replace(if_gemma=True)
    particular = names_gemma or (bool(of_gemma) and vague.states_the_failure(hits))
    is_open = any(_is_of_header(topic) for topic in answer.missing)
    if is_open and vague.names_its_releases(hits):
        is_open = not is_gemma(facts)
    decides = raised and particular and not is_open
    return answer.replace(text_decides=decides)


def _began_with_numbers(reading: LogReading, facts: Facts) -> bool:
    """Return whether a run that states no float16 had numbers in its losses before NaN.

    What overflows float16 in a published Gemma does so in the first batch.
    """
    is_half = facts.training.get("mixed_precision") == "fp16"
    if is_half or facts.model.get("dtype") == "float16" or not reading.log.figures.nan:
        return False
    return bool(numbers_before(reading.log))


def _is_of_header(topic: str) -> bool:
    """Return whether a missing fact is the release or the model, and not about the run."""
    return topic.startswith("packages.") or topic in {"model", "model.model_type"}


def _around(hits: Sequence[Hit], reading: LogReading) -> str:
    """Return the tracebacks that the hits belong to, and the hits themselves."""
    near = [
        item.hit.before[-4000:] + item.around
        for item in reading.raised
        if any(item.line - item.traceback.count("\n") <= h.line < item.line + 12 for h in hits)
    ]
    text = "\n".join([*near[-2:], *(hit.text for hit in hits[-_LINES:])])
    return text.replace("\\", "/")


def is_gemma(facts: Facts) -> bool:
    return facts.model.known("model_type") and families.is_gemma(facts.model.model_type)


def is_of_unsloth(rule: Rule) -> bool:
    return all(any(name.startswith("unsloth") for name in s.packages) for s in rule.scopes)


def may_use_unsloth(facts: Facts) -> bool:
    if facts.unsloth.get("used") is not None:
        return bool(facts.unsloth.used)
    return any(facts.packages.get(name) is not None for name in ("unsloth", "unsloth-zoo"))


def without_unsloth(facts: Facts) -> Facts:
    """Return the facts with Unsloth known absent, if nothing in the log speaks of it."""
    if may_use_unsloth(facts):
        return facts
    absent: dict[str, Package | None] = {"unsloth": None, "unsloth-zoo": None}
    return facts.replace(packages={**absent, **facts.packages})


def judge_over_types(
    rule: Rule, reading: LogReading, facts: Facts, lines: tuple[Line, ...], raised: bool
) -> Cause | RuledOut:
    """Return the best answer over the model types that the log allows."""
    answers = [
        (typed.model.model_type, _judge_typed(rule, reading, typed, lines, raised))
        for typed in _typed(rule, reading, facts)
    ]
    best = min((answer for _, answer in answers), key=_rank)
    if isinstance(best, RuledOut) or facts.model.known("model_type"):
        return best
    if reading.log.model_types and all(_rank(answer) == _rank(best) for _, answer in answers):
        return best  # whichever of these it is, the answer is the same
    types = (name for name, answer in answers if _rank(answer) == _rank(best))
    return best.replace(if_model=tuple(types))


def _typed(rule: Rule, reading: LogReading, facts: Facts) -> Iterable[Facts]:
    if facts.model.known("model_type"):
        return [facts]
    types = sorted(reading.log.model_types or rule.model_types)
    return [facts.replace(model=facts.model.replace(model_type=name)) for name in types]


def _judge_typed(
    rule: Rule, reading: LogReading, facts: Facts, lines: tuple[Line, ...], raised: bool
) -> Cause | RuledOut:
    """Judge the rule; if the log names one GPU without a count, judge with two as well."""
    answer = _judge_over_releases(rule, reading, facts, lines, raised)
    if isinstance(answer, RuledOut) and _is_unsure(answer.package, reading, facts):
        return Cause(rule, DOUBTED, lines, raised, against=answer.against)
    if reading.log.counts_gpus or len(facts.get("gpus", ())) != 1:
        return answer
    if isinstance(answer, Cause) and answer.fit == DOUBTED:
        other = _judge_one(rule, facts.replace(gpus=facts.gpus * 2), lines, raised)
        if isinstance(other, Cause) and other.fit != DOUBTED:
            missing = tuple(dict.fromkeys(("gpus", *other.missing)))
            condition = " and ".join(item for item in (answer.against, other.condition) if item)
            return other.replace(fit=OPEN, problem=None, condition=condition, missing=missing)
    return answer


def _judge_over_releases(
    rule: Rule, reading: LogReading, facts: Facts, lines: tuple[Line, ...], raised: bool
) -> Cause | RuledOut:
    """Judge the rule; where a release is open, judge it for each one that the traceback fits.

    Only what holds for all of them counts.
    """
    answer = _judge_one(rule, facts, lines, raised)
    if not isinstance(answer, Cause) or answer.fit != OPEN:
        return answer
    for topic in answer.missing:
        name = topic.removeprefix("packages.")
        fitting = reading.fits.get(name, ()) if topic.startswith("packages.") else ()
        answers = [
            _judge_one(rule, _with_release(facts, name, release), lines, raised)
            for release in fitting[:_MOST_RELEASES]
        ]
        if not answers or len(fitting) > _MOST_RELEASES:
            continue
        if all(isinstance(item, RuledOut) for item in answers):
            return answers[-1]
        same = {(type(item), getattr(item, "fit", "")) for item in answers}
        if len(same) == 1:
            answer = answers[-1]
            facts = _with_release(facts, name, fitting[-1])
            if not isinstance(answer, Cause) or answer.fit != OPEN:
                return answer
    return answer


def _with_release(facts: Facts, name: str, release: str) -> Facts:
    return facts.replace(packages={**facts.packages, name: Package(name=name, version=release)})


def _is_unsure(package: str, reading: LogReading, facts: Facts) -> bool:
    """Return whether the log states this package's release only in an install command."""
    topic = f"packages.{package}"
    return topic in reading.log.unsure and topic not in facts.assumed


def _judge_one(rule: Rule, facts: Facts, lines: tuple[Line, ...], raised: bool) -> Cause | RuledOut:
    against = objection(rule, facts)
    if against is not None and not against.of_header:
        # The run had a live model: what only such a one shows, no log denies.
        without = facts.replace(model=facts.model.replace(live=True, loaded=UNKNOWN))
        against, facts = (None, without) if objection(rule, without) is None else (against, facts)
    if against is not None and against.package:
        before = _before_its_release(rule, facts, against.package)
        if before is not None and objection(rule, before) is None:
            against, facts = None, before
    if against is not None:
        if against.of_header:
            return RuledOut(rule, lines, against.phrase, against.package)
        return Cause(rule, DOUBTED, lines, raised, against=against.phrase)
    cause = Cause(rule, OPEN, lines, raised, holds=held(rule, facts))
    answer = None if rule.undetectable else judge(rule, facts)
    if isinstance(answer, Finding):
        return cause.replace(fit=CONFIRMED, problem=answer.problem)
    if isinstance(answer, Undetermined):
        missing = tuple(topic for topic, _ in answer.missing)
        return cause.replace(condition=answer.condition, missing=missing)
    return cause


def _before_its_release(rule: Rule, facts: Facts, name: str) -> Facts | None:
    """Return the facts without this package's version, if it is a development build of a bound.

    Main carried the number ``5.0.0.dev0`` for months, so such a build may or may not hold what
    came with 5.0.0rc0.
    """
    version = facts.version(name) if facts.packages.get(name) is not None else None
    if version is None or not versions.is_valid(version) or ".dev" not in version:
        return None
    release = versions.parse(version).base_version
    bounds = {
        versions.parse(bound).base_version
        for scope in rule.scopes
        for bound in versions.bounds(scope.packages.get(name, ""))
    }
    if release not in bounds:
        return None
    return facts.replace(packages={k: v for k, v in facts.packages.items() if k != name})


def _rank(answer: Cause | RuledOut) -> tuple[int, int]:
    if isinstance(answer, RuledOut):
        return len(_ORDER), 0
    return _ORDER.index(answer.fit), len(answer.missing)


def likelihood(cause: Cause, reading: LogReading) -> tuple[object, ...]:
    """Sort key: likelier causes first."""
    hits = reading.symptoms.get(cause.rule.code, [])
    longest = max((len(hit.match[0]) for hit in hits), default=0)
    return (
        not cause.raised,
        vague.is_vague(hits),
        not any(reading.is_raised_at(hit.line) for hit in hits),
        _rank(cause),
        -len(cause.holds),
        -longest,
        -(hits[-1].line if hits else 0),
        cause.rule.severity.rank,
        cause.rule.order,
    )
