"""Tell which parameters may rightly have no gradient in a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from .adapters import adapted, inactive

if TYPE_CHECKING:
    from ..subject import Subject

# PEFT begins with B at 0, of an embedding with A.
_FACTORS = (("lora_A", "lora_B"), ("lora_embedding_A", "lora_embedding_B"))
_LENT = ("k_proj", "v_proj", "k_norm", "v_norm")


def may_rest(subject: Subject, parameters: dict[str, Any], name: str) -> bool:
    """Return whether a parameter may rightly have no gradient in this batch.

    So a factor of LoRA while the other is zero, experts without tokens, and keys and values of
    layers that borrow those of other layers.
    """
    if inactive(adapted(subject.model), {name: parameters[name]}):
        return True  # the check something-trains reports it
    for one, other in (*_FACTORS, *(pair[::-1] for pair in _FACTORS)):
        if one in name:
            twin = parameters.get(name.replace(one, other))
            itself = bool(parameters[name].detach().any())
            return itself and twin is not None and not bool(twin.detach().any())
    if "experts." in name:
        return True
    if "per_layer" in name and _is_at_its_beginning(parameters):
        return True
    config = getattr(text_models(subject.base)[0][1], "config", None)
    shared = vars(config).get("num_kv_shared_layers") or 0
    first = getattr(config, "num_hidden_layers", 0) - shared
    return bool(shared) and any(word in name for word in _LENT) and _layer(name) >= first


def _is_at_its_beginning(parameters: dict[str, Any]) -> bool:
    """Return whether a Gemma 3n is new: what its layers' own embeddings say is scaled by 0 then."""
    scales = [p for name, p in parameters.items() if name.endswith("correct_output_scale")]
    return bool(scales) and not any(bool(p.detach().any()) for p in scales)


def _layer(name: str) -> int:
    parts = name.split(".")
    after = [parts[index + 1] for index, part in enumerate(parts[:-1]) if part == "layers"]
    return int(after[-1]) if after and after[-1].isdigit() else -1
