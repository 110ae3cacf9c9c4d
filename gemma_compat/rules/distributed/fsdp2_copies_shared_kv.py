"""FSDP2 hands each layer a copy of the dict in which layers share keys and values.

## What breaks
Training Gemma 3n or Gemma 4 E2B and E4B under FSDP2 ends in the first forward. The key is a layer
type or the number of a layer, by release: `KeyError: 'full_attention'`, `KeyError:
'sliding_attention'`, `KeyError: 3`. Under reentrant checkpointing Gemma 4 can end in `Trying to
backward through the graph a second time` instead.

## Why
These releases pass keys and values from lender to borrower in a plain dict that each layer is
given. `fully_shard` puts a hook before each layer that rebuilds the dicts among its inputs, to cast
what they hold (mixed precision) and to be told when their gradients are done (any training), so
what a lender writes goes into a copy. Mixed precision is not needed for the failure. transformers
5.9.0 passes a `UserDict`, which is not rebuilt. DDP and FSDP1 were not seen to do it.

## Cure
transformers 5.9.0 or newer. `patch` carries what is shared in an object that is not rebuilt, and
gives it to each attention behind FSDP2's hook; it may be applied before or after `fully_shard`.
Layers are checkpointed without reentry while it is in place (see GC201), and reentrant wrappers
around them are refused with a `PatchRefused`. Assisted generation, which hands the dict in or
wants it back, keeps its own.
"""

from __future__ import annotations

from typing import Any

from ...conditions.model import shares_kv
from ...conditions.run import is_distributed
from ...conditions.unsloth import is_not_cured_by_unsloth
from ...engine.condition import all_of, condition
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchTargetMissing
from ...facts import Facts
from ...patching.shared_dict import add_shared_dict


@condition("FSDP shards the model")
def is_fsdp(facts: Facts) -> bool:
    return facts.training.distributed == "fsdp"


@condition("fsdp_version is 2")
def is_second_version(facts: Facts) -> bool:
    return facts.training.fsdp_version == 2


is_fsdp2 = all_of(is_fsdp, is_second_version, phrase="FSDP2 shards the model (fsdp_version 2)")


RULE = Rule(
    code="GC1001",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("crash-in-training",),
    scopes=(
        Scope({"gemma4", "gemma4_text"}, {"transformers": ">=5.5.2,<5.9.0"}),
        Scope({"gemma3n", "gemma3n_text"}, {"transformers": ">=5.6.0,<5.9.0"}),
    ),
    when=(shares_kv, is_fsdp2, is_not_cured_by_unsloth),
    runs=(is_distributed,),
    fix=Fix(fixed_in={"transformers": "5.9.0"}),
    applicability=Applicability.SAFE,
    leaves=("make_shared", "give_shared"),
    symptoms=(
        r"KeyError: '(?:sliding|full)_attention'",
        r"= shared_kv_states\[self\.kv_shared_layer_index\]",
    ),
    reports=("huggingface/transformers#45912", "huggingface/transformers#45663"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"transformers {facts.version('transformers')} shares keys and values through a dict "
            "that FSDP2 copies for each layer; the first forward ends in a KeyError"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Give each forward one holder, past FSDP2's hooks."""
    found = ledger.text_models()
    if not found:
        raise PatchTargetMissing("no module with embed_tokens and decoder layers")
    for _, text_model in found:
        add_shared_dict(text_model, ledger)
