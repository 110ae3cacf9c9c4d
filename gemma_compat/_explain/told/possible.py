"""Name the rules that hold, or may hold, by what a log states, and do what a sentence tells of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...engine.rule import Finding, Severity, Undetermined
from ...facts import Facts
from ..by_symptom import is_of_unsloth
from ..explanation import Generally
from . import symptoms

_MOST = 2
# What most runs set and few people write. A rule that waits for another fact is of a rarer run, or
# of another release.
_OF_THE_RUN = {
    "model.attn_implementation",
    "model.dtype",
    "training.distributed",
    "training.evaluates",
    "training.gradient_accumulation_steps",
    "training.gradient_checkpointing",
    "training.mixed_precision",
    "training.packing",
    "training.peft",
    "training.images",
    "training.per_device_train_batch_size",
    "training.trainer",
}
# Whether Unsloth is used matters to others' rules only where it mends the failure.
_OF_UNSLOTH = {"packages.unsloth", "packages.unsloth-zoo", "unsloth.used"}


def with_rules(
    general: Iterable[Generally], holding: Sequence[Finding], waiting: Sequence[Undetermined]
) -> tuple[Generally, ...]:
    """Return the answers; those to a symptom name the rules with such an effect.

    Args:
        general: answers of the general layer.
        holding: rules that fire for the facts of the log.
        waiting: rules that a missing fact leaves open.
    """
    general = tuple(general)
    if not general or not (holding or waiting):
        return general
    effects = {item.name: set(item.effects) for item in symptoms()}
    possible = [item for item in waiting if _waits_for_the_run(item)]
    found = []
    for item in general:
        wanted = effects.get(item.name, set())
        holds = [i for i in holding if wanted & set(i.rule.effects)]
        may = [i for i in possible if wanted & set(i.rule.effects)]
        found.append(_named(item, holds[:_MOST], may[:_MOST]) if holds or may else item)
    return tuple(found)


def _waits_for_the_run(item: Undetermined) -> bool:
    open_ones = _OF_THE_RUN if is_of_unsloth(item.rule) else _OF_THE_RUN | _OF_UNSLOTH
    return item.rule.severity is not Severity.NOTICE and all(
        topic in open_ones for topic, _ in item.missing
    )


def _named(item: Generally, holds: Sequence[Finding], may: Sequence[Undetermined]) -> Generally:
    """Return the answer with those rules: what holds here is tried first."""
    answer = item.answer
    do = (*(f"{found.problem.help}   ({found.rule.code})" for found in holds), *answer.do)
    cures = [(i.rule.help(Facts()), i.rule.code) for i in may]
    do += tuple(f"{cure}   ({code})" for cure, code in cures if cure.startswith("pip install"))
    why = [f"{i.rule.code} holds by what the log states: {i.rule.title}" for i in holds]
    why += [f"possible here, if {i.condition}: {i.rule.code} {i.rule.title}" for i in may]
    return item.replace(
        answer=answer.replace(do=do, why="; ".join([*why, answer.why]), of_gemma=True)
    )
