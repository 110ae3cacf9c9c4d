"""Turn the key-value cache off for a run, and for nothing else.

Every config object in the module tree is switched, since which one a ``forward`` reads moved
between releases: up to 4.53 a multimodal Gemma reads a copy that ``model.config`` does not lead
to, from 4.54 ``config.text_config``, and Gemma 4 the top-level config.

``generate`` runs with the configs as they were found. Most of the time it would keep its cache
anyway (it passes ``use_cache=True`` itself), but transformers 4 makes a new ``generation_config``
out of ``model.config`` where the config carries any generation parameter, and would take our
``use_cache=False`` into it for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PatchTargetMissing
from ..live.tree import named_configs
from .saving import call_as_found, remember_found, wrap_method

if TYPE_CHECKING:
    from .ledger import Ledger


def turn_cache_off(model: Any, ledger: Ledger) -> None:
    """Write ``use_cache=False`` into every config that has the switch, and the top-level one.

    Raises:
        PatchTargetMissing: the model holds no config.
    """
    configs = [config for _, config in named_configs(model) if _has_switch(model, config)]
    if not configs:
        raise PatchTargetMissing("the model holds no config with use_cache")
    for config in configs:
        remember_found(ledger, config, "use_cache")  # a False too: the Trainer may overwrite it
        ledger.set_config(config, "use_cache", False)
    wrap_method(ledger, "generate", call_as_found)


def _has_switch(model: Any, config: Any) -> bool:
    return config is getattr(model, "config", None) or hasattr(config, "use_cache")
