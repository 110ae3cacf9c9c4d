"""A Gemma 1 whose config says `hidden_act: "gelu"` runs another GELU than it was trained with.

## What breaks
Nothing is raised. The first published Gemma configs say `"hidden_act": "gelu"` and
`"hidden_activation": null`, but the weights were trained with the tanh approximation. Every MLP
runs the exact GELU instead. The difference is small: with random weights, in the widths of Gemma
2B and 4 layers, no logit moves by more than 0.001 of their spread in float32 (0.03 in bfloat16),
and the loss changes in its fifth digit. But an adapter is fitted to the wrong network, and vLLM,
Keras and Unsloth's kernels run the approximation.

## Why
Up to 4.47 transformers ignored `hidden_act` and took the approximation, unless `hidden_activation`
named another. From 4.48.0 the MLP reads `hidden_act` alone. From 5.18.0 the config itself replaces
"gelu" by the approximation.

## Cure
Upgrade to transformers 5.18.0, or load with `hidden_act="gelu_pytorch_tanh"`. With
`select=["GC622"]`, `patch` gives every MLP the approximation. It does not touch the config, so what
is saved stays the same.
"""

from __future__ import annotations

from typing import Any

from ...engine.condition import condition
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchNotNeeded, PatchTargetMissing
from ...facts import Facts
from ...live.tree import layer_wrappers


@condition("its MLPs run the exact GELU (hidden_act is gelu)")
def runs_exact_gelu(facts: Facts) -> bool:
    return facts.model.activation == "gelu"


RULE = Rule(
    code="GC622",
    since="0.3.0",
    severity=Severity.WARNING,
    effects=("wrong-loss", "wrong-gradients"),
    scopes=(Scope({"gemma"}, {"transformers": ">=4.48.0.dev0,<5.18.0"}),),
    when=(runs_exact_gelu,),
    fix=Fix(
        fixed_in={"transformers": "5.18.0"},
        setting='from_pretrained(..., hidden_act="gelu_pytorch_tanh")',
    ),
    applicability=Applicability.UNSAFE,
    reports=("huggingface/transformers#29402",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        f"transformers {facts.version('transformers')} runs the exact GELU in this Gemma 1, since "
        "its config says hidden_act='gelu'; its weights were trained with the tanh approximation, "
        "which vLLM and other releases run: the loss and the logits differ slightly"
    )


def patch(model: Any, ledger: Any) -> None:
    """Give every MLP the tanh approximation. The config, which is saved, stays as it is."""
    import torch

    entries = [entry for _, text_model in ledger.text_models() for entry in text_model.layers]
    mlps = [getattr(layer_wrappers(entry)[0], "mlp", None) for entry in entries]
    if not any(hasattr(mlp, "act_fn") for mlp in mlps):
        raise PatchTargetMissing("no decoder layer has an MLP with an act_fn")
    exact = [mlp for mlp in mlps if type(getattr(mlp, "act_fn", None)).__name__ == "GELUActivation"]
    if not exact:
        raise PatchNotNeeded("every MLP runs the tanh approximation")
    for mlp in exact:
        ledger.replace_module(mlp, "act_fn", torch.nn.GELU(approximate="tanh"))
