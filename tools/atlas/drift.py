"""``make drift``: list the rules that rest on code which a new release changed.

    python -m tools.atlas.drift [--package transformers] [--version 5.24.0] [--run]
    python -m tools.atlas.drift --new       every release that the last ``make atlas`` added

A rule rests on the places that raise its error, on the functions and classes that its file names,
and on the config fields that its conditions read. If one of them differs between a release and the
one before, the rule is listed. ``--run`` runs the reproductions of these rules on the release, and
their rows move ``checked_through``. Exit status 1: there is something to look at.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pkgutil import walk_packages
from types import CodeType, ModuleType
from typing import Any

from gemma_compat import rules as rules_package
from gemma_compat.atlas._package import PackageIndex, indexed, opened, releases_of
from gemma_compat.engine.condition import Condition
from gemma_compat.engine.rule import Rule

from .new import added
from .symptoms import Found, find

_ROOT = "transformers"


@dataclass(frozen=True)
class Rest:
    """Something of a package that a rule rests on.

    Attributes:
        kind: ``raise`` (a function that raises its error), ``function``, ``class`` or ``field``.
        module: the top-level package.
        where: path of the file; empty for a field.
        name: qualified name, or the field's.
    """

    kind: str
    module: str
    where: str
    name: str


@dataclass(frozen=True)
class Change:
    """What became of it: ``changed``, ``gone`` or ``new``."""

    rest: Rest
    how: str


def modules_of_rules() -> dict[str, ModuleType]:
    """Return the module that defines each rule, by code; a Markdown rule has none."""
    found = {}
    for item in walk_packages(rules_package.__path__, prefix=rules_package.__name__ + "."):
        if not item.ispkg and not item.name.rpartition(".")[2].startswith("_"):
            module = import_module(item.name)
            if hasattr(module, "RULE"):
                found[module.RULE.code] = module
    return found


def rests(rule: Rule, module: ModuleType | None) -> set[Rest]:
    """Return everything that the rule rests on, in any release of the index."""
    found = set(_raises(rule))
    if module is not None:
        found |= set(_named(inspect.getsource(module)))
        rule = module.RULE  # the index has no functions of its conditions
    conditions = [*rule.when, *(item for scope in rule.scopes for item in scope.when)]
    return found | {Rest("field", _ROOT, "", name) for name in _fields(conditions)}


@lru_cache(maxsize=None)
def _found(symptom: str) -> tuple[Found, ...]:
    return tuple(find(symptom))


def _raises(rule: Rule) -> Iterator[Rest]:
    sites = {site for symptom in rule.symptoms for place in _found(symptom) for site in place.sites}
    for site in sites | {item.partition(" ")[2] for item in rule.raised_at}:
        path, _, name = site.partition(":")
        if name:
            yield Rest("raise", path.partition("/")[0], path, name)


def _named(source: str) -> Iterator[Rest]:
    """Yield what the rule's file imports from a package or writes as dotted text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value] if node.value.replace(".", "").replace("_", "").isalnum() else []
        else:
            continue
        for name in names:
            yield from _located(name)


def _located(dotted: str) -> Iterator[Rest]:
    """Yield where ``package.module.Name`` is defined; nothing for any other text."""
    top = dotted.partition(".")[0]
    if "." not in dotted or top not in indexed():
        return
    index = opened(top)
    owner, _, name = dotted.rpartition(".")
    for entry in index.symbols(name)[0]:
        if entry[0] == owner or owner == top:
            kind = "class" if "class" in entry[1] else "function"
            if kind in entry[1]:
                yield Rest(kind, top, _path(index, entry[0]), name)


def _path(index: PackageIndex, module: str) -> str:
    plain = module.replace(".", "/")
    package = f"{plain}/__init__.py"
    return package if f"lines/{package}" in index._file else f"{plain}.py"


def _fields(conditions: Iterable[Condition]) -> set[str]:
    """Yield the attribute names that the conditions' code reads."""
    names: set[str] = set()
    pending: list[CodeType] = [
        item.test.__code__ for item in conditions if hasattr(item.test, "__code__")
    ]
    while pending:
        code = pending.pop()
        names.update(code.co_names)
        pending += [item for item in code.co_consts if isinstance(item, CodeType)]
    return names & _config_fields()


@lru_cache(maxsize=1)
def _config_fields() -> frozenset[str]:
    """Return every name that a Gemma's config class has in some release of transformers."""
    index, found = opened(_ROOT), set[str]()
    for name in index.block("tables")["rows"]["named"]:
        simple = name.rpartition(":")[2]
        if simple.endswith("Config"):
            for entry in index.symbols(simple)[0]:
                found.update(entry[3] if len(entry) > 3 else ())
    return frozenset(found)


def changes(found: Iterable[Rest], index: PackageIndex, before: int, after: int) -> list[Change]:
    """Return what of it differs between two releases of one package."""
    made = []
    for rest in sorted(found, key=lambda item: (item.kind, item.where, item.name)):
        if rest.module != index.module:
            continue
        old, new = _state(rest, index, before), _state(rest, index, after)
        if old != new:
            how = "changed" if old and new else "new" if new else "gone"
            made.append(Change(rest, how))
    return made


def _state(rest: Rest, index: PackageIndex, release: int) -> Any:
    """Return a value that is equal if the thing is unchanged, and falsy if it does not exist."""
    if rest.kind == "field":
        return _classes_with(rest.name, index, release)
    history = index.history(rest.where)
    if history is None:
        return ()
    if rest.kind != "class":
        return history.body(release, rest.name)
    return tuple(
        (name, history.body(release, name))
        for name in sorted(history.names_in(release))
        if name.startswith(f"{rest.name}.")
    )


def _classes_with(field: str, index: PackageIndex, release: int) -> frozenset[str]:
    found = set()
    for name in index.block("tables")["rows"]["named"]:
        simple = name.rpartition(":")[2]
        if not simple.endswith("Config"):
            continue
        entries, spans = index.symbols(simple)
        for entry in entries:
            spanned = entry[3].get(field) if len(entry) > 3 else None
            if spanned is not None and release in releases_of(spans[spanned]):
                found.add(simple)
    return frozenset(found)


def main(arguments: Sequence[str] | None = None) -> int:
    """List the rules to look at. 1 if there are any, 2 if the release is not in the index."""
    parser = argparse.ArgumentParser(prog="python -m tools.atlas.drift")
    parser.add_argument("--package", default=_ROOT)
    parser.add_argument("--version", help="the new release; the newest in the index if not given")
    parser.add_argument("--run", action="store_true", help="run the reproductions of these rules")
    parser.add_argument("--new", action="store_true", help="what the last `make atlas` added")
    given = parser.parse_args(arguments)
    asked = added() if given.new else [(given.package, given.version)]
    if not asked:
        print("no new release")
    return max((_one(name, version, given.run) for name, version in asked), default=0)


def _one(package: str, version: str | None, run: bool) -> int:
    module = package.replace("-", "_")
    if module not in indexed():
        print(f"drift: error: the atlas has no {package}", file=sys.stderr)
        return 2
    index = opened(module)
    after = len(index.releases) - 1 if version is None else index.number(version)
    if not after:
        print(f"drift: error: the atlas has no {package} {version}", file=sys.stderr)
        return 2
    listed = _listed(index, after)
    _print(index, after, listed)
    if run and listed:
        return _run(package, index.releases[after].version, list(listed))
    return 1 if listed else 0


def _listed(index: PackageIndex, after: int) -> dict[str, list[Change]]:
    modules, found = modules_of_rules(), {}
    for rule in rules_package.all_rules():
        made = changes(rests(rule, modules.get(rule.code)), index, after - 1, after)
        if made:
            found[rule.code] = made
    return found


def _print(index: PackageIndex, after: int, listed: dict[str, list[Change]]) -> None:
    old, new = index.releases[after - 1].version, index.releases[after].version
    print(f"{index.distribution} {old} -> {new}: {len(listed)} rules rest on what changed")
    for code, made in sorted(listed.items(), key=lambda item: int(item[0][2:])):
        print(code)
        for change in made:
            rest = change.rest
            print(
                f"    {change.how}: {rest.kind} {rest.name}"
                + (f" in {rest.where}" if rest.where else "")
            )


def _run(package: str, version: str, codes: list[str]) -> int:
    """Run the reproductions; rules without one are named and left."""
    from tests.evidence.machine import reproductions

    proven = sorted(set(codes) & set(reproductions.codes()))
    for code in sorted(set(codes) - set(proven)):
        print(f"{code}: no reproduction; read the change")
    command = [sys.executable, "-m", "tests.evidence.machine", "--package", package]
    command += ["--version", version]
    for code in proven:
        command += ["--rule", code]
    return subprocess.run(command, check=False).returncode if proven else 1


if __name__ == "__main__":
    sys.exit(main())
