"""Say what a training step leaves to chance: its dropout, and the seed it draws with."""

from __future__ import annotations

from typing import Any

_SEED = 7_202_611_271_803  # no script uses it, so another one afterwards was set by the step


def quieten(module: Any) -> None:
    """Switch dropout off by its rate, since the run's step puts every module into training mode."""
    if "Dropout" in type(module).__name__ and isinstance(vars(module).get("p"), float):
        module.p = 0.0
    for name in ("attention_dropout", "dropout"):
        if isinstance(vars(module).get(name), float):
            setattr(module, name, 0.0)


def largest_dropout(model: Any) -> float:
    """Return the largest rate at which the model drops values in training; 0 for none."""
    rates = [0.0]
    for module in model.modules():
        held = vars(module)
        names = ["p"] if "Dropout" in type(module).__name__ else ["attention_dropout", "dropout"]
        rates += [held[name] for name in names if isinstance(held.get(name), float)]
    return max(rates)


def own_seed() -> int:
    """Set a seed by which :func:`is_seeded` sees whether a step sets another; return it."""
    import torch

    torch.manual_seed(_SEED)
    return _SEED


def is_seeded(seed: int) -> bool:
    """Return whether torch was seeded again since it was given this seed."""
    import torch

    return int(torch.initial_seed()) != seed
