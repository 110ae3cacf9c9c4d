"""A package asks for another release of a library than is installed.

## What breaks
Depends on the pair. `import torchvision` ends with `operator torchvision::nms does not exist`
beside another torch than its own; a Trainer ends with `Using the Trainer with PyTorch requires
accelerate>=1.1.0`; TRL and PEFT end on a name that the other library does not have yet. Or nothing
ends, and an untested combination runs.

## Why
pip installs what the last command asked for, and only warns of what that breaks elsewhere;
`--no-deps` does not even warn. The pins are those of the published wheels. Those of transformers on
tokenizers and huggingface-hub are GC905's, those of Unsloth GC1102's and GC1104's.

## Cure
Install releases that agree: the report prints a line, `advise` finds a whole set. `pip check` lists
every package that disagrees, also those that are not about training.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...engine.condition import NO, Condition, any_of, first_known
from ...engine.rule import Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES
from ...tables.published_pins import breaks_pin, pin_of

_ASKING = ("transformers", "accelerate", "peft", "trl", "datasets", "bitsandbytes", "torchvision")
_ASKED = ("transformers", "torch", "accelerate", "peft", "datasets", "huggingface-hub")
_PAIRS = tuple(
    (asking, asked)
    for asking in _ASKING
    for asked in _ASKED
    if asking != asked and (asking, asked) != ("transformers", "huggingface-hub")
)


def _disagrees(asking: str, asked: str, facts: Facts) -> bool:
    return breaks_pin(pin_of(asking, facts.version(asking), asked), facts.version(asked))


def _pair(asking: str, asked: str) -> Condition:
    """Return the condition; a package that the stack does not name asks for nothing."""
    differ = Condition(f"{asking} asks for another {asked}", partial(_disagrees, asking, asked))
    return first_known(differ, NO)


pairs_disagree = any_of(
    *(_pair(asking, asked) for asking, asked in _PAIRS),
    phrase="a package asks for another release of a library than is installed",
)

RULE = Rule(
    code="GC906",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.SOURCE,
    effects=("import-fails", "not-supported"),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}, by_config=True),),
    when=(pairs_disagree,),
    read_in=("METADATA of each published wheel, in data/releases.jsonl",),
    symptoms=(
        r"operator torchvision::nms does not exist",
        r"Using the `?Trainer`? with `?PyTorch`? requires `?accelerate>=",
    ),
)


def _found(facts: Facts) -> Iterator[tuple[str, str, str]]:
    """Yield who asks, for which library, and the specifier."""
    for asking, asked in _PAIRS:
        if _pair(asking, asked).is_known_to_hold(facts):
            yield asking, asked, pin_of(asking, facts.version(asking), asked)


def describe(facts: Facts) -> Problem:
    found = list(_found(facts))
    texts = [
        f"{asking} {facts.version(asking)} asks for {asked}{pin}, and {asked} "
        f"{facts.version(asked)} is installed"
        for asking, asked, pin in found
    ]
    wanted: dict[str, list[str]] = {}
    for _, asked, pin in found:
        wanted.setdefault(asked, []).append(pin)
    line = " ".join(f"'{name}{','.join(dict.fromkeys(pins))}'" for name, pins in wanted.items())
    return Problem(message="; ".join(texts), help=f"pip install {line}")
