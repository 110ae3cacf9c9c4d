"""unsloth and unsloth_zoo come from releases that do not belong together.

## What breaks
Imports and loads fail on names that the other half does not have yet, for example `module
transformers.models has no attribute gemma3_text`. Or nothing fails, and a patch that one half
relies on is missing.

## Why
The two are released together, and each unsloth names the oldest unsloth_zoo that it works with.
`pip install --no-deps unsloth`, which many notebooks use, upgrades one half only.

## Cure
Upgrade both in one command, and delete `unsloth_compiled_cache` beside the script if there is one.
"""

from __future__ import annotations

from ...conditions.unsloth import has_zoo, is_allowed, unsloth_pins, uses_unsloth
from ...engine.condition import any_of, condition, not_
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

_ZOO = "unsloth-zoo"


@condition("the installed unsloth_zoo is outside what unsloth asks for")
def is_outside(facts: Facts) -> bool:
    return not is_allowed(facts, _ZOO)


is_mismatched = any_of(
    is_outside,
    not_(has_zoo, "no unsloth_zoo is installed"),
    phrase="unsloth asks for another unsloth_zoo than is installed",
)


RULE = Rule(
    code="GC1102",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    read_in=("METADATA of each published unsloth, in data/releases.jsonl",),
    effects=("import-fails",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {"unsloth": ">=2024.10.0"}, by_config=True),),
    when=(uses_unsloth, is_mismatched),
    fix=Fix(fixed_in={"unsloth": "", "unsloth-zoo": ""}),
    symptoms=(
        r"module '?transformers\.models'? has no attribute '?gemma3_text",
        r"No module named 'transformers\.models\.gemma3_text'",
    ),
    reports=("unslothai/unsloth#3299", "unslothai/unsloth#3300"),
)


def describe(facts: Facts) -> Problem:
    version = facts.version(_ZOO)
    beside = f"unsloth_zoo {version} is" if version else "no unsloth_zoo is"
    wanted = unsloth_pins(facts).get(_ZOO, "")
    return Problem(
        message=f"unsloth {facts.version('unsloth')} needs "
        f"{f'unsloth_zoo {wanted}'.strip()}, and {beside} installed",
    )
