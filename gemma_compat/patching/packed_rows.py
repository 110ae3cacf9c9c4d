"""Stop a cured step whose packed rows the model cannot keep apart.

A cure that ends a crash lets a run go on. Where samples that share a row then see each other, that
run would train another network in silence, and only the batch in hand shows that rows are packed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import versions
from ..errors import CannotBeCured
from ..live.checkpoint_wrappers import reentrancies
from ..live.tree import TOKEN_MIXERS, enclosed_modules, layer_wrappers, text_models

if TYPE_CHECKING:
    from .ledger import Ledger

_TELLS_APART = ">=4.53.1"
_PALIGEMMA_TELLS_APART = ">=5.0.0rc0"


def stop_at_packed_rows(model: Any, handed: Sequence[Any], ledger: Ledger) -> None:
    """Hook the modules that are handed position ids, where packed samples reach each other.

    Args:
        model: the unwrapped model.
        handed: its modules from the top down to the text models.
        ledger: what the hooks are noted in.
    """
    hook = _hook_for(model, [text_model for _, text_model in ledger.text_models()])
    for module in handed if hook else ():
        ledger.add_hook(module, "forward_pre_hook", hook, with_kwargs=True)


def refuse_packed_rows(module: Any, args: Any, kwargs: dict[str, Any]) -> None:
    """Forward pre-hook of a model with a recurrent state: refuse to train on packed rows."""
    if module.training and starts_anew(kwargs):
        raise CannotBeCured(
            "GC820: a row holds several samples, and the convolution runs from one into the "
            "next; packing=False and padding_free=False"
        )


def refuse_packed_rows_under_wrappers(module: Any, args: Any, kwargs: dict[str, Any]) -> None:
    """Forward pre-hook: refuse packed rows where a wrapper would have crashed without the cure."""
    if not starts_anew(kwargs):
        return
    texts = [text_model for _, text_model in text_models(module)]
    if module.training and any(reentrancies(text_model) for text_model in texts):
        raise CannotBeCured(
            "GC803: a row holds several samples, and this transformers lets them attend to each "
            "other; packing=False and padding_free=False"
        )


def starts_anew(kwargs: dict[str, Any]) -> bool:
    """Return whether position ids begin again within a row that holds no padding."""
    import torch

    ids, mask = kwargs.get("position_ids"), kwargs.get("attention_mask")
    if ids is None or getattr(ids, "ndim", 0) != 2 or torch.compiler.is_compiling():
        return False
    if mask is not None and (getattr(mask, "ndim", 0) != 2 or not bool(mask.all())):
        return False  # ids that jump may mean padding
    return bool((ids[:, 1:] < ids[:, :-1]).any())


def _hook_for(model: Any, texts: Sequence[Any]) -> Any:
    """Return the hook that this model needs, or ``None`` where packed samples are kept apart."""
    if any(_has_recurrence(text_model) for text_model in texts):
        return refuse_packed_rows
    first = _PALIGEMMA_TELLS_APART if model.config.model_type == "paligemma" else _TELLS_APART
    parts = [text_model.config for text_model in texts]
    cuts = all("flash" in str(getattr(part, "_attn_implementation", "")) for part in parts)
    if cuts or versions.contains(first, _transformers()):
        return None
    return refuse_packed_rows_under_wrappers


def _has_recurrence(text_model: Any) -> bool:
    """Return whether a layer mixes its tokens by a recurrence, as most of RecurrentGemma's do."""
    for entry in text_model._modules["layers"]._modules.values():
        inside = layer_wrappers(entry)[0]._modules
        for mixer in (inside[name] for name in TOKEN_MIXERS if name in inside):
            if any("rg_lru" in module._modules for module in enclosed_modules(mixer)):
                return True
    return False


def _transformers() -> str:
    """Return the release of the transformers that made the model."""
    return str(getattr(sys.modules.get("transformers"), "__version__", _TELLS_APART[2:]))
