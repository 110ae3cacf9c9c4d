"""Find the transformers model inside whatever a script holds. Reads only.

``torch.compile`` (``_orig_mod``), FSDP 1 (``_fsdp_wrapped_module``), DDP and DeepSpeed (``module``)
and PEFT (``get_base_model``) are recognised by names, so that none of them is imported here.
"""

from __future__ import annotations

from typing import Any

_HOLDS_UNDER = ("_orig_mod", "_fsdp_wrapped_module")
_HOLDS_MODULE = {"DistributedDataParallel", "DataParallel", "DeepSpeedEngine"}


def unwrap(model: Any) -> Any:
    """Return the innermost model: through compile, data parallel and PEFT wrappers, in any
    order.
    """
    for _ in range(16):  # a wrapper that holds itself must not hang us
        inner = _inner(model)
        if inner is None or inner is model:
            return model
        model = inner
    return model


def peft_wrapper(model: Any) -> Any | None:
    """Return the outermost PEFT model around it, or ``None``."""
    for _ in range(16):
        if model is None or is_peft(model):
            return model
        model = _inner(model)
    return None


def is_peft(model: Any) -> bool:
    """Return whether this object is PEFT's wrapper (not a bare model with an adapter loaded)."""
    return any(
        cls.__name__ == "PeftModel" and cls.__module__.partition(".")[0] == "peft"
        for cls in type(model).__mro__
    )


def _inner(model: Any) -> Any | None:
    modules = getattr(model, "_modules", {})
    for name in _HOLDS_UNDER:
        if name in modules:
            return modules[name]
    if type(model).__name__ in _HOLDS_MODULE:
        return modules.get("module")
    if is_peft(model):
        return model.get_base_model()
    return None
