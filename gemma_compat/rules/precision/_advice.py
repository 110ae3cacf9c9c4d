"""Which precision to train in, for the GPU and the model at hand."""

from __future__ import annotations

from ...conditions.hardware import has_gpu, is_without_bfloat16, weakest_gpu
from ...facts import Facts

_FLOAT32 = "fp16=False, bf16=False and from_pretrained(..., dtype=torch.float32)"
_BFLOAT16 = "fp16=False, bf16=True"
_FOUR_BIT = "BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch.{})"


def to_use(facts: Facts) -> str:
    """Return the arguments for the weakest GPU; for both kinds where the GPU is not known."""
    if not has_gpu.is_known_to_hold(facts):
        older = f"on an older one {_FLOAT32}{_computes(facts, 'float32')}"
        newer = f"{_BFLOAT16}{_computes(facts, 'bfloat16')}"
        return f"{newer} on a GPU of compute capability 8.0 or newer; {older}"
    if is_without_bfloat16.is_known_to_hold(facts):
        return (
            f"{_FLOAT32}{_computes(facts, 'float32')}, since {weakest_name(facts)} has no bfloat16"
        )
    return f"{_BFLOAT16}{_computes(facts, 'bfloat16')}"


def four_bit(facts: Facts) -> str:
    """Return the configuration of 4 bits that the weakest GPU computes well."""
    old = is_without_bfloat16.is_known_to_hold(facts)
    return _FOUR_BIT.format("float32" if old else "bfloat16")


def weakest_name(facts: Facts) -> str:
    """Return the name of the GPU that decides."""
    return str(weakest_gpu(facts).get("name", "the GPU"))


def overflows_float16(facts: Facts) -> str:
    """Return the code of the rule that keeps this model out of float16; empty where none does."""
    model_type = str(facts.model.get("model_type", ""))
    if model_type.startswith("gemma4"):
        return "GC406"
    return "GC401" if model_type.startswith(("gemma3", "shieldgemma2")) else ""


def _computes(facts: Facts, dtype: str) -> str:
    quantized = facts.model.get("quantization_bits") == 4 or facts.model.get("compute_dtype")
    return f", bnb_4bit_compute_dtype=torch.{dtype}" if quantized else ""
