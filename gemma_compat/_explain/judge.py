"""Judge what was read: find the rules that fit, and sort them by likelihood. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..engine.diagnosis import judge_all
from ..engine.rule import Finding, Rule, Severity, Undetermined
from ..facts import Facts
from .answers import general_answers, vague_answers
from .asking import options_to_decide
from .by_symptom import (
    by_symptom,
    is_gemma,
    is_of_unsloth,
    judge_over_types,
    likelihood,
    may_use_unsloth,
    without_unsloth,
)
from .chain import passed_on
from .explanation import (
    CONFIRMED,
    DOUBTED,
    Cause,
    Explanation,
    Generally,
    Line,
    ReadOff,
    SeenNotice,
)
from .figures import nan_in_training
from .framing import PASSED_ON, Framing, framing_of
from .lines import line_of
from .notice import Notice
from .read_off import read_off
from .told.possible import with_rules
from .unexplained import fields_of_open, went_on_at, what_to_add

if TYPE_CHECKING:
    from .excerpt import Words
    from .read_log import LogReading

# No run survives these. If the facts show one, it is the cause of whatever error ends the log.
_DECISIVE = {"GC604": "nothing of this model can be loaded with that release"}


def explain_reading(
    reading: LogReading, rules: Sequence[Rule], facts: Facts, words: Words
) -> Explanation:
    """Judge what was read.

    Where nothing knows the last error, and it only passes on one that is known, that one counts.

    Args:
        facts: those of the log, with what was given put over them.
    """
    found = _explained(reading, rules, facts, words)
    last = reading.last
    if last is None or found.unknown is None or found.leading is not None:
        return found
    for cause in passed_on(last, reading.raised):
        other = _explained(reading.up_to(cause), rules, facts, words)
        if other.leading is not None:
            return other.replace(framing=other.framing or Framing(PASSED_ON, last.line))
    return found


def _explained(
    reading: LogReading, rules: Sequence[Rule], facts: Facts, words: Words
) -> Explanation:
    off, facts = read_off(reading, facts, rules)
    is_other = reading.log.is_other and not is_gemma(facts)
    found, doubted, out = by_symptom(reading, rules, without_unsloth(facts), words)
    also, waiting = ((), ()) if is_other else _also(reading, rules, facts)
    found += [*_decisive(reading, also, found), *_behind_nan(reading, also, found)]
    ours = [cause for cause in found if not cause.if_gemma]
    failures = [cause for cause in ours if cause.rule.severity is not Severity.NOTICE]
    causes = tuple(sorted(failures, key=lambda cause: likelihood(cause, reading)))
    general = general_answers(reading, facts, words)
    causes += tuple(_of_figures(reading, rules, facts, words, causes))
    is_open = fields_of_open(reading, causes, general, facts, words)
    if not (is_open or found or general):
        general = vague_answers(reading, facts, words)
    general = with_rules(general, also, waiting)
    if general:
        from .in_place import with_new_first  # not needed where nothing is answered

        general = with_new_first(general, reading, facts)
    return Explanation(
        causes=causes,
        doubted=tuple(doubted),
        if_gemma=tuple(cause for cause in found if cause.if_gemma),
        ruled_out=tuple(out),
        generally=general,
        also=tuple(item for item in also if item.rule.code not in {c.rule.code for c in causes}),
        framing=framing_of(reading, causes, general),
        **_ended_by(reading, words),
        notices=tuple(_notices(reading, ours, words)),
        **is_open,
        read_off=tuple(off) if is_open or _is_open(causes, general) else _stated(off),
        asks=options_to_decide(causes) or what_to_add(is_open.get("unknown"), facts),
        facts=facts,
        stated_at=reading.log.lines,
        several=reading.log.several,
        other_models=reading.log.other_models if is_other else (),
        lines=reading.lines,
    )


# Answers that only say what Python's words mean.
_MEANINGS = {"something-is-none", "value-of-another-kind"}


def _is_open(causes: Sequence[Cause], general: Sequence[Generally]) -> bool:
    """Return whether only a meaning of the error is known, so that a later release may matter."""
    return not causes and bool(general) and general[0].raised and general[0].name in _MEANINGS


def _stated(off: Sequence[ReadOff]) -> tuple[ReadOff, ...]:
    """Return what the traceback says of releases, without who raised the error."""
    return tuple(item for item in off if item.kind not in {"origin", "change"})


def _ended_by(reading: LogReading, words: Words) -> dict[str, Any]:
    """Return the fields about the end of the log, and how it was read."""
    last = reading.last
    return {
        "error": line_of(last.hit, words) if last else None,
        "error_kind": words.excerpt(last.kind) if last else "",
        "outlived_at": reading.outlived_at,
        "went_on_at": went_on_at(last, reading) if last else 0,
        "cut_at": reading.cut_at,
        "is_blank": reading.is_blank,
        "skimmed": reading.skimmed,
    }


def _also(
    reading: LogReading, rules: Sequence[Rule], facts: Facts
) -> tuple[tuple[Finding, ...], tuple[Undetermined, ...]]:
    """Return what the rules find in the facts alone, whatever error ends the log; worst first.

    Beside it, the rules of a known model that a missing fact leaves open.
    """
    types = reading.log.model_types
    known = facts.model.known("model_type")
    if not (known or types):
        return (), ()
    diagnosis = judge_all(facts, rules)
    findings, waiting = diagnosis.findings, diagnosis.undetermined if known else ()
    if not known:  # a rule counts where it fires for each model that may be meant
        fires: dict[str, set[str]] = {}
        for item in findings:
            fires.setdefault(item.rule.code, set()).update(item.model_types)
        first = {i.rule.code: i for i in reversed(findings) if types & set(i.model_types)}
        findings = tuple(item for code, item in first.items() if types <= fires[code])
    kept = [
        item
        for item in findings
        if item.rule.severity is not Severity.NOTICE and _may_be_used(item.rule, facts)
    ]
    return (
        tuple(sorted(kept, key=lambda item: (item.rule.severity.rank, item.rule.order))),
        tuple(item for item in waiting if _may_be_used(item.rule, facts)),
    )


def _may_be_used(rule: Rule, facts: Facts) -> bool:
    return not is_of_unsloth(rule) or may_use_unsloth(facts)


def _decisive(reading: LogReading, also: Sequence[Finding], found: Sequence[Cause]) -> list[Cause]:
    """Return findings that no run survives, if the log ends in an error before any step."""
    known = {cause.rule.code for cause in found}
    if reading.last is None or reading.log.figures.losses:
        return []
    types = "|".join(sorted(reading.log.model_types))
    if types and re.search(rf"models[/\\.](?:{types})[/\\.]", reading.last.around):
        return []  # code of this very model ran: the stated release is another environment's
    return [
        Cause(item.rule, CONFIRMED, (), True, item.problem, because=_DECISIVE[item.rule.code])
        for item in also
        if item.rule.code in _DECISIVE and item.rule.code not in known
    ]


_MAKES_NAN = {"not-a-number", "float16-overflow", "wrong-gradients"}


def _behind_nan(
    reading: LogReading, also: Sequence[Finding], found: Sequence[Cause]
) -> list[Cause]:
    """Return findings that make loss or gradients NaN, if the run's figures are NaN."""
    if not nan_in_training(reading.log):
        return []
    known = {cause.rule.code for cause in found}
    return [
        Cause(item.rule, CONFIRMED, (), True, item.problem, because="the run's figures are NaN")
        for item in also
        if _MAKES_NAN & set(item.rule.effects) and item.rule.code not in known
    ]


def _of_figures(
    reading: LogReading,
    rules: Sequence[Rule],
    facts: Facts,
    words: Words,
    known: Sequence[Cause],
) -> Iterable[Cause]:
    """Yield a silent failure that the losses show: each is the sum over the micro-batches."""
    steps = facts.training.get("gradient_accumulation_steps") or 1
    losses = reading.log.figures.losses
    is_other = reading.log.is_other and not is_gemma(facts)
    if (
        is_other
        or steps < 2
        or not losses
        or losses[0][1] < 13
        or not 0.3 < losses[0][1] / steps < 13
    ):
        return
    number, loss = losses[0]
    because = f"the first loss is {loss:g}: {steps} accumulated micro-batches of {loss / steps:.1f}"
    for rule in rules:
        if rule.name != "accumulation-multiplies-loss" or rule.code in {c.rule.code for c in known}:
            continue
        line = Line(number, words.excerpt(f"loss {loss:g}"), f"loss {loss:g}")
        judged = without_unsloth(facts)
        answer = judge_over_types(rule, reading, judged, (line,), reading.last is None)
        if isinstance(answer, Cause) and answer.fit != DOUBTED:
            yield answer.replace(because=because)


def _notices(reading: LogReading, causes: Iterable[Cause], words: Words) -> Iterable[SeenNotice]:
    for notice, hit, count in sorted(reading.notices, key=lambda item: item[1].line):
        yield SeenNotice(notice, line_of(hit, words), count)
    for cause in causes:
        if cause.rule.severity is Severity.NOTICE:
            rule = cause.rule
            made = Notice(rule.code, rule.symptoms[0], rule.title)
            yield SeenNotice(made, cause.lines[0], len(reading.symptoms[rule.code]))
