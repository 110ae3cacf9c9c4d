"""SDPA silently leaves out Gemma 2's soft-capping of attention logits.

## What breaks
Training and inference run another network than the checkpoint was trained as: with `sdpa`, which is
the default from 4.48 on, the attention logits are not capped at `attn_logit_softcapping` (50 in
every published Gemma 2). The outputs are those of a config without the cap, to rounding. How far
that is from the right ones depends on how often the logits come near the cap; on tiny models with a
cap of 0.5 the output logits move by 0.7 to 5. Nothing is raised or logged. It concerns Gemma 2, and
PaliGemma with a Gemma 2 inside (PaliGemma 2).

## Why
`torch.nn.functional.scaled_dot_product_attention` has no such argument, and transformers hands it
the `softcap` of the layer among arguments that are ignored. Up to 4.47 the default is `eager`, and
`sdpa` by name loses the cap as well (seen on 4.47.1). From 5.21 on `sdpa` is refused (GC302). The
warning that `It is strongly recommended to train Gemma2 models with the eager attention
implementation` means this; its twin for Gemma 3 does not matter, since no Gemma 3 caps its
attention.

## Cure
Load with `attn_implementation="eager"`; for Gemma 2 `"flash_attention_2"` caps too with flash-attn
2.6.2 or newer, and `"flex_attention"` does. Do not load PaliGemma 2 with FlashAttention: it drops
the mask of the prefix (GC309, and GC310 from 5.24). `patch` has the text model and its layers read
`eager` through a view of their config; the config itself, and so whatever is made from it, stays as
it was, and the vision tower keeps what it has. It is opt-in, since `eager` keeps a matrix of length
x length for every head and takes more memory and time. A PaliGemma of transformers 5 makes the mask
above its text model, for `sdpa`: there `patch` refuses, and names the line to type.

By hand on a loaded model: `model.set_attn_implementation({"text_config": "eager"})` works where it
exists (seen on 4.57.6 and later). Writing to `model.config` does nothing for a PaliGemma up to
4.53, whose text model reads a copy.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from ...conditions.attention import caps_attention, runs_sdpa
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchNotNeeded, PatchRefused, PatchTargetMissing
from ...facts import Facts
from ...live.tree import named_modules, text_models
from ...patching.eager_view import SLOT, eager_view, is_view

_CAPPED = frozenset({"gemma2", "paligemma", "vaultgemma", "t5gemma"})


RULE = Rule(
    code="GC301",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("wrong-loss", "wrong-gradients"),
    scopes=(Scope(_CAPPED, {"transformers": "<5.21.0.dev0"}),),
    when=(caps_attention, runs_sdpa),
    fix=Fix(setting="from_pretrained(..., attn_implementation='eager')"),
    applicability=Applicability.UNSAFE,
    reports=("huggingface/transformers#32877",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"on transformers {facts.version('transformers')} sdpa leaves out this "
            f"{facts.model.model_type}'s attn_logit_softcapping of "
            f"{facts.model.attn_logit_softcapping}: it trains another network than the checkpoint's"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Give every module with a cap that asks its config for ``sdpa`` a config that says
    ``eager``.
    """
    capped = list(_capped_modules(model))
    if not capped:
        raise PatchTargetMissing("no text model with attn_logit_softcapping")
    if _has_mask_from_above(model):
        raise PatchRefused(
            "the mask is made above the text model, for sdpa, and eager would see the future with "
            'it: type model.set_attn_implementation({"text_config": "eager"})'
        )
    views: dict[int, Any] = {}
    for module in capped:
        config = module.config
        if not is_view(config) and vars(config).get(SLOT) == "sdpa":
            view = views.setdefault(id(config), eager_view(config))
            ledger.set_attribute(module, "config", view)
    if not views:
        raise PatchNotNeeded("attention does not run through sdpa")


def _has_mask_from_above(model: Any) -> bool:
    """Return whether a module around the text model makes its mask, from the config it has."""
    return any(
        "language_model" in module._modules
        and any(
            name.startswith("create_") and "mask" in name
            for name in vars(sys.modules[type(module).__module__])
        )
        for _, module in named_modules(model)
    )


def _capped_modules(model: Any) -> Iterator[Any]:
    """Yield the text models and the modules in them that hold a config with a cap."""
    for _, text_model in text_models(model):
        for _, module in named_modules(text_model):
            config = vars(module).get("config")
            if config is not None and vars(config).get("attn_logit_softcapping") is not None:
                yield module
