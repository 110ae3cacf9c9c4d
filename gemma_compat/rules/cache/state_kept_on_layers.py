"""RecurrentGemma keeps its state on its layers, and a training step reads what another one left.

## What breaks
With the cache on, the default, nothing is raised: keys and values get no gradient in any step,
and a row longer than the attention window is attended to wrongly. With the cache off the second
step ends with `Trying to backward through the graph a second time`. Non-reentrant checkpointing
ends with `Recomputed values for the following tensors have different metadata`. Reentrant
checkpointing trains right, but for rows longer than the window (2,048 tokens in the published
models): each token attends to all before it.

## Why
The recurrence keeps its last state, with its graph, as an attribute of the module, and attention
writes its keys and values to a cache of the module under `no_grad`. The mask knows no window.
transformers 5.0.0 forgets the state before each forward without a cache (its last candidate cannot
run the model at all), and 5.4.0 moved all of it into the cache that the caller holds. From 5.0 to
5.3 keys and values still get no gradient with the cache on, and the window is missing without it.

## Cure
`patch` passes `use_cache=False` in training, has each recurrence begin without a state, which
position 0 would reset to zero anyway, and keeps attention in training inside the window. Generation
is not touched. Or upgrade to transformers 5.4.0.
"""

from __future__ import annotations

from typing import Any

from ...conditions.cache import asks_for_cache, keeps_state_without_cache
from ...conditions.checkpointing import checkpoints, is_reentrant
from ...engine.condition import all_of, any_of, condition, not_
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchTargetMissing, UnknownFact
from ...facts import Facts
from ...live.tree import named_modules
from ...patching.cache_switch import turn_cache_off


@condition("rows are longer than the attention window")
def exceeds_window(facts: Facts) -> bool:
    return _is_longer(facts.training.max_length, facts.model.sliding_window)


def _is_longer(longest: int | None, window: int | None) -> bool:
    if longest is None or window is None:
        raise UnknownFact("training", "nothing limits the length of a row")
    return longest > window


steps_share_state = all_of(
    keeps_state_without_cache,
    not_(is_reentrant, "checkpointing is off or non-reentrant"),
    phrase="a step reads the state of another one (checkpointing is off or non-reentrant)",
)
writes_to_cache = all_of(
    asks_for_cache,
    not_(checkpoints, "transformers' own checkpointing is off"),
    phrase="use_cache stays on",
)


RULE = Rule(
    code="GC107",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-gradients", "crash-in-training"),
    scopes=(Scope({"recurrent_gemma"}, {"transformers": "<5.4.0"}),),
    when=(any_of(steps_share_state, writes_to_cache, exceeds_window),),
    fix=Fix(
        fixed_in={"transformers": "5.4.0"},
        setting="use_cache=False and gradient_checkpointing_kwargs={'use_reentrant': True}",
    ),
    applicability=Applicability.SAFE,
    leaves=("forget_state",),
    symptoms=(
        r"Trying to backward through the graph a second time",
        r"Recomputed values for the following tensors have different metadata",
    ),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"on transformers {facts.version('transformers')} the layers of a recurrent_gemma keep "
            "their state: keys and values get no gradient, the window is lost, or a step stops"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Begin each training step without a state, without a cache, and inside the window."""
    modules = [module for _, module in named_modules(model)]
    recurrences = [module for module in modules if "recurrent_states" in vars(module)]
    attentions = [
        module
        for module in modules
        if "k_proj" in module._modules and hasattr(module, "_update_cache")
    ]
    if not recurrences or not attentions:
        raise PatchTargetMissing("no layer keeps a state on itself")
    turn_cache_off(model, ledger)
    for module in recurrences:
        ledger.add_hook(module, "forward_pre_hook", forget_state)
        # After it too: the state holds the graph of a step whose backward is skipped.
        ledger.add_hook(module, "forward_hook", forget_state)
    for module in attentions:
        ledger.add_hook(module, "forward_pre_hook", stay_in_window)


def forget_state(module: Any, *_: Any) -> None:
    """Hook before and after a recurrence: begin and end a training step without a state."""
    if module.training:
        module.recurrent_states = None


def stay_in_window(module: Any, args: Any) -> Any:
    """Forward pre-hook of an attention: hide what lies before the window of each token."""
    mask = args[2] if len(args) > 2 else None
    window = module.config.attention_window_size
    if not module.training or mask is None or mask.shape[-2] <= window:
        return None
    import torch

    queries = torch.arange(mask.shape[-2], device=mask.device)[:, None]
    keys = torch.arange(mask.shape[-1], device=mask.device)
    hidden = mask.masked_fill(keys <= queries - window, torch.finfo(mask.dtype).min)
    return (*args[:2], hidden, *args[3:])
