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

from ... import versions
from ...conditions.unsloth import uses_unsloth
from ...engine.rule import (
    Applicability,
    Condition,
    Evidence,
    Problem,
    Rule,
    Scope,
    Severity,
    any_of,
    condition,
)
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

_LIBRARIES = ("transformers", "trl", "peft")


def _is_outside(name: str) -> Condition:
    @condition(f"{name} is outside what unsloth's metadata allows")
    def test(facts: Facts) -> bool:
        allowed, version = facts.unsloth.requires.get(name), facts.version(name)
        return bool(allowed and version and not versions.contains(allowed, version))

    return test


_OUTSIDE = {name: _is_outside(name) for name in _LIBRARIES}
is_outside = Condition(
    "transformers, trl or peft is outside what unsloth's metadata allows",
    any_of(*_OUTSIDE.values()).test,
)


def describe(facts: Facts) -> Problem:
    # The release of a library may be unknown where another one is outside.
    found = [name for name, outside in _OUTSIDE.items() if outside.is_known_to_hold(facts)]
    allowed = {name: facts.unsloth.requires[name] for name in found}
    texts = [f"{name} {facts.version(name)} (it allows {allowed[name]})" for name in found]
    wanted = " ".join(f"'{name}{allowed[name]}'" for name in found)
    return Problem(
        message=f"unsloth {facts.version('unsloth')} was not made for {' and '.join(texts)}",
        help=f"pip install -U unsloth unsloth_zoo, or pip install {wanted}",
    )


RULE = Rule(
    code="GC1104",
    name="release-outside-pins",
    severity=Severity.WARNING,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {"unsloth": ">=2024.10.0"}, by_config=True),),
    when=(uses_unsloth, is_outside),
    describe=describe,
    symptoms=(
        r"is not supported in your current Unsloth version",
        r"not supported yet in transformers==",
    ),
    upstream=("unslothai/unsloth#4942", "unslothai/unsloth#5985"),
    evidence=Evidence.SOURCE,
    covers=("U36",),
    since="0.1.0",
)
