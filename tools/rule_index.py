"""Write what the files of the rules state: ``make index``.

Of each rule ``gemma_compat/rules/index.json`` has what judging reads, ``pages.jsonl`` beside it
what is shown, and ``sought.json`` what ``explain`` searches for. One line is one rule, in the
order of the codes. A rule that is a Markdown file is data: TOML between two lines of ``+++``, and
the page below it. Of a Python file the index has all that is data, and what its conditions are
made of. The package reads the index, so that a report neither parses pages nor imports the files
of rules that do not matter.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tools.tried import tried, without_gpus
from tools.untold import untold

if TYPE_CHECKING:
    from gemma_compat.engine.condition import Condition
    from gemma_compat.engine.rule import Rule, Scope

RULES = Path(__file__).resolve().parent.parent / "gemma_compat" / "rules"
INDEX = RULES / "index.json"
PAGES = RULES / "pages.jsonl"
SOUGHT = RULES / "sought.json"
_CONDITIONS = ("when", "runs", "refused_if")


class BadRule(Exception):
    """A file of a rule that cannot be read; the text says which and why."""


def read_page(file: Path) -> dict[str, Any]:
    """Return the fields of a Markdown rule, with its name, family and page.

    Raises:
        BadRule: if the file has no front matter, or that is not TOML, or states other fields.
    """
    from gemma_compat.rules._index import OF_PAGES

    opening, _, rest = file.read_text(encoding="utf-8").partition("+++\n")
    header, closing, page = rest.partition("\n+++\n")
    if opening or not closing:
        raise BadRule(f"{file}: begins with TOML between two lines of +++")
    toml: Any = import_module("tomllib")  # Python 3.11 and newer
    try:
        stated = toml.loads(header)
    except toml.TOMLDecodeError as error:
        raise BadRule(f"{file}: {error}") from error
    if not stated.keys() <= OF_PAGES:
        raise BadRule(f"{file}: no such field: {', '.join(sorted(stated.keys() - OF_PAGES))}")
    return {**stated, **_place(file), "docs": page.strip().removeprefix("# ") + "\n"}


def read_module(file: Path) -> dict[str, Any]:
    """Return the fields of a Python rule that differ from the defaults, conditions by name.

    Raises:
        BadRule: if the file cannot be imported or has no ``RULE``.
    """
    from gemma_compat.engine.rule import Rule
    from gemma_compat.rules._index import FUNCTIONS

    name = f"gemma_compat.rules.{file.parent.name}.{file.stem}"
    try:
        module = import_module(name)
        rule: Rule = module.RULE
    except (ImportError, AttributeError, SyntaxError, TypeError, ValueError) as error:
        raise BadRule(f"{file}: {type(error).__name__}: {error}") from error
    entry = {
        name: _plain(value)
        for name in Rule.field_names()
        if (value := getattr(rule, name)) != getattr(Rule, name, None) or name == "evidence"
    }
    named = Names(module).of
    entry |= {key: named(getattr(rule, key)) for key in _CONDITIONS if key in entry}
    entry["scopes"] = [_scope(scope, named) for scope in rule.scopes]
    functions = [key for key in FUNCTIONS if callable(getattr(module, key, None))]
    return {**entry, **_place(file), "functions": functions, "docs": _page_of(module)}


def _page_of(module: ModuleType) -> str:
    return module.__doc__ or ""


def _place(file: Path) -> dict[str, str]:
    return {"name": file.stem.replace("_", "-"), "family": file.parent.name}


def _scope(scope: Scope, named: Callable[[Iterable[Condition]], list[Any]]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "model_types": sorted(scope.model_types),
        "packages": dict(scope.packages),
    }
    if scope.when:
        entry["when"] = named(scope.when)
    if scope.by_config:
        entry["by_config"] = True
    if scope.fixed_in is not None:
        entry["fixed_in"] = dict(scope.fixed_in)
    return entry


class Names:
    """The conditions of one rule's file, as the index has them.

    A shared condition is its name. A combined one is its combinator and its parts. One that the
    file defines is its name there, its phrase, and what trying it shows (``tried.py``).
    """

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._own = {id(value): name for name, value in vars(module).items()}

    def of(self, items: Iterable[Condition]) -> list[Any]:
        """Return what the index has for each condition.

        Raises:
            BadRule: if one has no name in the file and cannot be put together from others.
        """
        return [self._stated(item) for item in items]

    def _stated(self, item: Condition) -> Any:
        from gemma_compat.engine.condition import Combined

        name = self._own.get(id(item))
        if id(item) in _shared_names():
            return _shared_names()[id(item)]
        if isinstance(item, Combined):
            try:
                return {item.how: self.of(item.parts), "phrase": item.phrase}
            except BadRule:  # a part that a function made
                if name is None:
                    raise
                return {"own": name, "phrase": item.phrase, **without_gpus(item)}
        if name is None:
            raise BadRule(f"{self._module.__name__}: give a name to {item.phrase!r}")
        return {"own": name, "phrase": item.phrase, **tried(item)}


@lru_cache(maxsize=1)
def _shared_names() -> dict[int, str]:
    """Return the names of the shared conditions, by identity; the first where there are two."""
    from gemma_compat import conditions
    from gemma_compat.engine import condition

    found = {id(condition.NO): "NO", id(condition.YES): "YES"}
    for topic in iter_modules(conditions.__path__):
        for name, value in vars(import_module(f"{conditions.__name__}.{topic.name}")).items():
            if isinstance(value, condition.Condition):
                found.setdefault(id(value), f"{topic.name}.{name}")
    return found


def _plain(value: Any) -> Any:
    """Return a field as JSON has it: without the parts of a :class:`Fix` that say nothing."""
    from gemma_compat.engine.rule import Fix

    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Fix):
        return {key: item for key, item in vars(value).items() if item}
    return value if isinstance(value, (str, bool)) else list(value)


def read_all(folder: Path = RULES) -> list[dict[str, Any]]:
    """Return the fields of every rule, by code. Raises as :func:`read_page`."""
    entries = [read_page(file) for file in folder.glob("*/*.md")]
    entries += [read_module(file) for file in folder.glob("*/*.py") if file.name[0] != "_"]
    return sorted(entries, key=lambda entry: int(entry["code"][2:]))


def split(entry: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return what judging reads of a rule, what is shown of it, and what is searched for."""
    from gemma_compat.engine.rule import Rule, Severity
    from gemma_compat.rules._index import LISTS, MADE, SHOWN, SOUGHT, rule_of

    elsewhere = {*LISTS, *MADE, *SHOWN, *SOUGHT}
    judged: dict[str, Any] = {
        "fields": {key: item for key, item in entry.items() if key not in elsewhere},
        "lists": {key: entry[key] for key in LISTS if key in entry},
        **{key: entry[key] for key in MADE if key in entry},
        "scopes": [dict(scope) for scope in entry["scopes"]],
    }
    judged["fields"]["title"] = Rule(
        "", Severity.ERROR, (), name=entry["name"], docs=entry["docs"]
    ).title
    page = {key: item for key, item in entry.items() if key in SHOWN}
    sought = {key: item for key, item in entry.items() if key in SOUGHT}
    judged = {key: item for key, item in judged.items() if item}
    for scope in judged["scopes"]:
        scope["model_types"] = " ".join(scope["model_types"])
    if "undetectable" not in entry:
        rule = rule_of(judged, lambda: page, lambda: sought)
        for scope, kept in zip(judged["scopes"], untold(rule), strict=True):
            if kept is not None:
                scope["untold"] = kept
    return judged, page, sought


def texts(entries: Iterable[Mapping[str, Any]]) -> dict[Path, str]:
    """Return the files of the index with their texts."""
    from gemma_compat._explain.excerpt import words_of

    entries = list(entries)
    judged, pages, sought = zip(*map(split, entries), strict=True)
    words = {
        word
        for entry in entries
        for word in words_of(entry["docs"], entry["name"], *entry.get("symptoms", ()))
    }
    return {
        INDEX: "[\n" + ",\n".join(map(json.dumps, judged)) + "\n]\n",
        PAGES: "".join(f"{json.dumps(page)}\n" for page in pages),
        SOUGHT: '{"rules": [\n'
        + ",\n".join(map(json.dumps, sought))
        + f'\n],\n"words": {json.dumps(sorted(words))}}}\n',
    }


def main() -> int:
    """Write the index; 1 where a file cannot be read."""
    try:
        for file, text in texts(read_all()).items():
            file.write_text(text, encoding="utf-8")
    except BadRule as error:
        print(f"index: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
