"""Keep a Trainer's ``use_cache`` out of the saved config.

From transformers 5 on every Trainer writes ``args.use_cache`` into the model's config, which is
``False`` unless asked for; on transformers 4 a Trainer with checkpointing does. Saved with a
checkpoint, that value would make the model generate without a cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..patching.ledger import Ledger

CODE = "use_cache_as_found"


def writes_use_cache(args: Any) -> bool:
    """Return whether the Trainer of these ``TrainingArguments`` will turn ``use_cache`` off."""
    if hasattr(args, "use_cache"):
        return not args.use_cache
    return bool(getattr(args, "gradient_checkpointing", False))


def remember_use_cache(model: Any, ledger: Ledger) -> None:
    """Make every save of the model write the present ``use_cache`` of its config.

    That is none at all for the top-level config of a multimodal model. A ``False`` needs no note:
    the Trainer writes the same.
    """
    from ..patching.saving import remember_found

    config = getattr(model, "config", None)
    if config is not None and vars(config).get("use_cache", True) is not False:
        remember_found(ledger, [(config, "use_cache")])
