"""Tell which parameters may rightly have no gradient in a batch, and why none has one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ..subject import rows_in
from .adapters import adapted, inactive, tuned

if TYPE_CHECKING:
    from ..subject import Subject

# PEFT begins with B at 0, of an embedding with A.
_FACTORS = (("lora_A", "lora_B"), ("lora_embedding_A", "lora_embedding_B"))
_LENT = ("k_proj", "v_proj", "k_norm", "v_norm")


def may_rest(subject: Subject, parameters: dict[str, Any], name: str) -> bool:
    """Return whether a parameter may rightly have no gradient in this batch.

    So a factor of an adapter while another factor is zero, experts without tokens, and keys and
    values of layers that borrow those of other layers.
    """
    if inactive(adapted(subject.model), {name: parameters[name]}):
        return True  # the check something-trains reports it
    for one, other in (*_FACTORS, *(pair[::-1] for pair in _FACTORS)):
        if one in name:
            twin = parameters.get(name.replace(one, other))
            if twin is not None and "lora_E" not in _factors(subject, name):
                itself = bool(parameters[name].detach().any())
                return itself and not bool(twin.detach().any())
    if _waits_for_a_factor(subject, parameters, name):
        return True
    if "experts." in name:
        return True
    if "per_layer" in name and _is_at_its_beginning(parameters):
        return True
    config = getattr(text_models(subject.base)[0][1], "config", None)
    shared = vars(config).get("num_kv_shared_layers") or 0
    first = getattr(config, "num_hidden_layers", 0) - shared
    return bool(shared) and any(word in name for word in _LENT) and _layer(name) >= first


def _waits_for_a_factor(subject: Subject, parameters: dict[str, Any], name: str) -> bool:
    """Return whether another factor of the same adapted layer is zero, as VeRA, LoHa, LoKr, DeLoRA
    and AdaLoRA begin: the product of the others has no gradient then.
    """
    factors = _tuned(subject)
    if name not in factors or not bool(parameters[name].detach().any()):
        return False
    beside = [other for other, path in factors.items() if path == factors[name] and other != name]
    return any(
        other in parameters
        and parameters[other].requires_grad
        and not bool(parameters[other].detach().any())
        for other in beside
    )


def _factors(subject: Subject, name: str) -> set[str]:
    """Return what the adapter's factors of this parameter's layer are called."""
    factors = _tuned(subject)
    path = factors.get(name)
    at = len(path.split(".")) if path else 0
    return {other.split(".")[at] for other, layer in factors.items() if layer == path and at}


def _tuned(subject: Subject) -> dict[str, str]:
    if "tuned" not in subject.kept:
        subject.kept["tuned"] = tuned(subject.model)
    found: dict[str, str] = subject.kept["tuned"]
    return found


def _is_at_its_beginning(parameters: dict[str, Any]) -> bool:
    """Return whether a Gemma 3n is new: what its layers' own embeddings say is scaled by 0 then."""
    scales = [p for name, p in parameters.items() if name.endswith("correct_output_scale")]
    return bool(scales) and not any(bool(p.detach().any()) for p in scales)


def _layer(name: str) -> int:
    parts = name.split(".")
    after = [parts[index + 1] for index, part in enumerate(parts[:-1]) if part == "layers"]
    return int(after[-1]) if after and after[-1].isdigit() else -1


def why_nothing(subject: Subject, loss: float) -> tuple[str, str]:
    """Return why nothing gets a gradient, as far as it can be told, and what to change."""
    if subject.value("beta") == 0:
        return ": beta is 0, and so is the loss's slope", "beta=0.1"
    if loss == 0.0 and not subject.is_causal and rows_in(subject.batch) == 1:
        return (
            ": the loss is 0, as where each row is told from the others of its batch and the batch "
            "has one row",
            "per_device_train_batch_size=16; accumulation does not add rows to compare with",
        )
    return "", "a loss that depends on them: no detach(), no factor of 0, no clamp past its end"
