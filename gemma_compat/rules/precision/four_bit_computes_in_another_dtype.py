"""4-bit layers compute in float32, their default, or in float16 on GPUs that do bfloat16.

## What breaks
With `load_in_4bit=True` and nothing else every product of a 4-bit layer runs in float32: right, and
several times slower than the GPU can. A LoRA step of the shape of Gemma 3 27B took 14.0 s on an
H200 and 1.97 s when cured (2 x 2048 tokens, checkpointed); the published 270M is too small to gain.
Where float16 was given, a Gemma 3 overflows it (GC401): the loss of the 270M was NaN. bitsandbytes
says of the first `Input type into Linear4bit is torch.float16, but
bnb_4bit_compute_dtype=torch.float32 (default). This will lead to slow inference or training speed`.

## Why
`BitsAndBytesConfig` defaults `bnb_4bit_compute_dtype` to float32 and hands it to every layer, so
the layer does not follow the dtype of its input (read in transformers and bitsandbytes).

## Cure
`BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch.bfloat16)`. `patch`, opt-in,
sets it on the layers of the loaded model; no weight changes. It is opt-in because float32 may have
been meant. It refuses a GPU without bfloat16 arithmetic. It was run on an H200 with bitsandbytes
0.50.2 and LoRA on the layers: the loss of the 270M was 2.9468 where bfloat16 was asked for, and
2.9468 when cured.
"""

from __future__ import annotations

from typing import Any

from ...conditions.hardware import has_bfloat16
from ...conditions.precision import computes_in_float16, computes_in_float32
from ...conditions.run import is_four_bit
from ...engine.rule import Applicability, Evidence, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchNotNeeded, PatchRefused, PatchTargetMissing
from ...facts import Facts
from ...live.tree import is_four_bit_layer, named_modules
from ...tables.families import KNOWN_MODEL_TYPES

_OVERFLOWING = frozenset({"gemma3", "gemma3_text", "gemma3n", "gemma3n_text", "shieldgemma2"})


RULE = Rule(
    code="GC404",
    since="0.1.0",
    severity=Severity.WARNING,
    evidence=Evidence.SOURCE,
    read_in=("bitsandbytes 0.43.0 to 0.50.2: nn/modules.py, Linear4bit.set_compute_type",),
    effects=("slow", "float16-overflow"),
    scopes=(
        Scope(frozenset(KNOWN_MODEL_TYPES), {}, when=(computes_in_float32,)),
        Scope(_OVERFLOWING, {}, when=(computes_in_float16,)),
    ),
    when=(has_bfloat16,),
    runs=(is_four_bit,),
    fix=Fix(setting="BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch.bfloat16)"),
    applicability=Applicability.UNSAFE,
    symptoms=(r"but bnb_4bit_compute_dtype=torch\.float32 \(default\)",),
)


def describe(facts: Facts) -> Problem:
    slow = facts.model.compute_dtype == "float32"
    return Problem(
        message=(
            f"the 4-bit layers of this {facts.model.model_type} compute in "
            f"{facts.model.compute_dtype} on GPUs that do bfloat16: "
            f"{'slower than they need be' if slow else 'its range is too small (GC401)'}"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Make bfloat16 the compute dtype of every ``Linear4bit``."""
    import torch

    layers = [module for _, module in named_modules(model) if is_four_bit_layer(module)]
    if not layers:
        raise PatchTargetMissing("the model has no Linear4bit")
    for device in {layer.weight.device for layer in layers if layer.weight.is_cuda}:
        if torch.cuda.get_device_capability(device) < (8, 0):
            raise PatchRefused(f"{device} has no bfloat16 arithmetic")
    others = [layer for layer in layers if layer.compute_dtype in (torch.float16, torch.float32)]
    for layer in others:
        ledger.set_attribute(layer, "compute_dtype", torch.bfloat16)
    if not others:
        raise PatchNotNeeded("the 4-bit layers compute in bfloat16 already")
