"""Without a cache, layers that share keys and values silently compute untrained ones.

## What breaks
The run trains another network than the one that generates. Nothing is raised or logged. The loss
starts too high (10.9 instead of 5.9 for Gemma 3n E2B, 16.2 instead of 6.8 for Gemma 4 E2B), the
gradients point elsewhere, and the adapter that comes out fits no inference engine.

## Why
The upper layers of Gemma 3n and of Gemma 4 E2B and E4B (`num_kv_shared_layers` in the config)
borrow the keys and values of a lower layer. These releases pass them inside the cache. Where there
is none, each borrower falls back on its own projections, which were never trained.

* Gemma 3n, transformers 4.53 to 4.57: no cache is built while training, so every training step is
  wrong, whatever `use_cache` says; an evaluation with `use_cache=False` is too.
* Gemma 3n, transformers 5.0 to 5.5, and Gemma 4, transformers 5.5.0 and 5.5.1: wrong with
  `use_cache=False` (which a Trainer of transformers 5 sets by itself), or under any gradient
  checkpointing, which withholds the cache from the layers.

The usual advice for fine-tuning, `use_cache=False`, is what does the harm here.

## Cure
Upgrade: transformers 5.5.2 passes them outside the cache for Gemma 4, 5.6.0 for Gemma 3n. An
adapter that was trained under the defect has to be trained again.

`patch` does the same at run time: hooks on the text model and its attentions carry the shared keys
and values through each forward, with and without checkpointing. The decoder layers are
checkpointed without reentry while it is in place (see GC201). The configs are left alone.
Refused with a `PatchRefused`, because the result would be wrong: a checkpoint function that is not
torch's, reentrant checkpointing from outside the model, a filled cache under checkpointing, and a
text model whose `forward()` is called directly. Borrowing layers leave their own projections
without a gradient, as they should: DDP needs `find_unused_parameters=True` or these frozen.
`torch.compile` works in its default mode, with `fullgraph=True` only without checkpointing; a
compiled Gemma 3n under checkpointing crashes in the backward pass with or without the patch.

Unsloth's GPU path carries them itself, for Gemma 4 from unsloth_zoo 2026.6.7 on and for Gemma 3n
from 2026.9.8 on. There this rule is silent and nothing is patched.
"""

from __future__ import annotations

from typing import Any

from ...conditions.cache import loses_cache_in_training, tunes_prefix
from ...conditions.checkpointing import checkpoints, is_wrapped_with_reentry, is_zero3_with_peft
from ...conditions.model import shares_kv
from ...conditions.unsloth import is_not_cured_by_unsloth
from ...engine.condition import NO, all_of, first_known, not_
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchTargetMissing
from ...facts import Facts
from ...patching.kv_carrier import add_carrier

_GEMMA3N = frozenset({"gemma3n", "gemma3n_text"})


_GEMMA4 = frozenset({"gemma4", "gemma4_text"})


needs_reentrant = all_of(
    is_zero3_with_peft,
    checkpoints,
    phrase="DeepSpeed ZeRO-3 trains a PEFT adapter under checkpointing, which must be reentrant",
)


# PEFT hands a filled cache to every forward, through which they are shared; checkpointed layers
# do not get it.
is_without_cache_of_its_own = not_(
    all_of(first_known(tunes_prefix, NO), not_(checkpoints, "nothing is checkpointed")),
    "no prefix is tuned without checkpointing",
)


RULE = Rule(
    code="GC104",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-loss", "wrong-gradients"),
    scopes=(
        Scope(
            _GEMMA3N,
            {"transformers": ">=4.53.0.dev0,<5.0.0rc1"},
            when=(is_without_cache_of_its_own,),
        ),
        Scope(
            _GEMMA3N,
            {"transformers": ">=5.0.0rc1,<5.6.0"},
            when=(loses_cache_in_training, is_without_cache_of_its_own),
        ),
        Scope(
            _GEMMA4,
            {"transformers": ">=5.5.0,<5.5.2"},
            when=(loses_cache_in_training,),
            fixed_in={"transformers": "5.5.2"},
        ),
    ),
    when=(shares_kv, is_not_cured_by_unsloth),
    fix=Fix(fixed_in={"transformers": "5.6.0"}, then="train again what was trained under it"),
    applicability=Applicability.SAFE,
    leaves=("make_holder", "hand_over"),
    refused_if=(needs_reentrant, is_wrapped_with_reentry),
    reports=("huggingface/transformers#45242",),
    fixed_by=("huggingface/transformers#45312", "unslothai/unsloth-zoo#813"),
)


def describe(facts: Facts) -> Problem:
    fixed_in = "5.5.2" if facts.model.model_type in _GEMMA4 else "5.6.0"
    rewrap = "wrap the layers with CheckpointImpl.NO_REENTRANT first; then "
    return Problem(
        message=(
            f"{facts.model.num_kv_shared_layers} layers of this {facts.model.model_type} borrow "
            f"keys and values, and transformers {facts.version('transformers')} loses them when "
            "it trains without a cache: loss and gradients are silently those of another network"
        ),
        help=(
            f"{rewrap if is_wrapped_with_reentry.is_known_to_hold(facts) else ''}"
            f"pip install -U 'transformers>={fixed_in}', or gemma_compat.patch(model); "
            "train again what was trained under it"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Carry shared keys and values through every forward of the text model."""
    found = ledger.text_models()
    if not found:
        raise PatchTargetMissing("no module with embed_tokens and decoder layers")
    for _, text_model in found:
        add_carrier(text_model, ledger)
