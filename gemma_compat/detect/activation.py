"""Which activation the MLPs run: of a live model its modules decide, whatever the config says."""

from __future__ import annotations

from typing import Any

from ..errors import UnknownFact

EXACT, TANH = "gelu", "gelu_pytorch_tanh"

# transformers renamed its class in 4.57. torch's own says how it approximates.
_CLASSES = {"GELUActivation": EXACT, "PytorchGELUTanh": TANH, "GELUTanh": TANH}
# Their MLPs keep transformers' activation module and run a kernel in its place, or may.
_WITH_KERNELS = {"liger_kernel", "unsloth", "unsloth_zoo"}


def stated_activation(config: Any) -> Any:
    """Return what a config file names. Gemma 1 has two fields, and few releases read the other."""
    if config.text_type() != "gemma":
        return config.text_value("hidden_activation", (str,), "text")
    return config.typed(config.text_config().get("hidden_act", TANH), (str,), "hidden_act", "text")


def activation(live: Any) -> str:
    """Return transformers' name for it; that of the exact GELU where any layer has this one."""
    found = {_of_mlp(getattr(layer, "mlp", None)) for layer in live.layers()}
    return EXACT if EXACT in found else TANH


def _of_mlp(mlp: Any) -> str:
    module: Any = getattr(mlp, "act_fn", None)
    kind = type(module).__name__
    if kind == "GELU":
        name = TANH if module.approximate == "tanh" else EXACT
    elif kind in _CLASSES:
        name = _CLASSES[kind]
    else:
        raise UnknownFact("model", "the decoder layers hold no GELU that is known here")
    home = str(getattr(mlp.forward, "__module__", "")).partition(".")[0]
    if name == EXACT and home in _WITH_KERNELS:
        raise UnknownFact("model", f"the MLPs run code of {home}, which has its own GELU")
    return name
