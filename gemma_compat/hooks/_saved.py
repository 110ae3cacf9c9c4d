"""A Trainer writes ``use_cache`` into the model's config; a checkpoint keeps what was there before.

From transformers 5 on every Trainer writes ``args.use_cache``, which is False unless asked, and on
transformers 4 one that checkpoints does. Saved with the checkpoint, that makes a model that
generates without a cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..patching.ledger import Ledger

CODE = "use_cache_as_found"


def writes_use_cache(args: Any) -> bool:
    """Return whether the Trainer of these ``TrainingArguments`` is going to turn ``use_cache``
    off.
    """
    if hasattr(args, "use_cache"):
        return not args.use_cache
    return bool(getattr(args, "gradient_checkpointing", False))


def remember_use_cache(model: Any, ledger: Ledger) -> None:
    """Have every save of the model write the ``use_cache`` that its config has now, if it is on."""
    from ..patching.saving import remember_found

    config = getattr(model, "config", None)
    if getattr(config, "use_cache", None):
        remember_found(ledger, [(config, "use_cache")])
