"""Does the loss of a model's class heed ``num_items_in_batch``? Found by trying, once a class.

A Trainer that accumulates gradients hands the number of trained tokens to the forward and no
longer divides by itself. Whether a class makes use of it changed between releases, and others
replace its forward, so a model of the same class is made, two layers small and on the CPU, and
asked for its loss with one count and with twice that. The model in hand is never run.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import UnknownFact
from ..facts import ModelFacts, TrainingFacts
from ..live.snapshot import Snapshot
from ._ask import ask

Reading = tuple[ModelFacts, dict[str, str]]

_TOKENS = 6
# Fields of the text config; those that a class does not have do no harm there.
_TEXT: dict[str, Any] = {
    "vocab_size": 64,
    "vocab_size_per_layer_input": 64,
    "hidden_size": 32,
    "hidden_size_per_layer_input": 8,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "num_kv_shared_layers": 0,
    "head_dim": 16,
    "global_head_dim": 16,
    "query_pre_attn_scalar": 16,
    "laurel_rank": 4,
    "sliding_window": 8,
    "layer_types": ["sliding_attention", "full_attention"],
    "activation_sparsity_pattern": [0.0, 0.0],
    "max_position_embeddings": 32,
    "pad_token_id": 0,
}
_SIGLIP: dict[str, Any] = {
    "model_type": "siglip_vision_model",
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "image_size": 28,
    "patch_size": 14,
    "projection_dim": 32,
    "vision_use_head": False,
}
_GEMMA4_VISION: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "num_key_value_heads": 1,
    "head_dim": 16,
}
# The composite model types to what their configs are given beside the text.
_BESIDE: dict[str, dict[str, Any]] = {
    "gemma3": {"vision_config": _SIGLIP, "mm_tokens_per_image": 4},
    "gemma4": {"vision_config": _GEMMA4_VISION, "audio_config": None},
    "paligemma": {"vision_config": _SIGLIP, "projection_dim": 32, "hidden_size": 32},
}
_IMAGE_IDS = ("image_token_index", "image_token_id")

_found: dict[tuple[type, Any], bool | str] = {}  # by class and forward: the answer or why none


def with_loss(model: Any, reading: Reading, training: TrainingFacts) -> Reading:
    """Return the reading with ``loss_ignores_token_count``, where the run accumulates gradients.

    Args:
        model: as for ``read_model``; only a ``Snapshot`` is looked at.
        reading: the facts of the model, and why some are unknown.
        training: the facts of the run.
    """
    facts, reasons = reading
    if not isinstance(model, Snapshot) or not facts.get("composite"):
        return reading
    if training.get("gradient_accumulation_steps", 1) < 2:
        why = "tried only where the arguments say gradient_accumulation_steps > 1"
        return facts, {**reasons, "model.loss_ignores_token_count": why}
    answers, why_not = ask("model", {"loss_ignores_token_count": _ignores}, model.base)
    return facts.replace(**answers), {**reasons, **why_not}


def _ignores(base: Any) -> bool:
    cls = type(base)
    forward = getattr(cls, "forward", None)
    if "forward" in vars(base) or not _is_of_transformers(forward):
        raise UnknownFact("model", f"the forward of this {cls.__name__} is not transformers' own")
    key = cls, forward
    if key not in _found:
        _found[key] = _try_out(cls, base.config)
    answer = _found[key]
    if isinstance(answer, str):
        raise UnknownFact("model", answer)
    return answer


def _is_of_transformers(forward: Any) -> bool:
    return str(getattr(forward, "__module__", "")).startswith("transformers.models.")


def _try_out(cls: type, config: Any) -> bool | str:
    """Return whether the loss stays the same for twice the count; else why that cannot be seen."""
    try:
        with _untouched():
            small = cls(_small_config(config))
            once, twice = (_loss(small, count) for count in (_TOKENS, 2 * _TOKENS))
    except UnknownFact as error:
        return error.reason
    except Exception as error:  # probe boundary: a class that cannot be made small is unknown
        return f"a small {cls.__name__} could not be tried: {type(error).__name__}: {error}"
    return abs(once - twice) < 0.01 * abs(once)


def _small_config(config: Any) -> Any:
    """Return a config of the same class, two layers small."""
    beside = _BESIDE.get(config.model_type)
    if beside is None:
        raise UnknownFact("model", f"no small {config.model_type} is known to this release")
    text = {"model_type": config.text_config.model_type, **_TEXT}
    from copy import deepcopy

    small = type(config)(text_config=text, **deepcopy(beside), **dict.fromkeys(_IMAGE_IDS, 63))
    for part in (small, small.text_config, small.vision_config):
        part._attn_implementation = "eager"
    return small


def _loss(model: Any, count: int) -> float:
    import inspect

    import torch

    ids = torch.arange(3, 3 + _TOKENS)[None]
    takes = inspect.signature(type(model).forward).parameters
    extra = {name: ids * 0 for name in ("token_type_ids", "mm_token_type_ids") if name in takes}
    with torch.no_grad():
        found = model.eval()(
            input_ids=ids, labels=ids, num_items_in_batch=count, use_cache=False, **extra
        )
    return float(found.loss)


@contextmanager
def _untouched() -> Iterator[None]:
    """Put what is made inside on the CPU in float32; leave random states alone, log nothing."""
    import torch

    dtype = torch.get_default_dtype()
    try:
        with _random_states_kept(), _silence(), torch.device("cpu"):
            torch.set_default_dtype(torch.float32)
            yield
    finally:
        torch.set_default_dtype(dtype)


@contextmanager
def _random_states_kept() -> Iterator[None]:
    """Restore the random states bit for bit; CUDA's only if this process has set CUDA up."""
    import random

    import torch

    numpy = sys.modules.get("numpy")
    kept = random.getstate(), numpy and numpy.random.get_state(), torch.get_rng_state()
    on_gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    try:
        yield
    finally:
        random.setstate(kept[0])
        if numpy:
            numpy.random.set_state(kept[1])
        torch.set_rng_state(kept[2])
        if on_gpus is not None:
            torch.cuda.set_rng_state_all(on_gpus)


@contextmanager
def _silence() -> Iterator[None]:
    """Suppress warnings and logs without using up transformers' "warn once" messages."""
    import logging

    once = vars(logging.Logger).get("warning_once")
    before = logging.root.manager.disable
    try:
        logging.disable(logging.CRITICAL)
        if once is not None:
            logging.Logger.warning_once = _say_nothing  # type: ignore[attr-defined]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        if once is not None:
            logging.Logger.warning_once = once  # type: ignore[attr-defined]


def _say_nothing(*args: Any, **kwargs: Any) -> None:
    """Replace ``Logger.warning_once`` and do nothing."""
