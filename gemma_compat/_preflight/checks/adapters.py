"""Check whether the adapter can learn, and is one of a usual size."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ..result import CheckResult
from ._answers import count, does_not_apply, failed, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject

_SCALING = (1e-3, 32)  # lora_alpha / r of any published recipe, rsLoRA at high ranks included
_DROPOUT = 0.6
_MERGED = (0.9, 1.1)  # share of an adapter's product in the weights below, if it was merged
_COMPARED = 8  # adapted layers to look at for that
_REFERENCES = {"ref", "reference"}  # which preference losses hold their start in
_FEW = 4  # decoder layers; with more of them, no recipe adapts one of them alone


def adapter_is_sound(subject: Subject) -> CheckResult:
    """Check the adapter's scale and dropout, and that it was not merged already."""
    layers = adapted(subject.model)
    if not layers:
        return does_not_apply("the model has no adapter")
    scalings = [float(v) for layer in layers for v in getattr(layer, "scaling", {}).values()]
    rates = [
        float(getattr(module, "p", 0.0))
        for layer in layers
        for module in getattr(layer, "lora_dropout", {}).values()
    ]
    if scalings and max(scalings) <= 0:
        return failed("the adapter is scaled by 0: it does nothing", help="lora_alpha above 0")
    if scalings and not _SCALING[0] <= max(scalings) <= _SCALING[1]:
        return warned(
            f"the adapter is scaled by {max(scalings):g} (lora_alpha / r)",
            f"{_SCALING[0]:g} to {_SCALING[1]:g}",
            help="lora_alpha between r and 2 * r",
        )
    if rates and max(rates) > _DROPOUT:
        return warned(
            f"lora_dropout is {max(rates):g}: most of the adapter's input is dropped",
            f"at most {_DROPOUT}",
            help="lora_dropout between 0 and 0.1",
        )
    shares = [
        share for layer in layers[:: max(1, len(layers) // _COMPARED)] for share in _merged(layer)
    ]
    if len(shares) >= 3 and _MERGED[0] <= statistics.median(shares) <= _MERGED[1]:
        return warned(
            "the weights below the adapter hold its product already: it was merged, and is applied "
            "a second time",
            help="load the base model again, or train a new adapter on the merged one",
        )
    if found := _of_few(subject):
        return found
    return passed(f"{count(len(layers), 'adapted layer')}, scaled by {max(scalings, default=0):g}")


def _of_few(subject: Subject) -> CheckResult | None:
    """Warn of an adapter that leaves out the language model, or all but one of its layers."""
    models = text_models(subject.base)
    if not models or len(models[0][1].layers) < _FEW:
        return None
    layers = models[0][1].layers
    touched = sum(bool(adapted(layer)) for layer in layers)
    help = "target_modules='all-linear', or the names of the projections in every layer"
    if not touched:
        return warned("the adapter is on no layer of the language model", help=help)
    if touched == 1:
        return warned(f"the adapter is on 1 of {len(layers)} layers of the model", help=help)
    return None


def adapted(model: Any) -> list[Any]:
    """Return PEFT's adapted layers, recognised by their attributes."""
    return [m for m in model.modules() if hasattr(m, "lora_A") and hasattr(m, "get_base_layer")]


def tuned(model: Any) -> dict[str, str]:
    """Return the names of the parameters that PEFT's layers added, each with its layer's path."""
    found = {}
    for path, module in model.named_modules():
        added = getattr(type(module), "adapter_layer_names", ())
        for name in dict(module.named_parameters()) if added else ():
            if name.partition(".")[0] in added:
                found[f"{path}.{name}".lstrip(".")] = path
    return found


def _merged(layer: Any) -> list[float]:
    """Return how much of each adapter's product is in the weight below: 0 by chance, 1 if merged.

    It is the weight's component along the product, in lengths of the product. Chance gives less
    than a hundredth of 1 for any product that is large enough to matter.
    """
    weight = getattr(layer.get_base_layer(), "weight", None)
    found = []
    if weight is None or weight.ndim != 2 or not weight.is_floating_point():
        return []
    for name, outer in layer.lora_B.items():
        if not hasattr(outer, "weight"):
            continue  # AdaLoRA's factors are three parameters
        inner = layer.lora_A[name].weight.detach().float()
        product = outer.weight.detach().float() @ inner * float(layer.scaling[name])
        size, base = float((product**2).sum()), weight.detach().float()
        # Below this, chance alone could come near 1.
        if product.shape == base.shape and size**0.5 > 20 * float(base.std()):
            found.append(float((base * product).sum()) / size)
    return found


def inactive(layers: list[Any], parameters: dict[str, Any]) -> list[str]:
    """Return the trainable parameters of LoRA adapters that the forward does not run."""
    if not layers:
        return []
    active = set(getattr(layers[0], "active_adapters", ()))
    return [
        name
        for name, p in parameters.items()
        if p.requires_grad and ".lora_" in name and adapter_of(name) not in active
    ]


def waiting(layers: list[Any], parameters: dict[str, Any]) -> str:
    """Return the LoRA adapter that is new and not active, beside a trained one; empty if none is.

    Every ``lora_B`` of a new adapter is 0.
    """
    outer: dict[str, list[Any]] = {}
    for name, parameter in parameters.items():
        if ".lora_B." in name:
            outer.setdefault(adapter_of(name), []).append(parameter)
    used = {name for name, found in outer.items() if any(bool(p.detach().any()) for p in found)}
    active = set(getattr(layers[0], "active_adapters", ())) if layers else set()
    if not active or not active <= used:
        return ""
    return min(outer.keys() - used - active - _REFERENCES, default="")


def adapter_of(name: str) -> str:
    """Return the name of the adapter that a LoRA's parameter belongs to."""
    parts = name.split(".")
    return next(after for part, after in zip(parts, parts[1:], strict=False) if "lora_" in part)


def stuck(parameters: dict[str, Any]) -> str:
    """Return why a LoRA cannot move: A and B are 0, or B is 0 and frozen; empty if it can."""
    pairs = [
        (outer, parameters[inner], p)
        for outer, p in parameters.items()
        if ".lora_B." in outer and (inner := outer.replace(".lora_B.", ".lora_A.")) in parameters
    ]
    for name, inner, outer in pairs:
        if not (inner.requires_grad or outer.requires_grad) or bool(outer.detach().any()):
            continue
        if not outer.requires_grad:
            return f"{name} is 0 and frozen, while lora_A is to be trained"
        if not bool(inner.detach().any()):
            return f"{name} and its lora_A are both 0"
    return ""
