"""vLLM misses the keys and values of layers that share them.

## What breaks
A fine-tuned Gemma 4 E2B or E4B, saved and served by an older vLLM, ends with `Following weights
were not initialized from checkpoint`, and names `k_proj`, `v_proj` or `k_norm` of the upper layers.

## Why
The layers that borrow keys and values have no use for these weights. transformers 5.5.2 and newer
do not build them, and so do not save them; Google's checkpoint holds them. vLLM asked for every one
until September 2026.

## Cure
Upgrade vLLM. Or copy the tensors that are missing from the base checkpoint into the saved one with
safetensors: nothing reads their values.
"""

from __future__ import annotations

from ...engine.rule import Applicability, Evidence, Problem, Rule, Scope, Severity
from ...facts import Facts


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"transformers {facts.version('transformers')} saves no keys and values for the layers "
            f"of a {facts.model.model_type} that borrow them, which older vLLM asks for"
        ),
        help="pip install -U vllm, or copy the missing tensors from the base checkpoint",
    )


RULE = Rule(
    code="GC608",
    name="shared-kv-weights-not-saved",
    severity=Severity.ERROR,
    applicability=Applicability.DISPLAY_ONLY,
    scopes=(Scope(frozenset({"gemma4", "gemma4_text"}), {"transformers": ">=5.5.2"}),),
    describe=describe,
    undetectable="which vLLM will read what this run saves",
    symptoms=(
        r"Following weights were not initialized from checkpoint: .{0,200}(?:k_norm|k_proj|v_proj)",
    ),
    covers=("F31",),
    upstream=("vllm-project/vllm#41504", "vllm-project/vllm#44788"),
    evidence=Evidence.REPORTED,
    since="0.1.0",
)
