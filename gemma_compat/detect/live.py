"""Model facts from a live model. Reads attributes only; torch and transformers stay unimported.

The text model is asked, not the top-level config: up to transformers 4.53 its config is a copy
of the one that ``model.config.text_config`` shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..errors import UnknownFact
from ..facts import ConfigView, ModelFacts
from ..live.snapshot import Snapshot
from ..live.tree import is_four_bit_layer
from ._ask import ask
from .activation import activation
from .config import overridden_head_dim
from .live_cache import asks_for_cache
from .live_checkpointing import (
    is_checkpointing,
    is_wrapped_from_outside,
    outside_cuts_gradients,
    outside_is_reentrant,
    uses_reentrant,
)
from .live_patches import functions_in_place
from .live_weights import WEIGHT_QUESTIONS

_MISSING: Any = object()


def read_live(live: Snapshot) -> tuple[ModelFacts, dict[str, str]]:
    """Return the facts of a live model, and why some are unknown."""
    answers, reasons = ask("model", _QUESTIONS, live)
    return ModelFacts(live=True, **answers), reasons


def _field(config: Any, name: str, default: Any = _MISSING) -> Any:
    """Return a config field: what the instance holds, else what its class says.

    Not by ``getattr`` at first: newer transformers (5.16) raise for fields that vary by layer.
    """
    own = getattr(config, "__dict__", {})
    if name in own:
        return own[name]
    value = getattr(config, name, default)
    if value is _MISSING:
        raise UnknownFact("model", f"{type(config).__name__} has no {name}")
    return value


def _model_type(live: Snapshot) -> str:
    found = getattr(live.config, "model_type", None)
    if not isinstance(found, str) or not found:
        raise UnknownFact("model", f"{type(live.base).__name__} has no transformers config")
    return found


def _configs(live: Snapshot) -> tuple[ConfigView, ...]:
    return tuple(
        ConfigView(path=path, class_name=type(config).__name__, use_cache=_switch(config))
        for path, config in live.configs
    )


def _switch(config: Any) -> bool | None:
    value = _field(config, "use_cache", None)
    return None if value is None else bool(value)


def _ignored_keys(live: Snapshot) -> tuple[str, ...] | None:
    keys = _field(live.config, "keys_to_ignore_at_inference", None)
    return None if keys is None else tuple(keys)


def _attn(live: Snapshot) -> str:
    found = getattr(live.text_config, "_attn_implementation", None)
    if not isinstance(found, str):
        raise UnknownFact("model", "the text config names no attention implementation")
    return found


def _quantization(live: Snapshot) -> str | None:
    found = _field(live.config, "quantization_config", None)
    if found is None:
        return None
    method = found.get("quant_method") if isinstance(found, dict) else found.quant_method
    return str(getattr(method, "value", method))


def _peft(live: Snapshot) -> str | None:
    """Return the config of a PEFT wrapper, or of adapters that transformers loaded."""
    wrapper = live.peft
    configs = getattr(live.base if wrapper is None else wrapper, "peft_config", None)
    if not configs:
        return None
    active = getattr(wrapper, "active_adapter", None)
    config = configs.get(active) if isinstance(active, str) else None
    kind = (config or next(iter(configs.values()))).peft_type
    return str(getattr(kind, "value", kind)).upper()


def _global_head_dim(live: Snapshot) -> int | None:
    """Return ``global_head_dim``; newer transformers (5.16) override ``head_dim`` by layer."""
    spec = vars(live.text_config).get("_heterogeneity_spec")
    overridden = overridden_head_dim(getattr(spec, "per_layer_overrides", {}))
    found: int | None = _field(live.text_config, "global_head_dim", overridden)
    return found


def _text(name: str, absent: Any = _MISSING) -> Callable[[Snapshot], Any]:
    return lambda live: _field(live.text_config, name, absent)


def _window(live: Snapshot) -> int | None:
    """Return ``sliding_window``; RecurrentGemma calls it by another name."""
    other: int | None = _field(live.text_config, "attention_window_size", None)
    found: int | None = _field(live.text_config, "sliding_window", other)
    return found


def _bits(live: Snapshot) -> int | None:
    found = _quantization_option(live, "load_in_4bit", False)
    if found is None:
        return None
    if found:
        return 4
    if _quantization_option(live, "load_in_8bit", False):
        return 8
    bits = _quantization_option(live, "bits", None)
    if not isinstance(bits, int):
        raise UnknownFact("model", "the quantization config does not state a width")
    return bits


def _compute_dtype(live: Snapshot) -> str | None:
    if not _quantization_option(live, "load_in_4bit", False):
        return None
    held = {module.compute_dtype for module in live.modules if is_four_bit_layer(module)}
    # The layers decide; the config says how they were made.
    stated = held.pop() if len(held) == 1 else None
    stated = stated or _quantization_option(live, "bnb_4bit_compute_dtype", "float32")
    return str(stated).removeprefix("torch.")


def _quantization_option(live: Snapshot, name: str, default: Any) -> Any:
    """Return an option of the quantization config; ``None`` where the model is not quantized."""
    found = _field(live.config, "quantization_config", None)
    if found is None:
        return None
    return found.get(name, default) if isinstance(found, dict) else getattr(found, name, default)


def _tie_word_embeddings(live: Snapshot) -> bool:
    stated = [_field(part, "tie_word_embeddings", True) for part in (live.config, live.text_config)]
    return all(value is not False for value in stated)


def _towers(live: Snapshot) -> tuple[str, ...]:
    return tuple(
        name
        for name in ("vision", "audio")
        if _field(live.config, f"{name}_config", None) is not None
    )


def _accepts_loss_kwargs(live: Snapshot) -> bool | None:
    value = getattr(live.base, "accepts_loss_kwargs", None)
    return None if value is None else bool(value)


def _adapted_modules(live: Snapshot) -> tuple[str, ...]:
    """Return the paths of the modules that hold a ``lora_A``."""
    found = {
        re.sub(r"\.\d+(?=\.|$)", ".*", name)
        for name, module in live.named_modules()
        if "lora_A" in module._modules or "lora_embedding_A" in module._parameters
    }
    return tuple(sorted(found))


def _experts(live: Snapshot) -> str | None:
    found: str | None = _field(live.text_config, "_experts_implementation", None)
    return found


_QUESTIONS: dict[str, Callable[[Snapshot], Any]] = {
    "model_type": _model_type,
    "text_model_type": _text("model_type"),
    "class_name": lambda live: type(live.base).__name__,
    "composite": lambda live: _field(live.config, "text_config", None) is not None,
    "configs": _configs,
    "use_cache": lambda live: asks_for_cache(live.base, live.text_models),
    "keys_to_ignore_at_inference": _ignored_keys,
    "attn_implementation": _attn,
    "quantization": _quantization,
    "peft": _peft,
    "gradient_checkpointing": is_checkpointing,
    "use_reentrant": uses_reentrant,
    "external_checkpointing": is_wrapped_from_outside,
    "external_reentrant": outside_is_reentrant,
    "external_cuts_gradients": outside_cuts_gradients,
    "num_hidden_layers": _text("num_hidden_layers"),
    "num_kv_shared_layers": _text("num_kv_shared_layers", 0),
    "hidden_size": _text("hidden_size"),
    "vocab_size": _text("vocab_size"),
    "head_dim": _text("head_dim", None),
    "global_head_dim": _global_head_dim,
    "sliding_window": _window,
    "attn_logit_softcapping": _text("attn_logit_softcapping", None),
    "final_logit_softcapping": _text("final_logit_softcapping", None),
    "activation": activation,
    "enable_moe_block": _text("enable_moe_block", False),
    "quantization_bits": _bits,
    "compute_dtype": _compute_dtype,
    "tie_word_embeddings": _tie_word_embeddings,
    "use_bidirectional_attention": _text("use_bidirectional_attention", None),
    "max_position_embeddings": _text("max_position_embeddings"),
    "experts_implementation": _experts,
    "transformers_version": lambda live: _field(live.config, "transformers_version", None),
    "towers": _towers,
    "adapted_modules": _adapted_modules,
    "accepts_loss_kwargs": _accepts_loss_kwargs,
    "patched_with": functions_in_place,
    **WEIGHT_QUESTIONS,
}
