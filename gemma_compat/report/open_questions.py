"""What could not be decided, grouped by the facts that were missing. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..engine.rule import Undetermined
from ..facts import Facts
from ..values import Value
from .wording import codes_by_severity

_AREAS = {
    "model": "the model",
    "training": "the run",
    "gpus": "the GPU",
    "driver": "the NVIDIA driver",
    "cuda_driver": "the NVIDIA driver",
    "torch": "torch's build",
    "python": "the Python version",
    "platform": "the operating system",
    "unsloth": "Unsloth",
    "adapter": "the adapter",
    "checkpoint": "the checkpoint's files",
    "tokenizer": "the tokenizer",
    "environment": "the environment variables",
    "imports": "what can be imported",
    "other_gpus": "the GPU",
    "packages": "the packages",
}


class OpenQuestion(Value):
    """Answers that wait for the same facts.

    Attributes:
        waits_for: a text that names what is missing and the option that supplies it.
        reasons: why it is missing; empty where it was simply not given.
        items: worst first.
    """

    waits_for: str
    reasons: tuple[str, ...]
    items: tuple[Undetermined, ...]

    def by_condition(self) -> dict[str, list[Undetermined]]:
        """Return the items under each condition, in order."""
        found: dict[str, list[Undetermined]] = {}
        for item in self.items:
            found.setdefault(item.condition, []).append(item)
        return found

    def codes_by_severity(self) -> dict[str, list[str]]:
        """Return their codes, each once, worst severity first."""
        return codes_by_severity(item.rule for item in self.items)


def open_questions(items: Iterable[Undetermined], facts: Facts) -> list[OpenQuestion]:
    """Group by missing facts; the group with the worst answer first."""
    groups: dict[tuple[str, ...], list[Undetermined]] = {}
    for item in items:
        areas = {_area(topic) for topic, _ in item.missing}
        groups.setdefault(tuple(sorted(areas)), []).append(item)
    return [
        OpenQuestion(
            waits_for=_listed([_with_option(area, facts) for area in areas]),
            reasons=_reasons(group, facts),
            items=tuple(group),
        )
        for areas, group in groups.items()
    ]


def _listed(parts: list[str]) -> str:
    """Return ``a, b and c``, each once."""
    *first, last = dict.fromkeys(parts)
    return f"{', '.join(first)} and {last}" if first else last


def _area(topic: str) -> str:
    """Return ``model`` for ``model.dtype``; a package keeps its name, since each is its own
    question.
    """
    return topic if topic.startswith("packages.") else topic.partition(".")[0]


def _with_option(area: str, facts: Facts) -> str:
    """Return ``the run (--args training_args.json)``; without the option where that was given."""
    if area.startswith("packages."):
        return f"the version of {area.partition('.')[2]}"
    text = _AREAS.get(area, area)
    return f"{text} ({_option(area, facts)})" if _option(area, facts) else text


def _option(area: str, facts: Facts) -> str:
    """Return the option to give, or an empty text if it was given."""
    if area == "model" and not facts.model.known("model_type"):
        return "--model DIR"
    if area == "training" and not facts.training.to_dict():
        return "--args training_args.json"
    if area == "adapter" and not facts.adapter.to_dict():
        return "--adapter DIR"
    return ""


def _reasons(items: Iterable[Undetermined], facts: Facts) -> tuple[str, ...]:
    """Return each reason once, save where an option says it all."""
    found = [
        reason
        for item in items
        for topic, reason in item.missing
        if reason and not _option(_area(topic), facts)
    ]
    return tuple(dict.fromkeys(found))
