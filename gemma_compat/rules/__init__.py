"""Discovery: every file in a family's folder is a rule. Adding one edits no list.

A Python file has a ``RULE``, and ``describe`` and ``patch`` where the rule needs them. A Markdown
file is a rule whose conditions are all shared ones, or a page about a failure that cannot be
judged: its header is front matter. ``make index`` writes what the files state into ``index.json``
(what judging reads), ``pages.jsonl`` (what is shown) and ``sought.json`` (what ``explain`` searches
for), and tests compare, so that no file is read before its rule matters. They come in the order of
the codes.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

from ..data import read_bytes
from ..engine.rule import Rule
from ..errors import UsageError
from ..plugins import Loaded, load


@lru_cache(maxsize=1)  # what is installed does not change under a process
def all_rules() -> tuple[Rule, ...]:
    """Return every rule: ours by code, then those of installed plugins."""
    ours, found = own_rules(), plugins()
    replaced = {rule.code for rule in found.rules}
    return (*(rule for rule in ours if rule.code not in replaced), *found.rules)


@lru_cache(maxsize=1)
def plugins() -> Loaded:
    """Return the rules of other packages, and a line about each package."""
    return load(own_rules())


@lru_cache(maxsize=1)  # the index does not change under a process, and ``patch`` asks twice
def own_rules() -> tuple[Rule, ...]:
    """Return the rules of this package."""
    import json

    from ._index import rule_of

    entries = json.loads(read_bytes("index.json", __name__))
    return tuple(
        rule_of(entry, partial(_page, place), partial(_sought, place))
        for place, entry in enumerate(entries)
    )


def own_words() -> frozenset[str]:
    """Return the words of the pages and symptoms of our rules, in lower case."""
    return frozenset(_all_sought()["words"])


def _sought(place: int) -> dict[str, Any]:
    """Return what is searched for, of the rule that has this place in the index."""
    found: dict[str, Any] = _all_sought()["rules"][place]
    return found


@lru_cache(maxsize=1)
def _all_sought() -> dict[str, Any]:
    import json

    found: dict[str, Any] = json.loads(read_bytes("sought.json", __name__))
    return found


def _page(place: int) -> dict[str, Any]:
    """Return what is shown of the rule that has this place in the index."""
    import json

    page: dict[str, Any] = json.loads(_pages()[place])
    return page


@lru_cache(maxsize=1)  # a list of all rules asks for each page
def _pages() -> list[bytes]:
    return read_bytes("pages.jsonl", __name__).splitlines()


def find(name: str, rules: tuple[Rule, ...] | None = None) -> Rule:
    """Return the rule with this code or name.

    Raises:
        UsageError: if there is none; the text names the nearest ones.
    """
    known = all_rules() if rules is None else rules
    by_name = {key: rule for rule in known for key in (rule.code.lower(), rule.name)}
    key = name.strip().lower().replace("_", "-")
    if key in by_name:
        return by_name[key]
    import difflib

    digits = key[:2] + key[2:].translate(str.maketrans("loi", "101"))  # GC10l
    near = difflib.get_close_matches(digits, by_name, n=3, cutoff=0.3)
    nearest = dict.fromkeys(by_name[item] for item in near)
    hint = ", ".join(f"{rule.code} {rule.name}" for rule in nearest)
    raise UsageError(
        f"no rule is called {name!r}; " + (f"nearest: {hint}" if hint else "see gemma_compat rule")
    )
