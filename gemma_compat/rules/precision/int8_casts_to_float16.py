"""LLM.int8 casts what enters a layer to float16, which a Gemma 3 may overflow.

## What breaks
With `load_in_8bit=True` activations become inf or NaN although the model is in bfloat16; reported
for Gemma 3 as empty or broken output. bitsandbytes says `MatMul8bitLt: inputs will be cast from
torch.bfloat16 to float16 during quantization`.

## Why
The 8-bit matrix product of bitsandbytes takes float16 on every GPU, whatever the model's dtype. The
layers of Gemma 3 produce numbers that pass float16's 65504 (GC401). Others reported it; it was not
run here.

## Cure
Load in 4 bits with `bnb_4bit_compute_dtype=torch.bfloat16`, or in bfloat16 without quantization.
Nothing is patched.
"""

from __future__ import annotations

from ...engine.condition import all_of, condition
from ...engine.rule import Evidence, Fix, Problem, Rule, Scope, Severity
from ...facts import Facts
from ._advice import four_bit


@condition("the weights are quantized by bitsandbytes")
def is_bitsandbytes(facts: Facts) -> bool:
    return facts.model.quantization == "bitsandbytes"


@condition("the weights are quantized to 8 bits")
def is_eight_bit(facts: Facts) -> bool:
    return facts.model.quantization_bits == 8


is_llm_int8 = all_of(
    is_bitsandbytes,
    is_eight_bit,
    phrase="the weights are quantized by LLM.int8 (load_in_8bit=True)",
)


RULE = Rule(
    code="GC405",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.REPORTED,
    effects=("not-a-number", "float16-overflow"),
    scopes=(Scope({"gemma3", "gemma3_text", "gemma3n", "gemma3n_text"}, {}),),
    when=(is_llm_int8,),
    fix=Fix(setting="BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch.bfloat16)"),
    symptoms=(r"MatMul8bitLt: inputs will be cast from torch\.bfloat16 to float16",),
    reports=("bitsandbytes-foundation/bitsandbytes#1572",),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"load_in_8bit casts the inputs of every layer of this {facts.model.model_type} to "
            "float16, whose range it is reported to pass"
        ),
        help=four_bit(facts),
    )
