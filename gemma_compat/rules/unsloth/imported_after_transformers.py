"""Unsloth was imported after the libraries that it patches.

## What breaks
What transformers, TRL and PEFT had handed out before stays unpatched: a name that the script
imported (`from trl import SFTTrainer`) is the old class, and the run uses more memory, is slower,
or mixes patched and unpatched parts. Unsloth prints a warning among many lines; nothing is raised.

## Why
Unsloth replaces functions and classes when it is imported and again when a model is loaded. Names
that were bound before lead to what was there before. `import gemma_compat` may come first: it
imports none of these libraries.

## Cure
Make `import unsloth` the first import of the script, before transformers, TRL and PEFT. A process
that has them already cannot be put right: restart it, or the notebook's kernel.
"""

from __future__ import annotations

from ...conditions.unsloth import is_on_cpu_backend, uses_unsloth
from ...engine.condition import condition, not_
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES


@condition("transformers, trl or peft was imported before unsloth")
def was_late(facts: Facts) -> bool:
    return bool(facts.unsloth.imported_after)


patches_libraries = not_(
    is_on_cpu_backend, "Unsloth patches what it imports (it does not on a CPU)"
)


RULE = Rule(
    code="GC1101",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.SOURCE,
    read_in=("unsloth 2025.3.19, 2026.4.1: __init__.py",),
    effects=("not-supported",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {"unsloth": ">=2024.8"}, by_config=True),),
    when=(uses_unsloth, was_late, patches_libraries),
    fix=Fix(setting="make `import unsloth` the first import of the script and restart the process"),
)


def describe(facts: Facts) -> Problem:
    late = ", ".join(facts.unsloth.imported_after)
    return Problem(
        message=f"unsloth {facts.version('unsloth')} was imported after {late}, parts of which "
        "stay unpatched",
    )
