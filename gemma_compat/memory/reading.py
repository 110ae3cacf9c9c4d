"""Read a :class:`Shape` from a ``config.json``, or from what is published of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .shape import (
    Experts,
    Layer,
    MissingFigure,
    Shape,
    defaults_of,
    has_table_per_layer,
    period_of,
    style_of,
)
from .towers import read_towers

_TEXT = ("text_config", "llm_config")


def read_shape(config: Mapping[str, Any]) -> Shape:
    """Return the shape that this config states.

    Args:
        config: a ``config.json`` as a mapping, or the part of one that is published.

    Raises:
        MissingFigure: it does not state a size that the estimate needs, or its model type is not
            estimated.
    """
    text = next((config[key] for key in _TEXT if isinstance(config.get(key), Mapping)), config)
    model_type, style = _type_and_style(config, text)
    figures = _Figures({**defaults_of(style), **_stated(text)}, model_type)
    towers, unknown = read_towers(config) if text is not config else ((), ())
    per_layer = figures.optional("hidden_size_per_layer_input", 0)
    rows = figures.optional("vocab_size_per_layer_input", 0) if per_layer else 0
    altup = style == "gemma3n"
    return Shape(
        style=style,
        hidden=figures.number("hidden_size"),
        vocabulary=figures.number("vocab_size"),
        heads=figures.number("num_attention_heads"),
        window=figures.optional("sliding_window", 0),
        layers=_layers(figures, style),
        tied=text.get("tie_word_embeddings", config.get("tie_word_embeddings")) is not False,
        head=_has_head(config),
        per_layer=per_layer,
        per_layer_rows=rows if has_table_per_layer(model_type) else 0,
        streams=figures.number("altup_num_inputs") if altup else 1,
        laurel=figures.optional("laurel_rank", 0) if altup else 0,
        softcap=bool(figures.values.get("final_logit_softcapping")),
        attention_softcap=bool(figures.values.get("attn_logit_softcapping")),
        composite=text is not config,
        towers=towers,
        unknown=unknown,
        assumed=_assumed(figures, text),
    )


def _type_and_style(config: Mapping[str, Any], text: Mapping[str, Any]) -> tuple[str, str]:
    model_type = str(text.get("model_type") or config.get("model_type") or "")
    style = style_of(model_type) or style_of(str(config.get("model_type") or ""))
    if style is None:
        raise MissingFigure(f"the layers of {model_type or 'no type'!r} are not counted here")
    return model_type, style


def _has_head(config: Mapping[str, Any]) -> bool:
    """Return whether a class that its config names has an output head: ``Gemma3TextModel`` has
    none.
    """
    return not any(str(name).endswith("Model") for name in config.get("architectures") or ())


def _assumed(figures: _Figures, text: Mapping[str, Any]) -> tuple[str, ...]:
    if text.get("vocab_size") is not None:
        return ()
    rows = figures.number("vocab_size")
    return (f"a vocabulary of {rows} (transformers' default; the model's is not stated)",)


def _stated(text: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in text.items() if value is not None}


class _Figures:
    """The figures that a config states; raises one clear error for a missing or bad one."""

    def __init__(self, values: Mapping[str, Any], model_type: str) -> None:
        self.values, self.model_type = values, model_type

    def number(self, name: str) -> int:
        """Return a size, the largest of a list. ``MissingFigure`` if it is not a positive
        integer.
        """
        value = self.values.get(name)
        if isinstance(value, (list, tuple)) and value:
            value = max(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise MissingFigure(f"{name} of this {self.model_type} is not known")
        return value

    def optional(self, name: str, default: int) -> int:
        """Return a size, or the default where the config states none."""
        return self.number(name) if self.values.get(name) else default

    def each(self, name: str, count: int) -> list[int]:
        """Return one figure for each layer, from a list of them or from one for all."""
        value = self.values.get(name)
        if isinstance(value, (list, tuple)) and len(value) == count:
            return [int(item) for item in value]
        return [self.number(name)] * count


def _layers(figures: _Figures, style: str) -> tuple[Layer, ...]:
    count = figures.number("num_hidden_layers")
    heads = figures.number("num_attention_heads")
    kinds = _kinds(figures, style, count)
    inner = figures.each("intermediate_size", count)
    shared = count - int(figures.values.get("num_kv_shared_layers") or 0)
    wide = bool(figures.values.get("use_double_wide_mlp"))
    sparsity = figures.values.get("activation_sparsity_pattern") or ()
    overrides = _overrides(figures)
    found = []
    for index, kind in enumerate(kinds):
        sliding = kind == "sliding_attention"
        head, keys = _attention(figures, style, sliding, heads)
        stated = _Figures(overrides.get(index, {}), figures.model_type)
        head = stated.optional("head_dim", head)
        keys = stated.optional("num_key_value_heads", keys)
        own = index < shared
        found.append(
            Layer(
                sliding=sliding,
                head=head,
                query=heads * head,
                keys=keys * head,
                own_keys=own,
                keys_are_values=bool(figures.values.get("attention_k_eq_v")) and not sliding,
                inner=inner[index] * (2 if wide and not own else 1),
                sparse=_is_sparse(style, sparsity, index, figures),
                experts=_experts(figures),
            )
        )
    return tuple(found)


def _attention(figures: _Figures, style: str, sliding: bool, heads: int) -> tuple[int, int]:
    """Return the width of a head and the number of key heads. Gemma 4's full layers have others."""
    keys = figures.number("num_key_value_heads")
    if figures.values.get("head_dim"):
        head = figures.number("head_dim")
    else:
        head = figures.number("hidden_size") // heads
    if style == "gemma4" and not sliding:
        head = figures.number("global_head_dim")
        keys = figures.optional("num_global_key_value_heads", keys)
    return head, keys


def _overrides(figures: _Figures) -> dict[int, Mapping[str, Any]]:
    """Return the sizes that ``per_layer_config`` gives to single layers, by the layer's number.

    Transformers 5.16 and later save Gemma 4's other heads there.
    """
    stated = figures.values.get("per_layer_config")
    if not isinstance(stated, Mapping):
        return {}
    return {
        int(index): own
        for index, own in stated.items()
        if str(index).isdigit() and isinstance(own, Mapping)
    }


def _kinds(figures: _Figures, style: str, count: int) -> list[str]:
    stated = figures.values.get("layer_types")
    if isinstance(stated, (list, tuple)) and len(stated) == count:
        return [str(kind) for kind in stated]
    period = figures.optional("sliding_window_pattern", period_of(style) or 0)
    if not period or not figures.values.get("sliding_window"):
        return ["full_attention"] * count
    kinds = [
        "full_attention" if not (n + 1) % period else "sliding_attention" for n in range(count)
    ]
    if style == "gemma4":
        kinds[-1] = "full_attention"
    return kinds


def _is_sparse(style: str, pattern: Any, index: int, figures: _Figures) -> bool:
    if style != "gemma3n":
        return False
    if isinstance(pattern, (list, tuple)) and index < len(pattern):
        return bool(pattern[index])
    return index < 10  # the default of transformers' configuration_gemma3n.py


def _experts(figures: _Figures) -> Experts | None:
    if not figures.values.get("enable_moe_block"):
        return None
    return Experts(
        count=figures.number("num_experts"),
        visited=figures.number("top_k_experts"),
        inner=figures.number("moe_intermediate_size"),
    )
