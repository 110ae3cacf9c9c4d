"""Measure what this PEFT's merging makes of a head that was trained apart from its embedding."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

from ._answers import first_line


def merging_unties(wrapper: Any) -> bool | str:
    """Return whether merging writes into the config that head and embedding are two.

    Merge a network of a few numbers, since merging cannot be undone. PEFT does it since 0.19.0.
    A text says why it is unknown: the wrapper merges by another function than LoRA does, or the
    trial raised.
    """
    from peft import LoraConfig, get_peft_model
    from peft.tuners.lora import LoraModel

    mine = getattr(type(wrapper.base_model), "_unload_and_optionally_merge", None)
    if mine is None or mine is not getattr(LoraModel, "_unload_and_optionally_merge", None):
        return "this kind of adapter merges otherwise than LoRA does"
    import torch

    with torch.random.fork_rng(devices=[]), torch.device("cpu"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            config = LoraConfig(r=1, target_modules=["between"], modules_to_save=["head"])
            merged = get_peft_model(_network(), config).merge_and_unload()
        except Exception as error:  # probe boundary: whatever this PEFT raises of it
            return first_line(error)
    return not merged.config.tie_word_embeddings


def _network() -> Any:
    """Return an embedding, a matrix and a head that shares the embedding's weight."""
    import torch

    class Network(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(2, 2)
            self.between = torch.nn.Linear(2, 2)
            self.head = torch.nn.Linear(2, 2, bias=False)
            self.head.weight = self.embedding.weight
            self.config = _Config(tie_word_embeddings=True)

        def get_input_embeddings(self) -> Any:
            return self.embedding

        def get_output_embeddings(self) -> Any:
            return self.head

        def forward(self, ids: Any) -> Any:
            return self.head(self.between(self.embedding(ids)))

    return Network()


class _Config(SimpleNamespace):
    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))
