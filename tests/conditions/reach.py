"""Every condition that a rule asks, by a name; and which facts it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import gemma_compat
from gemma_compat.engine.condition import Condition
from gemma_compat.engine.rule import Rule
from gemma_compat.errors import UnknownFact
from gemma_compat.facts import Facts
from gemma_compat.facts._record import Record
from gemma_compat.rules import all_rules

from ..rules.made import file_of

UNDECIDED = "unknown"


def ask(item: Condition, facts: Facts) -> bool | str:
    """Yes, no, or :data:`UNDECIDED`."""
    try:
        return bool(item.test(facts))
    except UnknownFact:
        return UNDECIDED


def all_conditions() -> dict[str, Condition]:
    """Name to condition, for each that a rule asks: by itself or to refuse its cure.

    The name is that in the module which defines it, the shared ones first; a condition that is made
    in a rule's own list is named after its place there.
    """
    found: dict[Condition, str] = {}
    for rule in map(_as_its_file_states, all_rules()):
        scoped = [item for scope in rule.scopes for item in scope.when]
        for place, item in enumerate([*scoped, *rule.when, *rule.refused_if, *rule.runs]):
            found.setdefault(item, _name_in_a_module(item) or f"{rule.code}[{place}]")
    return dict(sorted((name, item) for item, name in found.items()))


def _as_its_file_states(rule: Rule) -> Rule:
    """Return the ``RULE`` of a Python file: of its conditions the index has the phrases alone."""
    if file_of(rule).suffix == ".md":
        return rule
    module: Any = import_module(f"gemma_compat.rules.{rule.family}.{file_of(rule).stem}")
    stated: Rule = module.RULE
    return stated


def _name_in_a_module(item: Condition) -> str | None:
    return _names().get(item)


@lru_cache(maxsize=None)
def _names() -> dict[Condition, str]:
    found: dict[Condition, str] = {}
    for module in _modules():
        for name, value in vars(import_module(module)).items():
            if isinstance(value, Condition):
                found.setdefault(value, f"{module.removeprefix('gemma_compat.')}.{name}")
    return found


def _modules() -> Iterator[str]:
    names = [module.name for module in walk_packages(gemma_compat.__path__, "gemma_compat.")]
    for area in ("conditions", "rules"):
        yield from (name for name in names if name.split(".")[1] == area)


@contextmanager
def reads() -> Iterator[set[str]]:
    """The paths of the facts that are read meanwhile: ``model.dtype``, ``gpus``.

    However a condition reads them, it is an attribute of a record or a record's own method. Which
    package is asked for is not seen here; :class:`Packages` sees it.
    """
    seen: set[str] = set()
    plain: dict[str, Callable[..., Any]] = {
        name: getattr(Record, name)
        for name in ("__getattribute__", "get", "known")
        if hasattr(Record, name)
    }

    def spying(method: Callable[..., Any]) -> Callable[..., Any]:
        def read(self: Record, name: str, *rest: Any) -> Any:
            if name in type(self).field_names():
                seen.add(f"{type(self).topic}.{name}".lstrip("."))
            return method(self, name, *rest)

        return read

    for name, method in plain.items():
        setattr(Record, name, spying(method))
    try:
        yield seen
    finally:
        for name, method in plain.items():
            setattr(Record, name, method)


class Packages(dict[str, Any]):
    """Packages that note by which names they are asked for."""

    def __init__(self, packages: dict[str, Any]) -> None:
        super().__init__(packages)
        self.asked: set[str] = set()

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


def paths_read(item: Condition, facts: Facts) -> set[str]:
    """What the condition reads of these facts."""
    packages = Packages(facts.packages)
    facts = facts.replace(packages=packages)
    with reads() as seen:
        ask(item, facts)
    areas = {"packages", "torch", "model", "training", "checkpoint", "adapter", "tokenizer"}
    plain = {path for path in seen if path not in {*areas, "unsloth", "reasons", "assumed"}}
    return {path for path in plain if not path.startswith("packages.")} | {
        f"packages.{name}" for name in packages.asked
    }
