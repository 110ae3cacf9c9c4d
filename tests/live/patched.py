"""One rule's patch on a tiny model, and what its forwards then do."""

from __future__ import annotations

from typing import Any

import pytest
import transformers

from gemma_compat import versions
from gemma_compat.live.tree import text_models
from gemma_compat.patching.ledger import Ledger
from gemma_compat.rules import find

from .. import tiny

RELEASE = transformers.__version__
NAMES = tiny.available()
SHARING = [name for name in NAMES if name.startswith(("gemma3n", "gemma4"))]
OTHERS = [name for name in NAMES if name not in SHARING]


def on(specifier: str) -> bool:
    return versions.contains(specifier, RELEASE)


def only_on(specifier: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not on(specifier), reason=f"transformers {RELEASE} not {specifier}")


def apply(code: str, model: Any) -> Ledger:
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    ledger = Ledger(code, base)
    rule = find(code)
    assert rule.patch is not None
    rule.patch(base, ledger)
    return ledger


def unshared(name: str) -> dict[str, Any]:
    """The text config's fields under which no layers share keys and values."""
    return {"num_kv_shared_layers": 0} if name in SHARING else {}


def caches_seen(model: Any, call: Any) -> list[tuple[int, bool]]:
    """For every run of the first decoder layer's attention: its tokens, and whether cached."""
    seen: list[tuple[int, bool]] = []

    def note(module: Any, args: Any, kwargs: Any) -> None:
        hidden = kwargs.get("hidden_states", args[0] if args else None)
        given = [kwargs.get(key) for key in ("cache", "past_key_values", "past_key_value")]
        seen.append((hidden.shape[1], any(cache is not None for cache in given)))

    attention = text_models(model)[0][1].layers[0].self_attn
    handle = attention.register_forward_pre_hook(note, with_kwargs=True)
    call()
    handle.remove()
    return seen


def generate(model: Any, name: str) -> Any:
    ids = tiny.batch(name, tokens=6)["input_ids"]
    return lambda: model.generate(input_ids=ids, max_new_tokens=4, do_sample=False)


CASES = [
    pytest.param(attn, lora, padded, marks=() if quick else pytest.mark.slow)
    for attn in ("eager", "sdpa")
    for lora in (False, True)
    for padded in (False, True)
    for quick in [(attn, lora, padded) in {("eager", False, False), ("sdpa", True, True)}]
]


def can_sdpa(name: str, attn: str) -> None:
    if attn == "sdpa" and name in {"gemma2", "paligemma"} and on(">=5.21.0.dev0"):
        pytest.skip("sdpa is refused for Gemma 2 from 5.21")


def batch_for(name: str, padded: bool) -> Any:
    return tiny.pad_left(tiny.batch(name)) if padded else tiny.batch(name)
