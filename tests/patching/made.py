"""A model small enough to compare whole: modules, configs, a save that reads the config."""

from __future__ import annotations

from typing import Any

import torch


class Config:
    """What the library takes for a config: a ``model_type`` and a ``to_dict``."""

    model_type = "made"
    attribute_map = {"alias": "use_cache"}
    inherited = "from the class"

    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)

    @property
    def attn_implementation(self) -> str:
        return "eager"

    @attn_implementation.setter
    def attn_implementation(self, value: str) -> None:
        self.behind = value

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


class Layer(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)
        self.scale = 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x) * self.scale


class Model(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.config = Config(use_cache=True, text_config=Config(use_cache=True))
        self.layers = torch.nn.ModuleList([Layer(), Layer()])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x

    def save_pretrained(self) -> dict[str, Any]:
        """What would be written."""
        return self.config.to_dict()


def snapshot(model: torch.nn.Module) -> dict[str, Any]:
    """Every entry of every module and config, by path; objects as themselves."""
    found: dict[str, Any] = {}
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            is_store = name.startswith("_") and isinstance(value, dict)
            found[f"{path}.{name}"] = dict(value) if is_store else value
    for path, held in (("config", model.config), ("text_config", model.config.text_config)):
        found.update({f"{path}:{name}": value for name, value in vars(held).items()})
    return found


def double(owner: Layer, x: torch.Tensor) -> torch.Tensor:
    """A method to put in place of ``forward``."""
    return type(owner).forward(owner, x) * 2


def triple(owner: Layer, x: torch.Tensor) -> torch.Tensor:
    return type(owner).forward(owner, x) * 3


def negate(module: Any, args: Any, output: torch.Tensor) -> torch.Tensor:
    """A forward hook."""
    return -output


def look(module: Any, args: Any) -> None:
    """A forward pre-hook."""
