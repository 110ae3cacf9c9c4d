"""Turn the key-value cache off for a run, and for nothing else.

No config is written: two models may share one, and it is saved, copied, and read by other threads.
A hook on each module on the way down to the text model passes ``use_cache=False`` in training and
inside a Trainer's evaluation, where the caller says nothing. ``generate`` says ``use_cache=True``,
and a forward in eval mode returns its cache as before.

Every module on the way has a hook, since some do not come by: PEFT calls the ``forward`` of the
outermost model past its hooks, and Gemma 4's own model reads the top-level config before it calls
the text model.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import PatchTargetMissing
from ..live.checkpoint_wrappers import reentrancies
from ..live.tree import text_models
from .packed_rows import starts_anew, stop_at_packed_rows
from .saving import remember_found

if TYPE_CHECKING:
    from .ledger import Ledger

_EVALUATION = {"evaluation_loop", "prediction_loop", "prediction_step"}
_TRAINER = "transformers.trainer"


def turn_cache_off(model: Any, ledger: Ledger) -> None:
    """Hook what asks for a cache, and have every save write the ``use_cache`` found here.

    Raises:
        PatchTargetMissing: no forward on the way to the decoder layers takes ``use_cache``.
    """
    configs = [config for _, config in ledger.configs() if _has_switch(model, config)]
    takers = modules_that_take_use_cache(model, ledger)
    if not configs or not takers:
        raise PatchTargetMissing("the model holds no config with use_cache")
    for module in takers:
        ledger.add_hook(module, "forward_pre_hook", leave_cache_out, with_kwargs=True)
    stop_at_packed_rows(model, takers, ledger)
    # A False too: a Trainer may overwrite it.
    remember_found(ledger, [(config, "use_cache") for config in configs])


def modules_that_take_use_cache(model: Any, ledger: Ledger) -> list[Any]:
    """Return each module from the model down to its text models whose forward takes
    ``use_cache``.
    """
    found: dict[int, Any] = {}
    for path, _ in ledger.text_models():
        module = model
        for name in ("", *path.split(".")[1:]):
            module = module._modules[name] if name else module
            if _place_of_use_cache(module) is not None:
                found[id(module)] = module
    return list(found.values())


def leave_cache_out(module: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Forward pre-hook: drop the cache in training and a Trainer's evaluation, unless asked for."""
    if _is_decided(module, args, kwargs):
        return None
    if not (module.training or _refills(module) or is_in_evaluation()):
        return None
    return args, {**kwargs, "use_cache": False}


def leave_cache_out_of_packed_rows(module: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Forward pre-hook, in any mode: drop the cache if position ids start again in a row."""
    if _is_decided(module, args, kwargs) or not starts_anew(kwargs):
        return None
    return args, {**kwargs, "use_cache": False}


def is_in_evaluation() -> bool:
    """Return whether ``Trainer.evaluate`` or ``predict`` is among this thread's callers.

    The stack belongs to this thread alone; another thread may train or generate meanwhile.
    """
    import torch

    if torch.compiler.is_compiling():
        return False
    frame: Any = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_name in _EVALUATION and frame.f_globals.get("__name__") == _TRAINER:
            return True
        frame = frame.f_back
    return False


def _is_decided(module: Any, args: Any, kwargs: dict[str, Any]) -> bool:
    """Return whether the caller says something about the cache."""
    if kwargs.get("use_cache") is not None or kwargs.get("past_key_values") is not None:
        return True
    place = _place_of_use_cache(module) if len(args) > 1 else None
    return place is not None and len(args) > place


def _refills(module: Any) -> bool:
    """Return whether a wrapper from outside runs layers a second time in the backward pass.

    It does so in eval mode too, where there is a graph.
    """
    import torch

    if not torch.is_grad_enabled() or torch.compiler.is_compiling():
        return False
    return any(reentrancies(text_model) for _, text_model in text_models(module))


def _place_of_use_cache(module: Any) -> int | None:
    """Return its place among the positional arguments of ``forward``; ``None`` where it takes
    none.
    """
    cls: Any = type(module)
    return _place_in(cls.forward)


@lru_cache(maxsize=None)
def _place_in(forward: Any) -> int | None:
    import inspect

    names = [name for name in inspect.signature(forward).parameters if name != "self"]
    return names.index("use_cache") if "use_cache" in names else None


def _has_switch(model: Any, config: Any) -> bool:
    return config is getattr(model, "config", None) or hasattr(config, "use_cache")
