"""Flatten facts into a table of texts by dotted topic, to compare nodes.

What differs on every healthy node is left out: free memory, ids and numbers of GPUs, paths, the
reasons for unknowns, and the variables that tell ranks apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

from ..facts import Facts, Gpu, Package
from .node import Node

NOT_GIVEN, GIVEN = "not given", "given"
_SCALARS = ("python", "platform", "driver", "cuda_driver", "other_gpus")
# Parts that a report has only if the user named a model, arguments and so on.
AREAS = ("model", "training", "checkpoint", "adapter", "tokenizer")
_OF_A_RANK = {"RANK", "LOCAL_RANK"}


def cells(node: Node) -> dict[str, str]:
    """Return the topics of a node that has facts; leave out what is unknown there."""
    facts = node.facts
    assert facts is not None
    return {"gemma_compat": node.tool or "unknown", **dict(_of(facts))}


def fingerprint(table: dict[str, str]) -> bytes:
    """Return a hash that is equal for equal tables; keeping the tables would take too much
    memory.
    """
    return blake2b(repr(sorted(table.items())).encode("utf-8", "surrogatepass")).digest()


def _of(facts: Facts) -> Iterator[tuple[str, str]]:
    for name in _SCALARS:
        if facts.known(name):
            yield name, _text(getattr(facts, name))
    for name, package in facts.packages.items():
        yield from _package(name, package, facts)
    for name, value in vars(facts.torch).items():
        if name != "version" and facts.torch.known(name):
            yield f"torch.{name}", _text(value)
    if facts.known("gpus"):
        yield from _gpus(facts.gpus)
    for area in AREAS:
        yield from _area(area, getattr(facts, area))
    for name, value in vars(facts.unsloth).items():
        if name != "requires" and facts.unsloth.known(name):
            yield f"unsloth.{name}", _text(value)
    yield from _environment(facts)
    for name, outcome in facts.imports.items():
        yield f"imports.{name}", outcome.partition(":")[0]
    for name, version in facts.libraries.items():
        yield f"libraries.{name}", version
    if facts.assumed:
        yield "assumed", _text(facts.assumed)


def _package(name: str, package: Package | None, facts: Facts) -> Iterator[tuple[str, str]]:
    if package is None:
        yield f"packages.{name}", "not installed"
        return
    version = package.get("version")
    if name == "torch":
        version = facts.torch.get("version", version)
    if version is not None:
        source = f" from {package.vcs}" if package.vcs else ""
        editable = " (editable)" if package.editable else ""
        broken = " (broken)" if package.problem else ""
        yield f"packages.{name}", f"{version}{source}{editable}{broken}"


def _gpus(gpus: tuple[Gpu, ...]) -> Iterator[tuple[str, str]]:
    counts: dict[str, int] = {}
    for gpu in gpus:
        name = str(gpu.get("name", "of unknown name"))
        counts[name] = counts.get(name, 0) + 1
    yield "gpus", ", ".join(f"{count} x {name}" for name, count in counts.items()) or "none"
    if gpus:
        found = [gpu.compute_capability for gpu in gpus if gpu.known("compute_capability")]
        yield "gpus.compute_capability", _distinct("{}.{}".format(*item) for item in found)
        memory = [gpu.memory_total for gpu in gpus if gpu.known("memory_total")]
        yield "gpus.memory_total", _distinct(f"{item / 1024:.0f} GiB" for item in memory)
        for name in ("ecc", "mig"):
            yield f"gpus.{name}", _distinct(_text(gpu.get(name)) for gpu in gpus)


def _area(area: str, record: Any) -> Iterator[tuple[str, str]]:
    known = [name for name in vars(record) if record.known(name)]
    yield area, GIVEN if known else NOT_GIVEN
    for name in known:
        yield f"{area}.{name}", _text(getattr(record, name))


def _environment(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield the environment variables, unset ones too; nothing where none is known."""
    if not facts.known("environment"):
        return
    yield "environment", GIVEN
    for name, value in facts.environment.items():
        if name == "CUDA_VISIBLE_DEVICES":
            value = _devices(value)
        if name not in _OF_A_RANK:
            yield f"environment.{name}", value


def _devices(value: str) -> str:
    """Return how many GPUs it shows, not which: launchers give each rank of a host another one."""
    count = len([item for item in value.split(",") if item.strip() not in {"", "-1"}])
    return f"shows {count}"


def _distinct(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(texts))


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return ", ".join(_text(item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(item)}" for key, item in sorted(value.items())) or "none"
    return str(value)
