"""Model facts from a config as transformers saves it, which states only part of them.

A key that is missing is unknown, since the default is that of the transformers that will load
it; unless no release has such a field for this model type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import UnknownFact, UsageError
from ..facts import ModelFacts
from ..values import Value
from ._ask import ask
from ._json import describe
from .activation import stated_activation

# Text model type to the fields that it has in no release, and what their absence means.
_NO_SHARING = {"num_kv_shared_layers": 0, "enable_moe_block": False, "global_head_dim": None}
_NO_MOE = {"enable_moe_block": False, "global_head_dim": None, "attn_logit_softcapping": None}
_WITHOUT: dict[str, dict[str, Any]] = {
    "gemma": {
        **_NO_SHARING,
        "sliding_window": None,
        "attn_logit_softcapping": None,
        "final_logit_softcapping": None,
    },
    "gemma2": _NO_SHARING,
    "gemma3_text": _NO_SHARING,
    "gemma3n_text": _NO_MOE,
    "gemma4_text": {"attn_logit_softcapping": None},
}
# What a composite holds where its text_config names no type.
_TEXT_TYPES = {
    "gemma3": "gemma3_text",
    "gemma3n": "gemma3n_text",
    "gemma4": "gemma4_text",
    "shieldgemma2": "gemma3_text",
}
_COMPOSITES = {*_TEXT_TYPES, "paligemma"}


class _Config(Value):
    """A config mapping and the text config inside it (itself, for a text-only model)."""

    top: Mapping[str, Any]
    text: Mapping[str, Any] | None
    name: str

    def typed(self, value: Any, kinds: tuple[type, ...], key: str, needed: str) -> Any:
        """Return the value if it is of one of ``kinds``; a ``UsageError`` otherwise."""
        if isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool)):
            return value
        raise UsageError(f"{self.name}: {key} must be {needed}, not {describe(value)}")

    def text_config(self) -> Mapping[str, Any]:
        if self.text is None:
            raise UnknownFact("model", f"{self.name} has no text_config")
        return self.text

    def text_type(self) -> str:
        found = self.text_config().get("model_type")
        if found is None:
            found = _TEXT_TYPES.get(self.top["model_type"])
        if found is None:
            raise UnknownFact("model", "the text_config has no model_type")
        return str(self.typed(found, (str,), "text_config.model_type", "text"))

    def text_value(self, key: str, kinds: tuple[type, ...], needed: str) -> Any:
        """Return a field of the text config, or what its absence means."""
        text = self.text_config()
        if key in text:
            value = text[key]
            absent = value is None and type(None) not in kinds
            if not absent:
                return self.typed(value, kinds, key, needed)
        without = _WITHOUT.get(self.text_type(), {})
        if key in without:
            return without[key]
        reason = f"{self.name} does not state it: the default is that of the transformers at hand"
        raise UnknownFact(f"model.{key}", reason)


def read_config(data: Mapping[str, Any], name: str) -> tuple[ModelFacts, dict[str, str]]:
    """Return the facts that a config states, and why the others are unknown.

    Args:
        data: the parsed ``config.json``.
        name: what to call it in errors.

    Raises:
        UsageError: it has no ``model_type``, or a value that no model can have.
    """
    if "model_type" not in data:
        raise UsageError(f"{name}: not the config of a model (it has no model_type)")
    config = _Config(data, None, name)
    config.typed(data["model_type"], (str,), "model_type", "text")
    config = _Config(data, _text_of(config), name)
    answers, reasons = ask("model", _QUESTIONS, config)
    reasons["model"] = "only a live model shows it"
    return ModelFacts(live=False, **answers), reasons


def _text_of(config: _Config) -> Mapping[str, Any] | None:
    text = config.top.get("text_config")
    if text is not None:
        found: Mapping[str, Any] = config.typed(text, (Mapping,), "text_config", "an object")
        return found
    return None if config.top["model_type"] in _COMPOSITES else config.top


def _composite(config: _Config) -> bool:
    return config.text is not config.top


def _class_name(config: _Config) -> str:
    names = config.top.get("architectures")
    if names is None:
        raise UnknownFact("model", f"{config.name} states no architectures")
    config.typed(names, (list, tuple), "architectures", "a list")
    if not names:
        raise UnknownFact("model", f"{config.name} states no architectures")
    return str(config.typed(names[0], (str,), "architectures", "a list of names"))


def _use_cache(config: _Config) -> bool:
    """Return the field of the config that a forward reads first (Gemma 4), else the text config's.

    Every text config of Gemma defaults to ``True``, in all releases.
    """
    top_first = config.top["model_type"] not in {"gemma3", "gemma3n", "paligemma", "shieldgemma2"}
    value = config.top.get("use_cache") if top_first else None
    if value is None:
        value = config.text_config().get("use_cache", True)
    return bool(config.typed(value, (bool, type(None)), "use_cache", "true or false"))


def _ignored_keys(config: _Config) -> tuple[str, ...] | None:
    if "keys_to_ignore_at_inference" not in config.top:
        raise UnknownFact("model", "a property of the class, not of a config file")
    keys = config.top["keys_to_ignore_at_inference"]
    config.typed(keys, (list, tuple, type(None)), "keys_to_ignore_at_inference", "a list")
    return None if keys is None else tuple(map(str, keys))


def _dtype(config: _Config) -> str:
    """Return the dtype that the weights were saved in: ``dtype``, before 4.56 ``torch_dtype``."""
    for part in (config.text or {}, config.top):
        for key in ("dtype", "torch_dtype"):
            if isinstance(part.get(key), str):
                return str(part[key]).removeprefix("torch.")
            if part.get(key) is not None and not isinstance(part[key], Mapping):
                config.typed(part[key], (str,), key, "text")
    raise UnknownFact("model", f"{config.name} states no dtype")


def _quantization(config: _Config) -> str | None:
    found = config.top.get("quantization_config")
    if found is None:
        return None
    config.typed(found, (Mapping,), "quantization_config", "an object")
    method = found.get("quant_method")
    if method is None:
        raise UnknownFact("model", "quantization_config states no quant_method")
    return str(config.typed(method, (str,), "quant_method", "text"))


def _quantization_bits(config: _Config) -> int | None:
    """Return the width for bitsandbytes; other methods store it differently."""
    found = config.top.get("quantization_config")
    if found is None:
        return None
    config.typed(found, (Mapping,), "quantization_config", "an object")
    bits = {"load_in_4bit": 4, "load_in_8bit": 8}
    stated = [width for key, width in bits.items() if found.get(key) is True]
    if not stated and not isinstance(found.get("bits"), int):
        raise UnknownFact("model", "quantization_config does not state a width")
    return stated[0] if stated else int(found["bits"])


def _compute_dtype(config: _Config) -> str | None:
    """Return the compute dtype; the default of bitsandbytes is float32."""
    found = config.top.get("quantization_config") or {}
    if not isinstance(found, Mapping) or found.get("load_in_4bit") is not True:
        return None
    return str(found.get("bnb_4bit_compute_dtype", "float32")).removeprefix("torch.")


def _tie_word_embeddings(config: _Config) -> bool:
    """Return whether the embeddings are tied: the default of every Gemma unless a config says
    no.
    """
    for part in (config.top, config.text or {}):
        value = part.get("tie_word_embeddings")
        if value is not None:
            config.typed(value, (bool,), "tie_word_embeddings", "true or false")
            if value is False:
                return False
    return True


def _bidirectional(config: _Config) -> str | bool | None:
    value: str | bool | None = config.text_config().get("use_bidirectional_attention")
    return value


def _towers(config: _Config) -> tuple[str, ...]:
    """Return the towers of a composite: every release has a vision config, audio may be null."""
    return tuple(
        name for name in ("vision", "audio") if config.top.get(f"{name}_config") is not None
    )


def _version(config: _Config) -> str | None:
    value = config.top.get("transformers_version")
    return None if value is None else str(value)


def _chosen_at_loading(config: _Config) -> Any:
    raise UnknownFact("model", "chosen when the model is loaded")


def _whole(key: str, *, optional: bool = False) -> Callable[[_Config], Any]:
    kinds = (int, type(None)) if optional else (int,)

    def question(config: _Config) -> Any:
        value = config.text_value(key, kinds, "a whole number")
        if value is not None and value < 0:
            config.typed(value, (), key, "a whole number, zero or more")
        return value

    return question


def _window(config: _Config) -> Any:
    """Return ``sliding_window``; RecurrentGemma calls it by another name."""
    other = "attention_window_size"
    name = other if other in config.text_config() else "sliding_window"
    return _whole(name, optional=True)(config)


def _number(key: str) -> Callable[[_Config], Any]:
    return lambda config: config.text_value(key, (int, float, type(None)), "a number")


def _global_head_dim(config: _Config) -> int | None:
    """Return ``global_head_dim``, which newer transformers (5.16) state as an override for some
    layers.
    """
    layers = config.text_config().get("per_layer_config")
    if isinstance(layers, Mapping):
        found = overridden_head_dim(layers)
        if found is not None:
            return found
    value: int | None = _whole("global_head_dim", optional=True)(config)
    return value


def overridden_head_dim(layers: Mapping[Any, Any]) -> int | None:
    """Return the ``head_dim`` that overrides by layer state (that of the full-attention layers)."""
    stated = [layer.get("head_dim") for layer in layers.values() if isinstance(layer, Mapping)]
    return max((dim for dim in stated if isinstance(dim, int)), default=None)


_QUESTIONS: dict[str, Callable[[_Config], Any]] = {
    "model_type": lambda config: config.top["model_type"],
    "text_model_type": _Config.text_type,
    "class_name": _class_name,
    "composite": _composite,
    "use_cache": _use_cache,
    "keys_to_ignore_at_inference": _ignored_keys,
    "attn_implementation": _chosen_at_loading,
    "dtype": _dtype,
    "quantization": _quantization,
    "num_hidden_layers": _whole("num_hidden_layers"),
    "num_kv_shared_layers": _whole("num_kv_shared_layers"),
    "hidden_size": _whole("hidden_size"),
    "vocab_size": _whole("vocab_size"),
    "head_dim": _whole("head_dim", optional=True),
    "global_head_dim": _global_head_dim,
    "sliding_window": _window,
    "attn_logit_softcapping": _number("attn_logit_softcapping"),
    "final_logit_softcapping": _number("final_logit_softcapping"),
    "activation": stated_activation,
    "enable_moe_block": lambda config: config.text_value(
        "enable_moe_block", (bool,), "true or false"
    ),
    "quantization_bits": _quantization_bits,
    "compute_dtype": _compute_dtype,
    "tie_word_embeddings": _tie_word_embeddings,
    "use_bidirectional_attention": _bidirectional,
    "max_position_embeddings": _whole("max_position_embeddings"),
    "experts_implementation": _chosen_at_loading,
    "transformers_version": _version,
    "towers": _towers,
}
