"""liger-kernel before 0.6.5 imports a cache class that transformers 5 has removed.

## What breaks
`use_liger_kernel=True` ends with `ImportError: cannot import name 'HybridCache' from
'transformers.cache_utils'`, when the kernels for Gemma 2 or Gemma 3 are put in.

## Why
transformers 5.0.0 removed `HybridCache`. liger-kernel names it in the annotations of its forwards
for Gemma 2 and 3, and imports it at the top of both files. 0.6.5 no longer does.

## Cure
Upgrade liger-kernel to 0.6.5 or newer. `gemma_compat.install(select=["GC901"])` before it is
imported makes the name importable too; the page of GC901 says at what price.
"""

from __future__ import annotations

from ...conditions.run import uses_liger
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES

RULE = Rule(
    code="GC902",
    since="0.1.0",
    severity=Severity.ERROR,
    evidence=Evidence.SOURCE,
    read_in=("liger-kernel 0.6.4, 0.6.5: liger_kernel/transformers/model/gemma2.py and gemma3.py",),
    effects=("import-fails",),
    scopes=(
        Scope(
            frozenset(KNOWN_MODEL_TYPES),
            {"transformers": ">=5.0.0rc3", "liger-kernel": "<0.6.5"},
        ),
    ),
    when=(uses_liger,),
    fix=Fix(fixed_in={"liger-kernel": "0.6.5"}),
    symptoms=(r"cannot import name 'HybridCache' from 'transformers\.cache_utils'",),
    reports=("linkedin/Liger-Kernel#1002",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"liger-kernel {facts.version('liger-kernel')} imports HybridCache, which transformers "
            f"{facts.version('transformers')} has removed: use_liger_kernel=True fails"
        ),
    )
