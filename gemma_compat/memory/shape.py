"""The sizes of a Gemma that decide its memory, read from a config: no torch, no weights.

    >>> shape = read_shape(checkpoints.find("google/gemma-3-1b-it").config)
    >>> shape.hidden, len(shape.layers), shape.vocabulary
    (1152, 26, 262144)

A figure that the config does not state and that has no published default raises ``MissingFigure``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import GemmaCompatError
from ..values import Value

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
    "embedding_gemma2": "gemma4",
    "embedding_gemma2_text": "gemma4",
}
# If the config does not list the layers' kinds, every n-th layer attends to the whole row. The
# defaults are those of transformers' configuration files.
_PERIODS = {"gemma2": 2, "gemma3": 6, "gemma3n": 5, "gemma4": 6}
_DEFAULTS = {
    "gemma3": {"vocab_size": 262208},
    "gemma3n": {
        "hidden_size_per_layer_input": 256,
        "vocab_size_per_layer_input": 262144,
        "laurel_rank": 64,
        "altup_num_inputs": 4,
    },
    "gemma4": {"vocab_size_per_layer_input": 262144, "global_head_dim": 512},
}
# Their embeddings per layer are projected from the hidden state, so there is no second table.
_PROJECTED = frozenset({"embedding_gemma2", "embedding_gemma2_text"})


class MissingFigure(GemmaCompatError):
    """The config does not state a size that the estimate needs."""


class Linear(Value):
    """One matrix of a layer.

    Attributes:
        name: the name that PEFT's ``target_modules`` uses for it: ``q_proj``.
        inputs, outputs: its two widths.
    """

    name: str
    inputs: int
    outputs: int

    @property
    def size(self) -> int:
        """Return how many numbers it holds."""
        return self.inputs * self.outputs


class Experts(Value):
    """The mixture of experts in a layer.

    Attributes:
        count: how many experts there are.
        visited: how many of them each token passes through.
        inner: the width inside one expert.
    """

    count: int
    visited: int
    inner: int


class Layer(Value):
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
        """Return the matrices that a LoRA on "all-linear" adapts."""
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


class Tower(Value):
    """A vision or audio encoder beside the text model.

    Attributes:
        kind: ``vision`` or ``audio``.
        linear: how many numbers its matrices hold, which bitsandbytes quantizes.
        other: how many numbers it holds beside them.
        tokens: how many tokens one image becomes inside it.
        hidden, inner, layers: its widths and its number of layers.
        pixels: how many numbers one image has as input.
    """

    kind: str
    linear: int
    other: int
    tokens: int = 0
    hidden: int = 0
    inner: int = 0
    layers: int = 0
    pixels: int = 0


class Shape(Value):
    """The sizes of one model.

    Attributes:
        style: the generation (``gemma3n``), which decides how a layer is built.
        hidden, vocabulary, heads: width of the hidden state, rows of the embeddings, query heads.
        window: tokens that a sliding layer attends to; 0 where no layer slides.
        layers: the decoder layers, first to last.
        tied: whether the output head is the embedding table.
        head: whether it has an output head, and so logits; EmbeddingGemma has none.
        per_layer, per_layer_rows: width and rows of the embeddings per layer (3n, 4); 0 for none.
        streams: copies of the hidden state that the layers carry (AltUp of Gemma 3n), 1 elsewhere.
        laurel: rank of Gemma 3n's LAuReL block; 0 elsewhere.
        softcap, attention_softcap: whether logits, and attention scores, are capped.
        composite: whether the config holds towers beside the text model.
        towers: the vision and audio encoders whose sizes are known.
        unknown: what the config does not state, and the estimate therefore leaves out.
        assumed: a line for each size that is transformers' default, as nothing states it.
    """

    style: str
    hidden: int
    vocabulary: int
    heads: int
    window: int
    layers: tuple[Layer, ...]
    tied: bool = True
    head: bool = True
    per_layer: int = 0
    per_layer_rows: int = 0
    streams: int = 1
    laurel: int = 0
    softcap: bool = False
    attention_softcap: bool = False
    composite: bool = False
    towers: tuple[Tower, ...] = ()
    unknown: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def embedding(self) -> int:
        """Return how many numbers the input embeddings hold."""
        return self.vocabulary * self.hidden


def style_of(model_type: str) -> str | None:
    """Return the generation whose layers this ``model_type`` has; ``None`` if none is estimated."""
    return _STYLES.get(model_type)


def defaults_of(style: str) -> Mapping[str, Any]:
    """Return what transformers' config class of this generation fills in for a missing key."""
    return _DEFAULTS.get(style, {})


def has_table_per_layer(model_type: str) -> bool:
    """Return whether embeddings per layer, where there are any, are looked up by token."""
    return model_type not in _PROJECTED


def period_of(style: str) -> int | None:
    """Return n where every n-th layer attends to the whole row; ``None`` for no default."""
    return _PERIODS.get(style)
