"""All weights are trained in half precision alone, where small updates round to nothing.

## What breaks
The loss goes down less than it should, or not at all, and most weights never move: at a learning
rate of 1e-5 a step of AdamW is smaller than half the distance from one bfloat16 number to the next
for any weight above 0.005. Nothing is raised or logged.

The published Gemma 3 270M, 100 steps of 4 x 256 tokens on an H200: at 1e-5 92.9% of the weights
never moved (0.6% of float32 ones) and the loss of the last ten steps was 2.613 (2.407); at 1e-6
97.5% (2.4%) and 2.827 (2.635).

## Why
transformers 5 loads a model in the dtype of its checkpoint, which is bfloat16 for every Gemma; up
to 4.57 it was float32, and the same happens there to who loads in bfloat16 (96.1% of the weights
did not move in 5 steps on 4.57.6, as on 5.24.0). The Trainer's `bf16=True` then casts what is
bfloat16 already, and the optimizer has no float32 copy of the weights to add small updates to. FSDP
(accelerate makes the sharded weights float32) and DeepSpeed keep one. A LoRA adapter is not hit:
PEFT makes it float32.

## Cure
Load with `dtype=torch.float32` and train with `bf16=True`: that is mixed precision. It takes four
more bytes per weight for weights and gradients. Where that does not fit, train an adapter, or use
an optimizer that rounds stochastically.
"""

from __future__ import annotations

from ... import versions
from ...conditions.adapter import has_no_adapter, is_given_adapter
from ...conditions.hardware import is_without_bfloat16
from ...conditions.model import is_live, is_not_quantized
from ...conditions.precision import weights_are_all_half
from ...engine.condition import YES, all_of, any_of, condition, first_known, not_
from ...engine.rule import Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ...tables.families import KNOWN_MODEL_TYPES


@condition("the dtype to load in is stated (--dtype)")
def dtype_is_stated(facts: Facts) -> bool:
    return ("model.dtype", "--dtype") in facts.assumed.items()


trains_all = all_of(
    first_known(has_no_adapter, YES),
    is_not_quantized,
    not_(is_given_adapter, "the run puts no adapter on"),
    phrase="every weight is trained, with no adapter and no quantization",
)


# A config states the file's dtype, which need not be that of the loaded model.
all_half = all_of(
    any_of(is_live, dtype_is_stated), weights_are_all_half, phrase=weights_are_all_half.phrase
)


@condition("nothing keeps a float32 copy of the weights (no FSDP, no DeepSpeed)")
def has_no_master(facts: Facts) -> bool:
    return facts.training.distributed in {"no", "ddp"}


RULE = Rule(
    code="GC605",
    since="0.1.0",
    severity=Severity.WARNING,
    effects=("nothing-learned",),
    scopes=(Scope(frozenset(KNOWN_MODEL_TYPES), {}),),
    when=(all_half, trains_all, has_no_master),
    fix=Fix(
        setting="from_pretrained(..., dtype=torch.float32), and bf16=True in TrainingArguments"
    ),
    reports=("huggingface/sentence-transformers#3773",),
)


def _by_default(facts: Facts) -> str:
    package = facts.packages.get("transformers")
    version = str(package.get("version", "")) if package else ""
    if (versions.major(version) or 0) < 5:
        return ""
    return f" (the checkpoint's dtype is the default of transformers {version})"


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"all weights of this {facts.model.model_type} are {facts.model.dtype} and are trained "
            f"without a float32 copy{_by_default(facts)}: small updates round to nothing"
        ),
        help=_help(facts),
    )


def _help(facts: Facts) -> str:
    """Return the setting for the GPU at hand; empty where the page's own holds."""
    if is_without_bfloat16.is_known_to_hold(facts):
        return "from_pretrained(..., dtype=torch.float32), and no mixed precision on this GPU"
    return ""
