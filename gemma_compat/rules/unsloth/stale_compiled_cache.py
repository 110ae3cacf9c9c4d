"""The folder unsloth_compiled_cache was written by other releases than are installed.

## What breaks
Usually nothing: Unsloth compares the releases in a file's header and writes the file anew. Where
it does not (a file that it no longer writes, a folder that is shared or read-only) old code is
imported: `has no attribute 'Gemma3RMSNorm_forward'`, `name 'forward' is not defined`.

## Why
Unsloth writes rebuilt modules and trainers into a folder beside the script, puts that folder on
`sys.path` and keeps it between runs. Each file begins with the releases it was written for.

## Cure
Delete the folder; it is written again when the next model is loaded.
"""

from __future__ import annotations

from ...conditions.unsloth import uses_unsloth
from ...engine.condition import Condition, all_of, any_of, condition
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

_NAMES = ("unsloth-zoo", "unsloth", "transformers", "trl")


def _is_stale(name: str) -> Condition:
    return Condition(
        f"a file was written for another {name}",
        lambda facts: bool(_other(facts.unsloth.compiled_caches, name, facts.version(name))),
    )


def _other(headers: tuple[str, ...] | None, name: str, version: str | None) -> list[str]:
    """Return the headers that name another release of one package than is installed."""
    return [header for header in headers or () if f"{name} {version}" not in header.split(", ")]


@condition("there is an unsloth_compiled_cache")
def has_cache(facts: Facts) -> bool:
    return bool(facts.unsloth.compiled_caches)


is_stale = all_of(
    has_cache,
    any_of(*map(_is_stale, _NAMES)),
    phrase="unsloth_compiled_cache holds files of other releases",
)


RULE = Rule(
    code="GC1103",
    since="0.1.0",
    severity=Severity.NOTICE,
    evidence=Evidence.SOURCE,
    read_in=(
        "unsloth_zoo 2026.10.9: unsloth_zoo/compiler.py, which writes the versions into each file",
    ),
    effects=("not-supported",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {"unsloth": ">=2025.3.1"}, by_config=True),),
    when=(uses_unsloth, is_stale),
    fix=Fix(setting="rm -r unsloth_compiled_cache"),
    reports=("unslothai/unsloth#3183", "unslothai/unsloth#2844", "unslothai/unsloth#2093"),
)


def _stale(facts: Facts) -> list[str]:
    """Return the headers that name other releases than are installed."""
    stale = [name for name in _NAMES if _is_stale(name).is_known_to_hold(facts)]
    headers = facts.unsloth.compiled_caches or ()
    differ = [header for name in stale for header in _other(headers, name, facts.version(name))]
    return [header for header in headers if header in differ]


def describe(facts: Facts) -> Problem:
    return Problem(
        message=f"unsloth_compiled_cache holds files written for {_stale(facts)[0]}, which is not "
        f"what is installed (unsloth {facts.version('unsloth')})",
    )
