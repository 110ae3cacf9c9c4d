"""Check whether the names in the adapter's config are names of the model."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ...live.unwrap import peft_wrapper
from ..result import CheckResult
from ._answers import does_not_apply, failed, not_run, passed, warned
from .adapters import tuned

if TYPE_CHECKING:
    from ..subject import Subject

_HEADS = {"classifier", "score"}  # PEFT adds both names for a classifier
_NEAR = 0.6  # of two names; `gate` and `gate_proj` are nearer by their beginning


def adapter_names_match(subject: Subject) -> CheckResult:
    """Check for adapters in each other, and for names in the adapter's config that nothing has."""
    wrapper = peft_wrapper(subject.model)
    if wrapper is None:
        return does_not_apply("the model has no adapter")
    wrappers = [m for m in subject.model.modules() if _is_wrapper(m)]
    if len(wrappers) > 1:
        return failed(
            "the adapter is wrapped around another adapter (get_peft_model was called twice): "
            "what is saved has names that PeftModel.from_pretrained does not find",
            help="get_peft_model once, and no peft_config= for a model that has an adapter; "
            "model.add_adapter for a second one",
        )
    active = getattr(wrapper, "active_adapter", "default")
    config = getattr(wrapper, "peft_config", {}).get(active)
    if config is None:
        return not_run("no adapter is active")
    found = next(_unmatched(subject, config), None)
    return found or passed("each name in the adapter's config is one of the model's")


def _is_wrapper(module: Any) -> bool:
    return hasattr(module, "peft_config") and hasattr(type(module), "get_base_model")


def _unmatched(subject: Subject, config: Any) -> Iterator[CheckResult]:
    layers = sorted(set(tuned(subject.base).values()))
    every = [path for path, _ in subject.base.named_modules() if path and not _inside(path, layers)]
    rest = {_leaf(path) for path in every} - {_leaf(path) for path in layers}
    targets = _missing(_listed(config, "target_modules"), layers)
    if near := _near(targets, rest):
        yield warned(
            f"target_modules names {_quoted(near)}, and no module is called so: "
            f"{', '.join(dict.fromkeys(near.values()))} stay without an adapter",
            help=f"target_modules=[..., {', '.join(map(repr, dict.fromkeys(near.values())))}]",
        )
    kept = [name for name in _listed(config, "modules_to_save") if name not in _HEADS]
    saved = _missing(kept, every)
    near = _near(saved, {_leaf(path) for path in every})
    if near or (saved and len(saved) == len(kept)):
        yield warned(
            f"modules_to_save names {_quoted(near or saved)}, and no module is called so: it is "
            "neither trained nor saved",
            help=f"modules_to_save={list(dict.fromkeys(near.values())) or ['embed_tokens']}",
        )
    for name in ("rank_pattern", "alpha_pattern"):
        unused = [key for key in getattr(config, name, None) or {} if not _fits(key, layers)]
        if unused:
            yield warned(
                f"{name} names {_quoted(unused)}, and no adapted module fits it: it has no effect",
                help=f"{name}= the end of a module's name, such as 'q_proj'",
            )
    yield from _past_the_layers(subject, config)


def _past_the_layers(subject: Subject, config: Any) -> Iterator[CheckResult]:
    given = getattr(config, "layers_to_transform", None)
    models = text_models(subject.base)
    if given is None or not models:
        return
    number = len(models[0][1].layers)
    past = [at for at in ([given] if isinstance(given, int) else given) if at >= number]
    if past:
        yield warned(
            f"layers_to_transform names layer {past[0]}, and the model has layers 0 to "
            f"{number - 1}: {len(past)} of {1 if isinstance(given, int) else len(given)} have no "
            "effect",
            help=f"layers_to_transform= numbers below {number}",
        )


def _listed(config: Any, name: str) -> list[str]:
    """Return the names that the config lists; none where it holds a pattern."""
    given = getattr(config, name, None)
    return sorted(map(str, given)) if isinstance(given, (list, tuple, set)) else []


def _missing(names: Iterable[str], paths: Iterable[str]) -> list[str]:
    held = list(paths)
    return [n for n in names if not any(p == n or p.endswith(f".{n}") for p in held)]


def _near(names: Iterable[str], among: set[str]) -> dict[str, str]:
    """Return each name that is nearly one of these, with that one; names of other families' models,
    which people list beside Gemma's, are near to none.
    """
    found = {}
    for name in names:
        begun = sorted(one for one in among if one.startswith(f"{name}_") or name == f"{one}s")
        close = begun or difflib.get_close_matches(name, sorted(among), n=1, cutoff=_NEAR)
        if close:
            found[name] = close[0]
    return found


def _fits(key: str, layers: list[str]) -> bool:
    try:
        return any(re.match(rf"(.*\.)?({key})$", path) for path in layers)
    except re.error:
        return False


def _inside(path: str, layers: list[str]) -> bool:
    """Return whether a path is a part of an adapted layer, such as ``lora_A``."""
    return any(path.startswith(f"{layer}.") for layer in layers)


def _leaf(path: str) -> str:
    return path.rpartition(".")[2]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
