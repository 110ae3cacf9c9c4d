"""The sizes of a Gemma that decide its memory, read from a config: no torch, no weights.

    >>> shape = read_shape(checkpoints.find("google/gemma-3-1b-it").config)
    >>> shape.hidden, len(shape.layers), shape.vocabulary
    (1152, 26, 262144)

A figure that the config does not state and that has no published default raises ``MissingFigure``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import GemmaCompatError

_STYLES = {
    "gemma": "gemma",
    "gemma2": "gemma2",
    "vaultgemma": "gemma",
    "gemma3": "gemma3",
    "gemma3_text": "gemma3",
    "shieldgemma2": "gemma3",
    "gemma3n": "gemma3n",
    "gemma3n_text": "gemma3n",
    "gemma4": "gemma4",
    "gemma4_text": "gemma4",
    "gemma4_unified": "gemma4",
    "gemma4_unified_text": "gemma4",
}
# Every n-th layer attends to the whole row where the config does not list the layers' kinds;
# defaults of transformers' configuration files.
_PERIODS = {"gemma2": 2, "gemma3": 6, "gemma3n": 5, "gemma4": 6}
_DEFAULTS = {
    "gemma3n": {
        "hidden_size_per_layer_input": 256,
        "vocab_size_per_layer_input": 262144,
        "laurel_rank": 64,
        "altup_num_inputs": 4,
    },
    "gemma4": {"vocab_size_per_layer_input": 262144, "global_head_dim": 512},
}


class MissingFigure(GemmaCompatError):
    """The config does not state a size that the estimate needs."""


@dataclass(frozen=True)
class Linear:
    """One matrix of a layer: the name that LoRA knows it by, and its widths."""

    name: str
    inputs: int
    outputs: int

    @property
    def size(self) -> int:
        return self.inputs * self.outputs


@dataclass(frozen=True)
class Experts:
    """A mixture: how many experts, how many a token visits, and an expert's width."""

    count: int
    visited: int
    inner: int


@dataclass(frozen=True)
class Layer:
    """One decoder layer.

    Attributes:
        sliding: whether it attends to a window only.
        head: width of a head.
        query, keys: widths of all query heads, and of all key heads.
        own_keys: whether it computes keys and values; ``False`` where it reuses another layer's.
        keys_are_values: whether one projection gives both.
        inner: width of the MLP.
        sparse: whether the MLP keeps only the largest activations (Gemma 3n).
        experts: the mixture beside the MLP, if any.
    """

    sliding: bool
    head: int
    query: int
    keys: int
    own_keys: bool
    keys_are_values: bool
    inner: int
    sparse: bool = False
    experts: Experts | None = None

    def linears(self, hidden: int) -> tuple[Linear, ...]:
        """The matrices that LoRA's usual names reach."""
        found = [Linear("q_proj", hidden, self.query)]
        if self.own_keys:
            found.append(Linear("k_proj", hidden, self.keys))
            if not self.keys_are_values:
                found.append(Linear("v_proj", hidden, self.keys))
        return (
            *found,
            Linear("o_proj", self.query, hidden),
            Linear("gate_proj", hidden, self.inner),
            Linear("up_proj", hidden, self.inner),
            Linear("down_proj", self.inner, hidden),
        )


@dataclass(frozen=True)
class Tower:
    """What reads images or sound.

    Attributes:
        kind: ``vision`` or ``audio``.
        linear, other: numbers in its matrices (which bitsandbytes quantizes) and beside them.
        tokens: that one image becomes inside it; hidden width, inner width and layers beside.
    """

    kind: str
    linear: int
    other: int
    tokens: int = 0
    hidden: int = 0
    inner: int = 0
    layers: int = 0
    pixels: int = 0


@dataclass(frozen=True)
class Shape:
    """One model.

    Attributes:
        style: the generation, which decides how a layer is built.
        per_layer, per_layer_rows: width and rows of the embeddings per layer (3n, 4); 0 for none.
        streams: copies of the hidden state that the layers carry (AltUp of Gemma 3n), 1 elsewhere.
        laurel: rank of Gemma 3n's LAuReL block.
        softcap, attention_softcap: whether logits, and scores of attention, are capped.
        unknown: what the config does not state and the estimate leaves out.
    """

    style: str
    hidden: int
    vocabulary: int
    heads: int
    window: int
    layers: tuple[Layer, ...]
    tied: bool = True
    per_layer: int = 0
    per_layer_rows: int = 0
    streams: int = 1
    laurel: int = 0
    softcap: bool = False
    attention_softcap: bool = False
    composite: bool = False
    towers: tuple[Tower, ...] = ()
    unknown: tuple[str, ...] = field(default=())

    @property
    def embedding(self) -> int:
        """Numbers in the input embeddings."""
        return self.vocabulary * self.hidden


def style_of(model_type: str) -> str | None:
    """The generation whose layers this ``model_type`` has; ``None`` where none is estimated."""
    return _STYLES.get(model_type)


def defaults_of(style: str) -> Mapping[str, Any]:
    return _DEFAULTS.get(style, {})


def period_of(style: str) -> int | None:
    return _PERIODS.get(style)
