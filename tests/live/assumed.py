"""For each rule with a cure: a model on which it is needed, patched, and one that is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from gemma_compat.engine.rule import Rule
from gemma_compat.live.tree import named_configs, text_models
from gemma_compat.rules import all_rules

from .. import tiny
from ..rules.made import proof_of
from . import sharing
from .patched import apply, unshared
from .test_four_bit_dtype import Linear4bit

FILE = "assumes.txt"
# How the table says what a cured model does; "about right" is the loss alone, within one percent.
RIGHT, ABOUT_RIGHT, AS_UNPATCHED = "right", "about right", "as unpatched"
EITHER = "right or as unpatched"
REFUSED = "refused"
ANSWERS = (RIGHT, ABOUT_RIGHT, AS_UNPATCHED, EITHER, REFUSED)
# Rules whose patch is not for a model at hand, and why.
WITHOUT = {
    "GC901": "its patch is for a module, at import",
    "GC1105": "its patch stops the run at once",
}
RULES = [rule for rule in all_rules() if rule.patch is not None and rule.code not in WITHOUT]
Make = Callable[[str, str, bool], Any]


NAMES = (*tiny.available(), "recurrent_gemma")


def lines(rule: Rule) -> dict[str, str]:
    """What the rule's table says of each circumstance."""
    text = (proof_of(rule) / FILE).read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {
        name.strip(): answer.strip() for name, _, answer in (row.partition(":") for row in rows)
    }


def right(code: str, name: str) -> Any:
    """The model that no cure is needed for."""
    if code == "GC401":
        return _overflowing(name, torch.float32)
    if code == "GC107":
        return _without_state(tiny.build(name))
    return _built(code, name)


def _changes(code: str, name: str) -> dict[str, Any]:
    if code in _SHARED:
        return {}
    changes = unshared(name)
    if code == "GC301":
        changes["attn_logit_softcapping"] = 0.5
    if code == "GC607":
        changes["tie_word_embeddings"] = False
    return changes


_SHARED = {"GC104", "GC201", "GC1001"}


def made(code: str, name: str, cure: bool = True) -> Any:
    """A model on which the cure is needed, with it or without."""
    return _MADE.get(code, _plain)(code, name, cure)


def _plain(code: str, name: str, cure: bool, **more: Any) -> Any:
    return _cured(code, _built(code, name, **more), cure)


def _built(code: str, name: str, **more: Any) -> Any:
    """For other rules than GC107, a RecurrentGemma that keeps no state on its layers."""
    model = tiny.build(name, **_changes(code, name), **more)
    return _without_state(model) if name == "recurrent_gemma" and code != "GC107" else model


def _cured(code: str, model: Any, cure: bool) -> Any:
    if cure:
        apply(code, model)
    return model


def _reentrant(code: str, name: str, cure: bool) -> Any:
    return sharing.checkpoint(_plain(code, name, cure), True)


def _checkpointed(code: str, name: str, cure: bool) -> Any:
    return sharing.checkpoint(_plain(code, name, cure), False)


def _wrapped(code: str, name: str, cure: bool) -> Any:
    return sharing.wrap(_plain(code, name, cure), "NO_REENTRANT")


def _sdpa(code: str, name: str, cure: bool) -> Any:
    return _cured(code, without_cache(_plain(code, name, False, attn="sdpa")), cure)


def without_cache(model: Any) -> Any:
    """As a Trainer has it; with a cache in training, packed samples see each other (GC804)."""
    for _, config in named_configs(model):
        config.use_cache = False
    return model


def _half(code: str, name: str, cure: bool) -> Any:
    return _cured(code, without_cache(_overflowing(name, torch.float16)), cure)


def _overflowing(name: str, dtype: Any) -> Any:
    model = tiny.build(name)
    with torch.no_grad():
        text_models(model)[0][1].layers[1].post_feedforward_layernorm.weight.fill_(4e4)
    return model.to(dtype)


def _without_state(model: Any) -> Any:
    """A RecurrentGemma whose steps begin and end without a state and a cache, whatever is asked."""

    def forget(model: Any, *_: Any) -> None:
        for module in model.modules():
            if "recurrent_states" in vars(module) and torch.is_grad_enabled():
                module.recurrent_states = None

    def begin(model: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        forget(model)
        return (args, {**kwargs, "use_cache": False}) if torch.is_grad_enabled() else None

    model.register_forward_pre_hook(begin, with_kwargs=True)
    model.register_forward_hook(forget)
    return model


def _four_bit(code: str, name: str, cure: bool) -> Any:
    """With a stand-in for the layer of bitsandbytes, which needs no GPU."""
    model = _plain(code, name, cure=False)
    inside = text_models(model)[0][1].layers[0].modules()
    block = next(module for module in inside if hasattr(module, "gate_proj"))
    found = block.gate_proj
    block.gate_proj = Linear4bit(found.in_features, found.out_features, found.bias is not None)
    block.gate_proj.load_state_dict(found.state_dict())
    block.gate_proj.compute_dtype = torch.float16
    return _cured(code, model, cure)


def _without_types(code: str, name: str, cure: bool) -> Any:
    model = _plain(code, name, cure)
    model.register_forward_pre_hook(drop_types_of_text, with_kwargs=True)
    return model


def drop_types_of_text(model: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What a collator does that knows nothing of token types, where there is text alone."""
    if "pixel_values" in kwargs or not model.training:
        return None
    rest = {key: value for key, value in kwargs.items() if "token_type_ids" not in key}
    return args, rest


def _exact(code: str, name: str, cure: bool) -> Any:
    return _cured(code, without_cache(_plain(code, name, False, hidden_act="gelu")), cure)


_MADE: dict[str, Make] = {
    "GC104": _reentrant,
    "GC201": _reentrant,
    "GC202": _checkpointed,
    "GC203": _wrapped,
    "GC204": _checkpointed,
    "GC301": _sdpa,
    "GC401": _half,
    "GC404": _four_bit,
    "GC622": _exact,
    "GC801": _without_types,
}
