"""The installed transformers does not know the model's architecture.

## What breaks
Loading the config ends with ``The checkpoint you are trying to load has model type `gemma4` but
Transformers does not recognize this architecture``, or with `KeyError: 'gemma4'`.

## Why
Each architecture came with one release: Gemma 3 with 4.50.0, Gemma 3n with 4.53.0, Gemma 4 with
5.5.0, its 12B (`gemma4_unified`) with 5.10, DiffusionGemma with 5.11, EmbeddingGemma 2 with 5.19.
Frameworks that cap transformers (LLaMA-Factory, axolotl) can hold a release back that is needed.

## Cure
`pip install -U transformers`; the report names the oldest release that knows the model. Nothing can
be patched: the code is not there. Where a framework forbids it, see whether a newer release of the
framework allows it.
"""

from __future__ import annotations

from ... import versions
from ...conditions.model import is_live
from ...engine.condition import NO, all_of, condition, first_known, not_
from ...engine.rule import Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import FIRST_RELEASES, KNOWN_MODEL_TYPES

# Without a model every type is judged, and this rule would report every newer one.
is_given = first_known(not_(is_live, "a model is given, by its config"), NO)


@condition("it is known which release of transformers brought the architecture")
def has_a_first_release(facts: Facts) -> bool:
    return facts.model.model_type in FIRST_RELEASES


@condition("transformers is installed")
def has_transformers(facts: Facts) -> bool:
    return facts.version("transformers") is not None


@condition("transformers is older than the release that brought the architecture")
def is_before_it(facts: Facts) -> bool:
    first = FIRST_RELEASES[facts.model.model_type]
    return versions.contains(f"<{first}.dev0", str(facts.version("transformers")))


is_too_old = all_of(has_a_first_release, has_transformers, is_before_it, phrase=is_before_it.phrase)


RULE = Rule(
    code="GC604",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    read_in=("transformers 4.38.0 to 5.24.0: models/auto/configuration_auto.py",),
    effects=("load-fails",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}, by_config=True),),
    when=(is_given, is_too_old),
    symptoms=(
        r"model type `[\w-]*gemma[\w-]*` but Transformers does not recognize this architecture",
        r"KeyError: '\w*gemma\w*'",
    ),
    reports=("huggingface/transformers#36709", "huggingface/transformers#47448"),
)


def describe(facts: Facts) -> Problem:
    first = FIRST_RELEASES[facts.model.model_type]
    return Problem(
        message=(
            f"transformers {facts.version('transformers')} does not know {facts.model.model_type}, "
            f"which came with {first}: the model cannot be loaded"
        ),
        help=f"pip install -U 'transformers>={first}'",
    )
