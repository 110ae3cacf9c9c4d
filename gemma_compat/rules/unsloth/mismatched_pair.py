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

from ... import versions
from ...conditions.unsloth import uses_unsloth
from ...engine.rule import Applicability, Evidence, Problem, Rule, Scope, Severity, condition
from ...errors import UnknownFact
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

_ZOO = "unsloth-zoo"


@condition("unsloth asks for another unsloth_zoo than is installed")
def is_mismatched(facts: Facts) -> bool:
    wanted, version = facts.unsloth.requires.get(_ZOO), facts.version(_ZOO)
    if wanted is None:
        raise UnknownFact("unsloth.requires", "its metadata does not name unsloth_zoo")
    return version is None or not versions.contains(wanted, version)


def describe(facts: Facts) -> Problem:
    version = facts.version(_ZOO)
    beside = f"unsloth_zoo {version} is" if version else "no unsloth_zoo is"
    return Problem(
        message=f"unsloth {facts.version('unsloth')} needs unsloth_zoo "
        f"{facts.unsloth.requires[_ZOO]}, and {beside} installed",
        help="pip install -U unsloth unsloth_zoo",
    )


RULE = Rule(
    code="GC1102",
    name="mismatched-pair",
    severity=Severity.ERROR,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {"unsloth": ">=2024.10.0"}, by_config=True),),
    when=(uses_unsloth, is_mismatched),
    describe=describe,
    symptoms=(
        r"module '?transformers\.models'? has no attribute '?gemma3_text",
        r"No module named 'transformers\.models\.gemma3_text'",
    ),
    upstream=("unslothai/unsloth#3299", "unslothai/unsloth#3300"),
    evidence=Evidence.SOURCE,
    covers=("U17",),
    since="0.1.0",
)
