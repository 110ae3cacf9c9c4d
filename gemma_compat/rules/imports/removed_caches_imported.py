"""PEFT 0.16 and 0.17 import a cache class that transformers 5 has removed.

## What breaks
`import peft` ends with `ImportError: cannot import name 'HybridCache' from 'transformers'`. A
`Trainer` of transformers 5 imports PEFT itself where it is installed, so a run without any adapter
fails too. Other libraries of that time, and code that comes with a checkpoint, ask for
`SlidingWindowCache`, `HybridChunkedCache` and others in the same way.

## Why
transformers 5.0.0 removed the cache classes that `DynamicCache` and `StaticCache` replace. PEFT
0.16.0 to 0.17.1 import `HybridCache` at the top of `peft_model.py`, for prefix tuning of Gemma 2
and 3 alone; 0.18 imports it only when it is needed.

## Cure
Upgrade PEFT to 0.18.0 or newer. Where that cannot be: `gemma_compat.install(select=["GC901"])`
before `import peft`. It makes the names importable from `transformers` and
`transformers.cache_utils`, and each raises when it is instantiated: LoRA works, prefix tuning of
Gemma does not. It is visible to every other library that looks for these names in order to tell
which transformers it has, so it has to be asked for. `gemma_compat.uninstall()` takes them away.
"""

from __future__ import annotations

import sys
from typing import Any

from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...patching.removed_names import add_missing
from ...tables.families import KNOWN_MODEL_TYPES

# In 4.57's ``cache_utils`` and not in 5.0's. All but the layers were exported at the top.
REMOVED = (
    "HQQQuantizedCache",
    "HybridCache",
    "HybridChunkedCache",
    "OffloadedCache",
    "OffloadedHybridCache",
    "OffloadedStaticCache",
    "QuantoQuantizedCache",
    "SinkCache",
    "SlidingWindowCache",
)


# The last runs ``transformers/__init__.py`` a second time, which leaves a new module object.
_AGAIN = "transformers.processing_utils"


MODULES = ("transformers", "transformers.cache_utils", _AGAIN)


RULE = Rule(
    code="GC901",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("import-fails",),
    scopes=(
        Scope(
            frozenset(KNOWN_MODEL_TYPES),
            {"transformers": ">=5.0.0rc3", "peft": ">=0.16.0,<0.18.0rc0"},
        ),
    ),
    fix=Fix(
        fixed_in={"peft": "0.18.0"},
        setting="gemma_compat.install(select=['GC901']) before import peft",
    ),
    applicability=Applicability.UNSAFE,
    at_import=MODULES,
    symptoms=(
        r"cannot import name '(?:Hybrid|SlidingWindow|OffloadedHybrid|HybridChunked|Offloaded|"
        r"OffloadedStatic|Sink|QuantoQuantized|HQQQuantized)Cache' from 'transformers",
    ),
    reports=("huggingface/peft#2735", "huggingface/transformers#44351"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"peft {facts.version('peft')} imports HybridCache, which transformers "
            f"{facts.version('transformers')} has removed: import peft fails, and so does a Trainer"
        ),
    )


def patch(module: Any, ledger: Any) -> None:
    """Put what is missing into one of :data:`MODULES`, right after it was imported."""
    if module.__name__ == _AGAIN:
        module = sys.modules["transformers"]
    add_missing(module, REMOVED, ledger)
