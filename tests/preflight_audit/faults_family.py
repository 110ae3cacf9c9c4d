"""Accidents that leave a network which is not its family's, or images that are not the pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .. import tiny
from ..preflight import runs
from .faults_model import on_taught
from .planted import Fault, run


def _without_caps(folder: Any) -> Any:
    model = tiny.build("gemma2", final_logit_softcapping=None)
    return run(model, folder, runs.text(name="gemma2"))


def _other_activation(model: Any) -> None:
    model.config.hidden_activation = "relu"
    for layer in model.model.layers:
        layer.mlp.act_fn = torch.nn.ReLU()


def _dropped(model: Any) -> None:
    model.config.attention_dropout = 0.9
    for layer in model.model.layers:
        layer.self_attn.attention_dropout = 0.9


def _window_of_one(folder: Any) -> Any:
    return run(tiny.build("gemma3_text", sliding_window=1), folder, runs.text())


def _new_norm(model: Any) -> None:
    model.model.norm.weight.data.zero_()


def _norm_of_a_layer(model: Any) -> None:
    model.model.layers[2].input_layernorm.weight.data.fill_(1.0)


def _on_pictures(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a run on four smooth coloured pictures, (4, 56, 56, 3) from 0 to 1, changed."""

    def make(folder: Any) -> Any:
        rows = tiny.batch("gemma3", size=4)
        ids = rows["input_ids"]
        ids[:, 0], ids[:, 3], ids[:, 4:8], ids[:, 8] = 2, 251, 250, 252
        rows["token_type_ids"][:, 4:8] = 1
        rows["labels"] = ids.clone()
        rows["labels"][:, 3:9] = -100
        rows["pixel_values"] = change(_pictures())
        return run(tiny.build("gemma3"), folder, rows)

    return make


def _pictures() -> Any:
    at = torch.linspace(0, 3, 56)
    waves = [torch.sin(at[:, None] * (n + 1) + at[None] + n) for n in range(3)]
    one = torch.stack(waves, dim=-1) * 0.3 + 0.5
    return torch.stack([one * (1 - 0.1 * n) for n in range(4)])


def _rescaled_twice(pictures: Any) -> Any:
    return (pictures.permute(0, 3, 1, 2) / 255 - 0.5) / 0.5


def _reshaped(pictures: Any) -> Any:
    return ((pictures - 0.5) / 0.5).reshape(4, 3, 56, 56)


FAULTS = (
    Fault("soft cap lost", _without_caps, "final_logit_softcapping is None", slow=False),
    Fault("another activation", on_taught(_other_activation), "hidden_activation is 'relu'"),
    Fault("attention dropout of 0.9", on_taught(_dropped), "attention_dropout=0.9"),
    Fault("window of one token", _window_of_one, "each token sees itself alone", slow=False),
    Fault("final norm is new", on_taught(_new_norm), "not in the checkpoint"),
    Fault("norm of a layer is new", on_taught(_norm_of_a_layer), "not in the checkpoint"),
    Fault("images rescaled twice", _on_pictures(_rescaled_twice), "rescaled twice", slow=False),
    Fault("images reshaped", _on_pictures(_reshaped), "lie in each other", slow=False),
)
