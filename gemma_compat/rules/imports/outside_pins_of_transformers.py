"""tokenizers or huggingface-hub is outside what the installed transformers takes.

## What breaks
`import transformers` ends with `ImportError: tokenizers>=0.21,<0.22 is required for a normal
functioning of this module, but found tokenizers==0.23.1`, or with a name that the other library no
longer has. Nothing of a training script runs.

## Why
transformers checks the releases of these two when it is imported. `pip install -U tokenizers`, or
another package that asks for a newer huggingface-hub, goes past its pins; pip only warns.
transformers 4.50 beside tokenizers 0.23 or huggingface-hub 2 is such a pair. The pins are those of
the published wheels.

## Cure
Install the two in the releases that this transformers takes; the report prints the line. Or upgrade
transformers.
"""

from __future__ import annotations

from ...engine.condition import NO, all_of, any_of, condition, first_known
from ...engine.rule import Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES
from ...tables.published_pins import breaks_pin, pin_of

_NAMES = ("tokenizers", "huggingface-hub")


def _pin(facts: Facts, name: str) -> str:
    return pin_of("transformers", facts.version("transformers"), name, beside=False)


@condition("tokenizers is outside what this transformers takes")
def tokenizers_is_outside(facts: Facts) -> bool:
    return breaks_pin(_pin(facts, "tokenizers"), facts.version("tokenizers"))


@condition("huggingface-hub is outside what this transformers takes")
def hub_is_outside(facts: Facts) -> bool:
    return breaks_pin(_pin(facts, "huggingface-hub"), facts.version("huggingface-hub"))


@condition("tokenizers is installed")
def has_tokenizers(facts: Facts) -> bool:
    return facts.version("tokenizers") is not None


@condition("huggingface-hub is installed")
def has_hub(facts: Facts) -> bool:
    return facts.version("huggingface-hub") is not None


# A stack that does not name the two has what pip installs beside its transformers.
is_outside = any_of(
    all_of(first_known(has_tokenizers, NO), tokenizers_is_outside),
    all_of(first_known(has_hub, NO), hub_is_outside),
    phrase=f"{tokenizers_is_outside.phrase}, or {hub_is_outside.phrase}",
)


RULE = Rule(
    code="GC905",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    effects=("import-fails",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {"transformers": ">=4.42.0"}, by_config=True),),
    when=(is_outside,),
    read_in=("transformers 4.42.0 to 5.24.0: METADATA of each wheel, in data/releases.jsonl",),
    symptoms=(
        r"(?:tokenizers|huggingface-hub)\S* is required for a normal functioning of this module",
    ),
)


def describe(facts: Facts) -> Problem:
    transformers = facts.version("transformers")
    found = [
        (name, _pin(facts, name), facts.version(name))
        for name, outside in zip(_NAMES, (tokenizers_is_outside, hub_is_outside), strict=True)
        if outside.is_known_to_hold(facts)
    ]
    beside = " and ".join(f"{name} {version} (it takes {pin})" for name, pin, version in found)
    return Problem(
        message=f"transformers {transformers} cannot be imported beside {beside}",
        help="pip install " + " ".join(f"'{name}{pin}'" for name, pin, _ in found),
    )
