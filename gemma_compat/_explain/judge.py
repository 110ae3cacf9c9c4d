"""From what was read to what happened: the rules that fit, in the order of likelihood. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..engine.diagnosis import held, judge, objection
from ..engine.rule import Finding, Rule, Severity, Undetermined
from ..facts import Facts
from ..tables import families
from .explanation import CONFIRMED, DOUBTED, OPEN, Cause, Explanation, Line, RuledOut, SeenNotice
from .notices import Notice

if TYPE_CHECKING:
    from .excerpt import Words
    from .patterns import Hit
    from .read_log import LogReading

_ORDER = (CONFIRMED, OPEN, DOUBTED)
_LINES = 3


def explain_reading(
    reading: LogReading, rules: Sequence[Rule], facts: Facts, words: Words
) -> Explanation:
    """Judge the rules whose symptoms were seen by the facts.

    Args:
        facts: those of the log, with what was given put over them.
    """
    causes: list[Cause] = []
    out: list[RuledOut] = []
    others = () if _is_gemma(reading, facts) else reading.log.other_models
    for rule in rules:
        hits = reading.symptoms.get(rule.code)
        if not hits:
            continue
        lines = tuple(_line(hit, words) for hit in hits[-_LINES:])
        raised = any(reading.is_raised_at(hit.line) for hit in hits)
        answer = _judge(rule, reading, facts, lines, raised)
        if others and not _names_gemma(hits):
            answer = RuledOut(rule, lines, f"the model is a Gemma (the log names {others[0]})")
        (causes if isinstance(answer, Cause) else out).append(answer)  # type: ignore[arg-type]
    failures = [cause for cause in causes if cause.rule.severity is not Severity.NOTICE]
    return Explanation(
        causes=tuple(sorted(failures, key=lambda cause: _likelihood(cause, reading))),
        ruled_out=tuple(out),
        notices=tuple(_notices(reading, causes, words)),
        unrecognised=tuple(_unrecognised(reading, failures, words)),
        facts=facts,
        stated_at=reading.log.lines,
        other_models=others,
        lines=reading.lines,
    )


def _is_gemma(reading: LogReading, facts: Facts) -> bool:
    if facts.model.known("model_type"):
        return families.is_gemma(facts.model.model_type)
    return bool(reading.log.model_types)


def _names_gemma(hits: Iterable[Hit]) -> bool:
    return any("gemma" in hit.match[0].lower() for hit in hits)


def _judge(
    rule: Rule, reading: LogReading, facts: Facts, lines: tuple[Line, ...], raised: bool
) -> Cause | RuledOut:
    """The best answer over the model types that may be meant."""
    answers = [
        (typed.model.model_type, _judge_typed(rule, reading, typed, lines, raised))
        for typed in _typed(rule, reading, facts)
    ]
    best = min((answer for _, answer in answers), key=_rank)
    if isinstance(best, RuledOut) or facts.model.known("model_type"):
        return best
    types = (name for name, answer in answers if _rank(answer) == _rank(best))
    return replace(best, if_model=tuple(types))


def _typed(rule: Rule, reading: LogReading, facts: Facts) -> Iterable[Facts]:
    if facts.model.known("model_type"):
        return [facts]
    types = sorted(reading.log.model_types or rule.model_types)
    return [facts.replace(model=facts.model.replace(model_type=name)) for name in types]


def _judge_typed(
    rule: Rule, reading: LogReading, facts: Facts, lines: tuple[Line, ...], raised: bool
) -> Cause | RuledOut:
    """A log that names a GPU does not say that there is no second one."""
    answer = _judge_one(rule, facts, lines, raised)
    if isinstance(answer, RuledOut) and _is_unsure(answer.against, reading, facts):
        return Cause(rule, DOUBTED, lines, raised, against=answer.against)
    if reading.log.counts_gpus or len(facts.get("gpus", ())) != 1:
        return answer
    if isinstance(answer, Cause) and answer.fit == DOUBTED:
        other = _judge_one(rule, facts.replace(gpus=facts.gpus * 2), lines, raised)
        if isinstance(other, Cause) and other.fit != DOUBTED:
            missing = tuple(dict.fromkeys(("gpus", *other.missing)))
            condition = " and ".join(item for item in (answer.against, other.condition) if item)
            return replace(other, fit=OPEN, problem=None, condition=condition, missing=missing)
    return answer


def _is_unsure(phrase: str, reading: LogReading, facts: Facts) -> bool:
    """Whether a rule would be ruled out by a version that is only asked for in a command."""
    topic = f"packages.{phrase.split()[0]}"
    return topic in reading.log.unsure and topic not in facts.assumed


def _judge_one(rule: Rule, facts: Facts, lines: tuple[Line, ...], raised: bool) -> Cause | RuledOut:
    against = objection(rule, facts)
    if against is not None:
        phrase, of_header = against
        if of_header:
            return RuledOut(rule, lines, phrase)
        return Cause(rule, DOUBTED, lines, raised, against=phrase)
    cause = Cause(rule, OPEN, lines, raised, holds=held(rule, facts))
    answer = None if rule.undetectable else judge(rule, facts)
    if isinstance(answer, Finding):
        return replace(cause, fit=CONFIRMED, problem=answer.problem)
    if isinstance(answer, Undetermined):
        missing = tuple(topic for topic, _ in answer.missing)
        return replace(cause, condition=answer.condition, missing=missing)
    return cause


def _rank(answer: Cause | RuledOut) -> tuple[int, int]:
    if isinstance(answer, RuledOut):
        return len(_ORDER), 0
    return _ORDER.index(answer.fit), len(answer.missing)


def _likelihood(cause: Cause, reading: LogReading) -> tuple[object, ...]:
    """Smallest first: not doubted, raised, confirmed, fewest open facts, most that hold, longest
    text, last."""
    hits = reading.symptoms[cause.rule.code]
    longest = max(len(hit.match[0]) for hit in hits)
    return (
        cause.fit == DOUBTED,
        not cause.raised,
        _rank(cause),
        -len(cause.holds),
        -longest,
        -hits[-1].line,
        cause.rule.severity.rank,
        cause.rule.order,
    )


def _notices(reading: LogReading, causes: Iterable[Cause], words: Words) -> Iterable[SeenNotice]:
    for notice, hit, count in sorted(reading.notices, key=lambda item: item[1].line):
        yield SeenNotice(notice, _line(hit, words), count)
    for cause in causes:
        if cause.rule.severity is Severity.NOTICE:
            rule = cause.rule
            made = Notice(rule.code, rule.symptoms[0], rule.title)
            yield SeenNotice(made, cause.lines[0], len(reading.symptoms[rule.code]))


def _unrecognised(reading: LogReading, causes: Iterable[Cause], words: Words) -> Iterable[Line]:
    """The exceptions no rule and no notice accounts for, if the log's last one is such."""
    known = {hit.line for cause in causes for hit in reading.symptoms[cause.rule.code]}
    known |= {hit.line for _, hit, _ in reading.notices}
    open_ones = [
        item for item in reading.raised if not known & set(range(item.line, item.line + 12))
    ]
    if open_ones and open_ones[-1] is reading.raised[-1]:
        for item in reversed(open_ones[-_LINES:]):
            yield _line(item.hit, words)


def _line(hit: Hit, words: Words) -> Line:
    """A short line whole; of a long one what the match holds and a little around it."""
    start, end = max(0, hit.match.start() - 80), hit.match.end() + 120
    return Line(hit.line, words.excerpt(hit.text[start:end]))
