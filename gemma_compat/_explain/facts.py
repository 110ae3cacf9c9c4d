"""The readings of a log, put together into facts. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..errors import UsageError
from ..facts import UNKNOWN, Facts, ModelFacts, Package, TorchBuild, TrainingFacts, UnslothFacts
from ..tables import checkpoints, gpus
from .readings import MENTIONED, Reading

NOT_IN_THE_LOG = "the log does not say"


@dataclass(frozen=True)
class LogFacts:
    """What a log says.

    Attributes:
        facts: the facts; the reason for everything unknown is that the log does not say.
        lines: dotted topic to the number of the line that states it.
        model_types: the types that may be meant where the log leaves it open; empty if it says
            nothing of a Gemma.
        other_models: model types of other families that it names.
        counts_gpus: whether it says how many GPUs there are.
        unsure: topics that are only mentioned, in a command for example.
    """

    facts: Facts
    lines: dict[str, int] = field(default_factory=dict)
    model_types: frozenset[str] = frozenset()
    other_models: tuple[str, ...] = ()
    counts_gpus: bool = False
    unsure: frozenset[str] = frozenset()


class Readings:
    """The best reading of each topic so far: the surest, and of equally sure ones the last."""

    def __init__(self) -> None:
        self._best: dict[str, tuple[int, int, Any]] = {}
        self._types: dict[int, tuple[int, frozenset[str]]] = {}
        self._models: set[str] = set()
        self._others: list[str] = []

    def add(self, reading: Reading, line: int) -> None:
        if reading.topic == "model_type":
            self._add_types(reading, line)
        elif reading.topic == "other_model":
            if reading.value not in self._others and len(self._others) < 20:
                self._others.append(reading.value)
        else:
            if reading.topic == "model":
                self._models.add(reading.value)
            rank = (reading.strength, line, reading.value)
            if reading.topic == "ranks":  # of processes, the highest
                rank = (reading.value, line, reading.value)
            if reading.topic not in self._best or rank[:2] >= self._best[reading.topic][:2]:
                self._best[reading.topic] = rank

    def _add_types(self, reading: Reading, line: int) -> None:
        """Of each strength the types that all readings have in common, else all of them."""
        _, known = self._types.get(reading.strength, (line, reading.value))
        self._types[reading.strength] = (line, (known & reading.value) or (known | reading.value))

    def to_facts(self) -> LogFacts:
        values = {topic: value for topic, (_, _, value) in self._best.items()}
        lines = {topic: line for topic, (_, line, _) in self._best.items()}
        types, line = self._model_types()
        model, name = self._model(values, types)
        if types:
            lines["model.model_type"] = line
        facts = Facts(
            packages=_packages(values),
            torch=_torch(values.get("packages.torch")),
            gpus=_gpus(values),
            unsloth=UnslothFacts(**_fields(values, "unsloth")),
            model=model.replace(**_fields(values, "model")),
            training=TrainingFacts(**_fields(values, "training")),
            reasons=dict.fromkeys(_AREAS, NOT_IN_THE_LOG),
            assumed={"model": f"what is published of {name}"} if name else {},
        )
        if "python" in values:
            facts = facts.replace(python=values["python"])
        counts = bool({"gpu_count", "ranks"} & values.keys())
        unsure = frozenset(t for t, best in self._best.items() if best[0] == MENTIONED)
        return LogFacts(facts, lines, types, tuple(self._others), counts, unsure)

    def _model_types(self) -> tuple[frozenset[str], int]:
        """A class that was named outweighs a module; they narrow each other down."""
        found: frozenset[str] = frozenset()
        line = 0
        for strength in sorted(self._types, reverse=True):
            at, types = self._types[strength]
            found, line = ((found & types) or found, line) if found else (types, at)
        return found, line

    def _model(
        self, values: dict[str, Any], types: frozenset[str]
    ) -> tuple[ModelFacts, str | None]:
        """Figures of the one published checkpoint that the log names; else the type alone."""
        from ..detect.model import read_known

        known = checkpoints.find(values.get("model", "")) if len(self._models) == 1 else None
        if known is not None and types == {known.config["model_type"]}:
            return read_known(known)[0], known.published_as
        return (ModelFacts(model_type=min(types)) if len(types) == 1 else ModelFacts()), None


_AREAS = (
    "python", "packages", "torch", "gpus", "driver", "cuda_driver", "model", "training",
    "checkpoint", "adapter", "tokenizer", "environment",
)  # fmt: skip


def _fields(values: dict[str, Any], area: str) -> dict[str, Any]:
    start = f"{area}."
    return {topic[len(start) :]: v for topic, v in values.items() if topic.startswith(start)}


def _packages(values: dict[str, Any]) -> dict[str, Package | None]:
    return {
        name: None if version is None else Package(name=name, version=version)
        for name, version in _fields(values, "packages").items()
    }


def _torch(version: str | None) -> TorchBuild:
    if version is None:
        return TorchBuild()
    label = version.partition("+")[2]
    if label.startswith("cu") and label[2:].isdigit():
        return TorchBuild(version=version, cuda=f"{label[2:-1]}.{label[-1]}", hip=None)
    return TorchBuild(version=version)


def _gpus(values: dict[str, Any]) -> Any:
    """The GPU that is named, as often as is said; one where nothing is said."""
    count = values.get("gpu_count") or values.get("ranks") or 1
    try:
        return gpus.parse(f"{count}x{values['gpus']}") if "gpus" in values else UNKNOWN
    except UsageError:  # a count or a capability that the table does not have
        return UNKNOWN


def merge(base: Facts, read: Facts) -> Facts:
    """``base`` with what it leaves open taken from ``read``."""
    changes: dict[str, Any] = {"packages": {**read.packages, **base.packages}}
    for name in ("model", "training", "torch", "unsloth"):
        known = getattr(base, name)
        missing = {k: v for k, v in vars(getattr(read, name)).items() if not known.known(k)}
        changes[name] = known.replace(**missing)
    for name in ("python", "gpus"):
        if not base.known(name) and read.known(name):
            changes[name] = getattr(read, name)
    return base.replace(assumed={**read.assumed, **base.assumed}, **changes)
