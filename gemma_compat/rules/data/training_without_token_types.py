"""A text-only batch without token types is refused in training, though nothing needs them.

## What breaks
The first training step ends with `token_type_ids is required as a model input when training`; of
a Gemma 4 with `use_bidirectional_attention="vision"` it names `mm_token_type_ids`. Collators that
drop the key, packing and plain text datasets lead to it. Evaluation works.

## Why
transformers 5.0 makes the mask of a multimodal model from token types, in which image tokens see
each other, and refuses to train without. Gemma 3 and Gemma 4 take text without them from 5.6.0
on, PaliGemma from 5.9.0.

## Cure
Have the collator pass `token_type_ids` (zeros for text; for PaliGemma ones, since its zeros mean a
prefix that sees its own future), or upgrade. `patch` fills them in for training batches that have
ids, nothing but text and no prepared mask: the loss is to the last digit that of evaluation for
Gemma 3 and 4, and for PaliGemma that of 5.9.0, which trains causally. Batches with images, videos
or sound stay as they are, also where only their placeholders stand in the text.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from ...conditions.attention import sees_images_both_ways
from ...conditions.run import lacks_token_types
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchTargetMissing
from ...facts import Facts
from ...live.tree import named_modules

_GEMMA3 = frozenset({"gemma3", "shieldgemma2"})
_NAMES = ("token_type_ids", "mm_token_type_ids")


RULE = Rule(
    code="GC801",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("crash-in-training",),
    scopes=(
        Scope(_GEMMA3, {"transformers": ">=5.0.0.dev0,<5.6.0"}, fixed_in={"transformers": "5.6.0"}),
        Scope({"paligemma"}, {"transformers": ">=5.0.0.dev0,<5.9.0"}),
        Scope(
            {"gemma4"},
            {"transformers": ">=5.5.0,<5.6.0"},
            when=(sees_images_both_ways,),
            fixed_in={"transformers": "5.6.0"},
        ),
    ),
    when=(lacks_token_types,),
    fix=Fix(fixed_in={"transformers": "5.9.0"}),
    applicability=Applicability.SAFE,
    leaves=("fill_token_types",),
    symptoms=(r"`?(mm_)?token_type_ids`? is required as a model input when training",),
    raised_at=(
        "ValueError transformers/models/gemma3/modeling_gemma3.py:create_causal_mask_mapping",
        "ValueError transformers/models/gemma4/modeling_gemma4.py:create_causal_mask_mapping",
        "ValueError transformers/models/paligemma/modeling_paligemma.py:create_causal_mask_mapping",
    ),
    reports=("huggingface/trl#5032",),
    fixed_by=("huggingface/transformers#45454",),
)


def describe(facts: Facts) -> Problem:
    name = _NAMES[facts.model.model_type == "gemma4"]
    fill = "ones" if facts.model.model_type == "paligemma" else "zeros"
    return Problem(
        message=(
            f"on transformers {facts.version('transformers')} a {facts.model.model_type} refuses "
            f"training batches without {name}, text or not"
        ),
        help=f"gemma_compat.patch(model), or batch['{name}'] = torch.{fill}_like(input_ids)",
    )


def patch(model: Any, ledger: Any) -> None:
    """Fill in what text means, below every wrapper that calls ``forward`` past the hooks."""
    inner = list(_mask_makers(model))
    if not inner:
        raise PatchTargetMissing("no module that makes its mask of token types")
    for module in inner:
        ledger.add_hook(module, "forward_pre_hook", fill_token_types, with_kwargs=True)


def fill_token_types(module: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Return the keywords with token types of plain text; ``None`` where they are to stay as they
    are.
    """
    name = _name_of(module)
    ids = args[0] if args else kwargs.get("input_ids")
    mask = kwargs.get("attention_mask")
    prepared = mask is not None and getattr(mask, "ndim", 0) != 2
    if not module.training or ids is None or name is None or prepared:
        return None
    if kwargs.get(name) is not None or not _is_text_alone(module, ids, kwargs):
        return None
    fill = 1 if module.config.model_type == "paligemma" else 0
    return args, {**kwargs, name: ids.new_full(ids.shape, fill)}


# What a batch of text may bring. Any other tensor may be of an image, a video or a sound.
_OF_TEXT = {
    "attention_mask",
    "cache_position",
    "cu_seq_lens_k",
    "cu_seq_lens_q",
    "input_ids",
    "labels",
    "logits_to_keep",
    "loss_mask",
    "max_length_k",
    "max_length_q",
    "num_items_in_batch",
    "position_ids",
    "shift_labels",
}
_PLACEHOLDERS = (
    "image_token_id",
    "image_token_index",
    "video_token_id",
    "audio_token_id",
)


def _is_text_alone(module: Any, ids: Any, kwargs: dict[str, Any]) -> bool:
    """Return whether no tensor among the keywords, and no token among the ids, is of anything but
    text.
    """
    others = (value for key, value in kwargs.items() if key not in _OF_TEXT)
    if kwargs.get("past_key_values") is not None or any(hasattr(item, "ndim") for item in others):
        return False
    numbers = [getattr(module.config, field, None) for field in _PLACEHOLDERS]
    return not any(bool((ids == number).any()) for number in numbers if isinstance(number, int))


def _mask_makers(model: Any) -> Iterator[Any]:
    """Yield the modules right above a language model that take token types."""
    for _, module in named_modules(model):
        if "language_model" in module._modules and _name_of(module):
            yield module


def _name_of(module: Any) -> str | None:
    takes = inspect.signature(type(module).forward).parameters
    return next((name for name in reversed(_NAMES) if name in takes), None)
