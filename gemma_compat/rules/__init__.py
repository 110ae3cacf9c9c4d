"""Discovery: every module below this package that has a ``RULE`` is a rule.

A module with ``RULES`` is a table: each row is a rule with a code and a page of its own. Adding a
rule edits no list. The order is that of the codes.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pkgutil import walk_packages

from ..engine.rule import Rule
from ..errors import UsageError


def all_rules() -> tuple[Rule, ...]:
    """Every rule, by code. Modules whose name starts with an underscore hold none."""
    found = []
    for module in walk_packages(__path__, prefix=__name__ + "."):
        if not module.name.rpartition(".")[2].startswith("_"):
            imported = import_module(module.name)
            if hasattr(imported, "RULE"):
                found.append(replace(imported.RULE, docs=imported.__doc__ or ""))
            found.extend(getattr(imported, "RULES", ()))
    return tuple(sorted(found, key=lambda rule: rule.order))


def find(name: str, rules: tuple[Rule, ...] | None = None) -> Rule:
    """The rule with this code or name. ``UsageError`` names the nearest ones."""
    known = all_rules() if rules is None else rules
    by_name = {key: rule for rule in known for key in (rule.code.lower(), rule.name)}
    key = name.strip().lower().replace("_", "-")
    if key in by_name:
        return by_name[key]
    import difflib

    near = difflib.get_close_matches(key, by_name, n=3, cutoff=0.3)
    nearest = dict.fromkeys(by_name[item] for item in near)
    hint = ", ".join(f"{rule.code} {rule.name}" for rule in nearest)
    raise UsageError(
        f"no rule is called {name!r}; " + (f"nearest: {hint}" if hint else "see gemma_compat rule")
    )
