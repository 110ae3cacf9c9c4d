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

from ... import versions
from ...engine.condition import any_of, condition
from ...engine.rule import Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

# From this release of transformers on: what it takes of tokenizers, and of huggingface-hub.
_PINS = (
    ("4.42.0", ">=0.19,<0.20", ">=0.23.2,<1.0"),
    ("4.45.0", ">=0.20,<0.21", ">=0.23.2,<1.0"),
    ("4.47.0", ">=0.21,<0.22", ">=0.24.0,<1.0"),
    ("4.49.0", ">=0.21,<0.22", ">=0.26.0,<1.0"),
    ("4.51.0", ">=0.21,<0.22", ">=0.30.0,<1.0"),
    ("4.54.0", ">=0.21,<0.22", ">=0.34.0,<1.0"),
    ("4.56.0", ">=0.22.0,<=0.23.0", ">=0.34.0,<1.0"),
    ("5.0.0", ">=0.22.0,<=0.23.0", ">=1.3.0,<2.0"),
    ("5.4.0", ">=0.22.0,<=0.23.0", ">=1.5.0,<2.0"),
    ("5.16.0", ">=0.23.1,<0.24.0", ">=1.5.0,<2.0"),
    ("5.18.0", ">=0.23.1,<0.24.0", ">=1.31.0,<3.0"),
)
_LAST = "5.24.0"  # the newest release whose pins were read


def _pins(transformers: str | None) -> tuple[str, str] | None:
    """What this release takes of the two; ``None`` for one whose pins are not known."""
    if transformers is None or not versions.contains(f">=4.42.0,<={_LAST}", transformers):
        return None
    fitting = [row for row in _PINS if versions.contains(f">={row[0]}", transformers)]
    return fitting[-1][1:]


def _is_outside(transformers: str | None, place: int, version: str | None) -> bool:
    pins = _pins(transformers)
    return pins is not None and version is not None and not versions.contains(pins[place], version)


@condition("tokenizers is outside what this transformers takes")
def tokenizers_is_outside(facts: Facts) -> bool:
    return _is_outside(facts.version("transformers"), 0, facts.version("tokenizers"))


@condition("huggingface-hub is outside what this transformers takes")
def hub_is_outside(facts: Facts) -> bool:
    return _is_outside(facts.version("transformers"), 1, facts.version("huggingface-hub"))


RULE = Rule(
    code="GC905",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    effects=("import-fails",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}, by_config=True),),
    when=(any_of(tokenizers_is_outside, hub_is_outside),),
    symptoms=(
        r"(?:tokenizers|huggingface-hub)\S* is required for a normal functioning of this module",
    ),
)


def describe(facts: Facts) -> Problem:
    transformers = facts.version("transformers")
    pins = _pins(transformers) or ("", "")
    found = [
        (name, pins[place], facts.version(name))
        for place, (name, outside) in enumerate(
            (("tokenizers", tokenizers_is_outside), ("huggingface-hub", hub_is_outside))
        )
        if outside.is_known_to_hold(facts)
    ]
    beside = " and ".join(f"{name} {version} (it takes {pin})" for name, pin, version in found)
    return Problem(
        message=f"transformers {transformers} cannot be imported beside {beside}",
        help="pip install " + " ".join(f"'{name}{pin}'" for name, pin, _ in found),
    )
