"""Import the modules, hold their rules to the contract, and guard what they run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

from ..engine.condition import Condition
from ..engine.rule import Problem, Rule, Scope
from ..errors import GemmaCompatError, PatchTargetMissing, UnknownFact
from ..values import Value
from .find import EntryPoint, entry_points

SWITCH = "GEMMA_COMPAT_PLUGINS"  # 0: none is loaded
ConditionT = TypeVar("ConditionT", bound=Condition)


class Loaded(Value):
    """What was found.

    Attributes:
        rules: those that keep the contract, guarded.
        notes: one line for each package: its rules, or what is wrong with it.
    """

    rules: tuple[Rule, ...] = ()
    notes: tuple[str, ...] = ()


def load(ours: Sequence[Rule], path: Sequence[str] | None = None) -> Loaded:
    """Return the rules of all installed packages that state the entry point.

    Args:
        ours: the rules that are there; a code or a name can be taken once.
        path: where packages are looked for; ``sys.path`` if not given.
    """
    if os.environ.get(SWITCH) == "0":
        return Loaded()
    entries = entry_points(sys.path if path is None else path)
    if not entries:
        return Loaded()
    taken = {key: rule.code for rule in ours for key in (rule.code, rule.name)}
    rules: list[Rule] = []
    notes: list[str] = []
    for entry in entries:
        found, wrong = _of_entry(entry, taken)
        taken |= {key: rule.code for rule in found for key in (rule.code, rule.name)}
        rules += found
        notes.append(_note(entry, found, wrong))
    return Loaded(tuple(rules), tuple(notes))


def _note(entry: EntryPoint, found: Sequence[Rule], wrong: Sequence[str]) -> str:
    codes = ", ".join(rule.code for rule in found) or "no rule"
    skipped = f"; skipped: {'; '.join(wrong)}" if wrong else ""
    return " ".join(f"{entry.package} {entry.version}: {codes}{skipped}".split())[:600]


def _of_entry(entry: EntryPoint, taken: dict[str, str]) -> tuple[list[Rule], list[str]]:
    from .contract import problems

    try:
        candidates = list(rules_in(entry.module))
    except Exception as error:  # probe boundary: other people's modules may raise anything
        return [], [f"{entry.module} failed: {type(error).__name__}: {error}"]
    kept: list[Rule] = []
    wrong = [] if candidates else [f"{entry.module} holds no RULE and no RULES"]
    known = dict(taken)
    for candidate in candidates:
        found = problems(candidate, entry.package, known)
        if found:
            wrong += found
            continue
        known |= {candidate.code: candidate.code, candidate.name: candidate.code}
        kept.append(_guarded(candidate, entry.package))
    return kept, wrong


def rules_in(name: str) -> Iterator[Any]:
    """Yield the rules of a module (``RULE`` or ``RULES``), or of every module of a package."""
    from pkgutil import walk_packages

    module = import_module(name)
    yield from _in_module(module)
    for item in walk_packages(getattr(module, "__path__", ()), prefix=f"{name}."):
        if not item.name.rpartition(".")[2].startswith("_"):
            yield from _in_module(import_module(item.name))


def _in_module(module: ModuleType) -> Iterator[Any]:
    yield from getattr(module, "RULES", ())
    rule = getattr(module, "RULE", None)
    if isinstance(rule, Rule):
        parent, _, stem = module.__name__.rpartition(".")
        yield rule.replace(
            name=rule.name or stem.replace("_", "-"),
            family=rule.family or parent.rpartition(".")[2] or stem,
            docs=rule.docs or module.__doc__ or "",
            describe=getattr(module, "describe", rule.describe),
            patch=getattr(module, "patch", rule.patch),
        )
    elif rule is not None:
        yield rule  # the contract says what it should be


def _guarded(rule: Rule, package: str) -> Rule:
    """Return the rule with every function in a guard: a failure is told, and stops nothing else."""
    where = f"{rule.code} of {package}"

    def all_guarded(items: Sequence[ConditionT]) -> tuple[ConditionT, ...]:
        return tuple(item.replace(test=_guarded_test(item.test, where)) for item in items)

    def guarded(scope: Scope) -> Scope:
        return scope.replace(when=all_guarded(scope.when))

    return rule.replace(
        family=rule.family or package,
        scopes=tuple(map(guarded, rule.scopes)),
        when=all_guarded(rule.when),
        refused_if=all_guarded(rule.refused_if),
        runs=all_guarded(rule.runs),
        describe=None if rule.describe is None else _guarded_words(rule.describe, rule, where),
        patch=None if rule.patch is None else _guarded_patch(rule.patch, where),
    )


def _guarded_test(test: Callable[[Any], bool], where: str) -> Callable[[Any], bool]:
    def guarded(facts: Any) -> bool:
        try:
            answer = test(facts)
        except UnknownFact:
            raise
        except Exception as error:  # probe boundary: a rule that fails decides nothing
            raise UnknownFact("plugins", f"{where} failed: {type(error).__name__}") from error
        if not isinstance(answer, bool):
            raise UnknownFact("plugins", f"{where} answered with a {type(answer).__name__}")
        return answer

    return guarded


def _guarded_words(describe: Callable[[Any], Any], rule: Rule, where: str) -> Callable[..., Any]:
    def guarded(facts: Any) -> Problem:
        try:
            said = describe(facts)
        except Exception as error:  # probe boundary: it fires, whatever its message does
            return Problem(f"{rule.title} (no message: {where} failed: {type(error).__name__})")
        return said if isinstance(said, Problem) else Problem(rule.title)

    return guarded


def _guarded_patch(patch: Callable[..., None], where: str) -> Callable[..., None]:
    def guarded(model: Any, ledger: Any) -> None:
        try:
            patch(model, ledger)
        except GemmaCompatError:
            raise
        except Exception as error:  # the ledger takes back what was written
            raise PatchTargetMissing(f"{where} failed: {type(error).__name__}: {error}") from error

    return guarded
