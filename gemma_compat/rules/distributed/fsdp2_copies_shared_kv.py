"""FSDP2 hands each layer a copy of the dict in which layers share keys and values.

## What breaks
Training Gemma 3n or Gemma 4 E2B and E4B under FSDP2 in mixed precision ends in the first forward:
`KeyError: 'sliding_attention'`, or `KeyError: 'full_attention'`; on the older of these releases
the key is the number of a layer.

## Why
These releases pass keys and values from lender to borrower in a plain dict that each layer is
given. By the reports `fully_shard` in mixed precision rebuilds the dicts among a layer's inputs,
so what a lender writes goes into a copy. transformers 5.9.0 passes a `UserDict`, which is not
rebuilt. The plain dict was read in transformers 5.5.4, 5.6.0 and 5.8.1, the other one in 5.9.0; the
failure itself was not run here.

## Cure
transformers 5.9.0 or newer; on these releases FSDP1 or DDP in place of FSDP2 (not run).
"""

from __future__ import annotations

from ...conditions import autocasts, shares_kv
from ...facts import Facts
from ...rule import Applicability, Evidence, Problem, Rule, Scope, Severity, condition


@condition("FSDP2 shards the model (fsdp_version 2)")
def is_fsdp2(facts: Facts) -> bool:
    return facts.training.distributed == "fsdp" and facts.training.fsdp_version == 2


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"transformers {facts.version('transformers')} shares keys and values through a dict "
            "that FSDP2 copies for each layer in mixed precision; the first forward ends in a "
            "KeyError"
        ),
        help="pip install -U 'transformers>=5.9.0', or train with FSDP1 or DDP",
    )


RULE = Rule(
    code="GC1001",
    name="fsdp2-copies-shared-kv",
    severity=Severity.ERROR,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(
        Scope(frozenset({"gemma4", "gemma4_text"}), {"transformers": ">=5.5.2,<5.9.0"}),
        Scope(frozenset({"gemma3n", "gemma3n_text"}), {"transformers": ">=5.6.0,<5.9.0"}),
    ),
    when=(shares_kv, is_fsdp2, autocasts),
    describe=describe,
    runs=("distributed",),
    symptoms=(r"KeyError: '(?:sliding|full)_attention'",),
    upstream=("huggingface/transformers#45912", "huggingface/transformers#45663"),
    evidence=Evidence.SOURCE,
    covers=("F23",),
    since="0.1.0",
)
