"""Combine the readings of a log into facts. Pure."""

from __future__ import annotations

from typing import Any

from ..facts import (
    UNKNOWN,
    AdapterFacts,
    Facts,
    ModelFacts,
    TrainingFacts,
    UnslothFacts,
)
from ..tables import checkpoints
from ..values import Value
from .log_gpus import counts_gpus, gpus_of
from .log_packages import packages_of, torch_of
from .readers import LISTED, MENTIONED, STATED, Reading

NOT_IN_THE_LOG = "the log does not say"


class Figures(Value):
    """Numbers that the run printed about itself.

    Attributes:
        losses: the first training losses that the run printed, each after its line.
        told: the highest loss that a sentence tells of, after its line.
        nan: ``loss`` and ``grad_norm`` to the line where each was first NaN or infinite.
        flat: the lines of the first gradient norms, where each that was printed is 0.
        alike: the same of the spread of rewards among the answers to one prompt.
        trained, parameters: how many parameters are trained, of how many; ``None`` if not stated.
    """

    losses: tuple[tuple[int, float], ...] = ()
    told: tuple[int, float] | None = None
    nan: dict[str, int] = {}
    flat: tuple[int, ...] = ()
    alike: tuple[int, ...] = ()
    trained: int | None = None
    parameters: int | None = None


class LogFacts(Value):
    """What a log says.

    Attributes:
        facts: the facts; the reason for everything unknown is that the log does not say.
        lines: dotted topic to the number of the line that states it.
        model_types: the types that may be meant where the log leaves it open; empty if it says
            nothing of a Gemma.
        other_models: model types of other families that it names.
        is_other: whether the log is about one of those, and not about a Gemma.
        counts_gpus: whether it says how many GPUs there are.
        unsure: topics that are only mentioned, in a command for example.
        figures: what the run printed of itself.
        several: package to the releases, with lines, that different parts of the log list.
        spread: whether one process spreads the model over GPUs (``device_map="auto"``).
        apple: whether it ran on an Apple machine.
        gpu_memory: of one GPU, in GiB, as the log states it; ``None`` where it does not.
        model_name: the one published checkpoint that the log names, or ``None``.
        finished_at: the line that says last that training has ended; 0 where none does.
        told: what sentences and scripts tell of the run's size, by the name of ``told_run``'s
            topics; for estimates only. What two values are told of is left out.
        cards: how many GPUs the log states; ``None`` where it does not.
        tells_precision: whether any line names a precision, though not as a setting that is read.
    """

    facts: Facts
    lines: dict[str, int] = {}
    model_types: frozenset[str] = frozenset()
    other_models: tuple[str, ...] = ()
    is_other: bool = False
    counts_gpus: bool = False
    unsure: frozenset[str] = frozenset()
    figures: Figures = Figures()
    several: dict[str, tuple[tuple[str, int], ...]] = {}
    spread: bool = False
    apple: bool = False
    gpu_memory: float | None = None
    model_name: str | None = None
    finished_at: int = 0
    told: dict[str, Any] = {}
    cards: int | None = None
    tells_precision: bool = False


_MOST_LOSSES, _MOST_OTHERS = 200, 20
# If a log lists two releases of one of these, the report says so.
_TOLD_TWICE = ("transformers", "torch", "trl", "peft", "accelerate", "unsloth", "unsloth-zoo")


class Readings:
    """Keep the best reading of each topic: the surest, and among equally sure ones the last."""

    def __init__(self) -> None:
        self._best: dict[str, tuple[int, int, Any]] = {}
        self._types: dict[int, tuple[int, frozenset[str]]] = {}
        self._models: dict[str, int] = {}
        self._others: dict[str, int] = {}
        self._losses: list[tuple[int, float]] = []
        self._told: list[tuple[int, float]] = []
        self._nan: dict[str, int] = {}
        self._rows: dict[str, list[tuple[int, float]]] = {"norm": [], "reward_std": []}
        self._stated: dict[str, set[str]] = {}
        self._cards: dict[int, set[str]] = {}
        self._releases: dict[str, dict[str, int]] = {}
        self._told_run: dict[str, dict[Any, int]] = {}

    def add(self, reading: Reading, line: int) -> None:
        topic, value = reading.topic, reading.value
        if topic == "model_type":
            self._add_types(reading, line)
        elif topic == "other_model":
            if value in self._others or len(self._others) < _MOST_OTHERS:
                self._others[value] = max(reading.strength, self._others.get(value, 0))
        elif topic == "figures.loss":
            if len(self._losses) < _MOST_LOSSES:
                self._losses.append((line, value))
        elif topic.removeprefix("figures.") in self._rows:
            self._rows[topic.removeprefix("figures.")].append((line, value))
        elif topic == "figures.told_loss":
            self._told.append((line, value))
        elif topic.startswith("told."):
            values = self._told_run.setdefault(topic.removeprefix("told."), {})
            if value in values or len(values) < _MOST_OTHERS:
                values[value] = max(reading.strength, values.get(value, 0))
        elif topic.startswith("figures.nan_"):
            self._nan.setdefault(topic.removeprefix("figures.nan_"), line)
        else:
            self._keep(reading, line)

    def _keep(self, reading: Reading, line: int) -> None:
        topic, value = reading.topic, reading.value
        if topic.startswith("packages.") and reading.strength == STATED and value:
            self._stated.setdefault(topic, set()).add(value.partition("+")[0])
        if topic == "gpus":
            self._cards.setdefault(reading.strength, set()).add(value)
        if topic == "model":
            self._models[value] = max(reading.strength, self._models.get(value, 0))
        if topic.startswith("packages.") and reading.strength == LISTED and value:
            releases = self._releases.setdefault(topic.removeprefix("packages."), {})
            releases[value.partition("+")[0]] = line
        rank = (reading.strength, line, value)
        if topic == "highest_rank":  # of processes, the highest
            rank = (value, line, value)
        best = self._best.get(topic)
        if best is None or rank[:2] >= best[:2]:
            if best and isinstance(value, str) and str(best[2]).startswith(f"{value}+"):
                rank = (*rank[:2], best[2])  # the same release with its build's label
            self._best[topic] = rank

    def _add_types(self, reading: Reading, line: int) -> None:
        """Intersect the types of readings of one strength; unite them if nothing is common."""
        _, known = self._types.get(reading.strength, (line, reading.value))
        self._types[reading.strength] = (line, (known & reading.value) or (known | reading.value))

    def to_facts(self) -> LogFacts:
        self._leave_contradictions_out()
        values = {topic: value for topic, (_, _, value) in self._best.items()}
        lines = {topic: line for topic, (_, line, _) in self._best.items()}
        is_other = self._is_other()
        types, line = (frozenset(), 0) if is_other else self._model_types()
        model, name = (ModelFacts(), None) if is_other else self._model(types)
        if types:
            lines["model.model_type"] = line
        return LogFacts(
            facts=self._facts(values, model, name),
            lines=lines,
            model_types=types,
            other_models=tuple(self._others),
            is_other=is_other,
            counts_gpus=counts_gpus(values),
            unsure=frozenset(t for t, best in self._best.items() if best[0] == MENTIONED),
            figures=self._figures(values),
            several=self._several(),
            spread="spread" in values,
            apple="apple" in values,
            gpu_memory=values.get("gpu_memory"),
            model_name=None if is_other else self._one_model(),
            finished_at=lines.get("finished", 0),
            told=self._run_as_told(),
            cards=values.get("gpu_count") or values.get("ranks"),
            tells_precision="precision_told" in values,
        )

    def _leave_contradictions_out(self) -> None:
        """Forget a package of which sentences tell several releases, and none says which runs."""
        for topic, releases in self._stated.items():
            if len(releases) > 1 and topic in self._best and self._best[topic][0] == STATED:
                del self._best[topic]

    def _facts(self, values: dict[str, Any], model: ModelFacts, name: str | None) -> Facts:
        named = self._cards.get(self._best["gpus"][0], ()) if "gpus" in values else ()
        gpus, unclear = gpus_of(values, named)
        reasons = dict.fromkeys(_AREAS, NOT_IN_THE_LOG)
        if unclear or gpus is not UNKNOWN:
            reasons["gpus"] = unclear
        facts = Facts(
            packages=packages_of(values),
            torch=torch_of(values.get("packages.torch")),
            gpus=gpus,
            unsloth=UnslothFacts(**_fields(values, "unsloth")),
            model=model.replace(**_fields(values, "model")),
            training=TrainingFacts(**_fields(values, "training")),
            adapter=AdapterFacts(**_fields(values, "adapter")),
            reasons=reasons,
            assumed={"model": f"what is published of {name}"} if name else {},
        )
        return facts.replace(python=values["python"]) if "python" in values else facts

    def _run_as_told(self) -> dict[str, Any]:
        """Return what is told of once, or more surely than anything else of its kind."""
        found = {}
        for topic, values in self._told_run.items():
            surest = max(values.values())
            named = [value for value, strength in values.items() if strength == surest]
            if len(named) == 1:
                found[topic] = named[0]
        return found

    def _several(self) -> dict[str, tuple[tuple[str, int], ...]]:
        return {
            name: tuple(sorted(found.items(), key=lambda item: item[1]))
            for name, found in self._releases.items()
            if len(found) > 1 and name in _TOLD_TWICE
        }

    def _figures(self, values: dict[str, Any]) -> Figures:
        trained, whole = values.get("figures.trained"), values.get("figures.parameters")
        told = max(self._told, key=lambda item: item[1], default=None)
        flat, alike = (
            () if any(value for _, value in rows) else tuple(line for line, _ in rows)
            for rows in self._rows.values()
        )
        return Figures(tuple(self._losses), told, dict(self._nan), flat, alike, trained, whole)

    def _is_other(self) -> bool:
        """Return whether another family is named more surely than a Gemma."""
        gemma = max(self._types, default=0)
        other = max(self._others.values(), default=0)
        return other > gemma or (other == STATED and gemma == MENTIONED)

    def _model_types(self) -> tuple[frozenset[str], int]:
        """Return the possible types and a line: a named class outweighs a module, and
        narrows it.
        """
        found: frozenset[str] = frozenset()
        line = 0
        for strength in sorted(self._types, reverse=True):
            at, types = self._types[strength]
            found, line = ((found & types) or found, line) if found else (types, at)
        return found, line

    def _one_model(self) -> str | None:
        """Return the published checkpoint that is named most surely; ``None`` if several are."""
        surest = max(self._models.values(), default=0)
        named = [name for name, strength in self._models.items() if strength == surest]
        return named[0] if len(named) == 1 else None

    def _model(self, types: frozenset[str]) -> tuple[ModelFacts, str | None]:
        """Return the facts of the one published checkpoint that the log names, else the
        type alone.
        """
        name = self._one_model()
        known = checkpoints.find(name) if name else None
        if known is not None and types == {known.config["model_type"]}:
            from ..detect.model import read_known

            return read_known(known)[0], known.published_as
        if len(types) != 1:
            return ModelFacts(), None
        return ModelFacts(model_type=min(types), live=False), None


_AREAS = (
    "python", "packages", "torch", "gpus", "driver", "cuda_driver", "model", "training",
    "checkpoint", "adapter", "tokenizer", "environment",
)  # fmt: skip


def _fields(values: dict[str, Any], area: str) -> dict[str, Any]:
    start = f"{area}."
    return {topic[len(start) :]: v for topic, v in values.items() if topic.startswith(start)}


def merge(base: Facts, read: Facts) -> Facts:
    """Return ``base``, with what it leaves open taken from ``read``."""
    changes: dict[str, Any] = {"packages": {**read.packages, **base.packages}}
    for name in ("model", "training", "torch", "unsloth"):
        known = getattr(base, name)
        missing = {k: v for k, v in vars(getattr(read, name)).items() if not known.known(k)}
        changes[name] = known.replace(**missing)
    for name in ("python", "gpus"):
        if not base.known(name) and read.known(name):
            changes[name] = getattr(read, name)
    if "gpus" in changes:
        changes["reasons"] = {**base.reasons, "gpus": read.reason("gpus")}
    return base.replace(assumed={**read.assumed, **base.assumed}, **changes)
