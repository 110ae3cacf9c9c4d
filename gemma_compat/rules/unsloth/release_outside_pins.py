"""A library is installed in a release that this Unsloth does not allow.

## What breaks
Anything: Unsloth reads and rewrites the source of transformers, TRL and PEFT, and was not tried
on this one. Its own message is often another, such as `is not supported in your current Unsloth
version`, which hides that the library beside it is too new or too old.

## Why
Unsloth's metadata says which releases it works with: an upper bound, and holes for releases that
it cannot work with. `pip install -U transformers` afterwards, or `--no-deps`, goes past them. The
newest Unsloth may be the cure, since the window moves with it.

## Cure
Install a release inside the window, or a newer Unsloth whose window holds the installed one. From
2026.4 to 2026.9 that window ended at transformers 5.5.0, which loses shared keys and values of
Gemma 3n and Gemma 4 (GC104, GC1110): there the newer Unsloth is the cure.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...conditions.unsloth import is_allowed, unsloth_pins, uses_unsloth
from ...engine.condition import Condition, all_of, any_of
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

_LIBRARIES = ("transformers", "trl", "peft")


def _is_outside(name: str) -> Condition:
    return all_of(
        Condition(f"unsloth's metadata names {name}", lambda facts: name in unsloth_pins(facts)),
        Condition(f"{name} is installed", lambda facts: facts.version(name) is not None),
        Condition(f"{name} is not allowed", lambda facts: not is_allowed(facts, name)),
        phrase=f"{name} is outside what unsloth's metadata allows",
    )


is_outside = any_of(
    *map(_is_outside, _LIBRARIES),
    phrase="transformers, trl or peft is outside what unsloth's metadata allows",
)


RULE = Rule(
    code="GC1104",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.SOURCE,
    read_in=(
        "METADATA of each published unsloth, in data/releases.jsonl",
        "unsloth 2024.8 to 2026.10.9: unsloth/models/loader.py",
    ),
    effects=("not-supported",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {"unsloth": ">=2024.10.0"}, by_config=True),),
    when=(uses_unsloth, is_outside),
    fix=Fix(fixed_in={"unsloth": "", "unsloth-zoo": ""}),
    symptoms=(
        r"is not supported in your current Unsloth version",
        r"not supported yet in `?transformers==",
    ),
    reports=("unslothai/unsloth#4942", "unslothai/unsloth#5985"),
)


def _outside(facts: Facts) -> Iterator[tuple[str, str, str]]:
    """Name, installed version and what Unsloth allows."""
    for name in _LIBRARIES:
        if _is_outside(name).is_known_to_hold(facts):
            yield name, facts.version(name) or "", unsloth_pins(facts)[name]


def describe(facts: Facts) -> Problem:
    found = list(_outside(facts))
    texts = [f"{name} {version} (it allows {allowed})" for name, version, allowed in found]
    wanted = " ".join(f"'{name}{allowed}'" for name, _, allowed in found)
    return Problem(
        message=f"unsloth {facts.version('unsloth')} was not made for {' and '.join(texts)}",
        help=f"pip install -U unsloth unsloth_zoo, or pip install {wanted}",
    )
