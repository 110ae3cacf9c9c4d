"""Check whether the head is trained, and stays what the embedding is if the two are tied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ...live.unwrap import peft_wrapper
from ..result import CheckResult
from ._answers import does_not_apply, not_run, passed, warned
from .merging import merging_unties

if TYPE_CHECKING:
    from ..subject import Subject

_TYING = "modules_to_save=['embed_tokens', 'lm_head'] with ensure_weight_tying=True"
_UNTIE = "merged.config.tie_word_embeddings = False before merged.save_pretrained"


def head_is_trained(subject: Subject) -> CheckResult:
    """Check that a tied head still is the embedding, or is trained itself."""
    head = getattr(subject.base, "get_output_embeddings", lambda: None)()
    models = text_models(subject.base)
    if head is None or not models:
        return _of_score(subject) or does_not_apply("no language head was found")
    tied = getattr(subject.base.config, "tie_word_embeddings", None)
    if tied is None:
        tied = getattr(
            getattr(subject.base.config, "text_config", None), "tie_word_embeddings", True
        )
    embedding = models[0][1].embed_tokens
    held, read = _live(embedding), _live(head)
    if held is None or read is None or not tied or held is read or _same(held, read):
        return passed("head and embedding are one" if tied else "head and embedding are apart")
    if not read.requires_grad and not held.requires_grad:
        return passed("head and embedding are apart, and neither is trained")
    wrapper = peft_wrapper(subject.model)
    if wrapper is not None and (_is_copied(embedding) or _is_copied(head)):
        return _of_copies(wrapper, held, read)
    if held.requires_grad and not read.requires_grad:
        return warned(
            "the embedding is trained and the head, which should be the same weights, is not: "
            "they drift apart, and saving keeps one of them",
            help="model.tie_weights()",
        )
    return warned(
        "head and embedding should be the same weights, and are apart: saving keeps one of them",
        help="model.tie_weights()",
    )


def _of_copies(wrapper: Any, held: Any, read: Any) -> CheckResult:
    """Judge a head or an embedding that PEFT trains as a copy, apart from the other one.

    The adapter holds the copy whole. A merged model holds two matrices, and reads them back as one
    unless its config says that they are two.
    """
    unties = merging_unties(wrapper)
    if held.requires_grad and not read.requires_grad:
        configs = getattr(wrapper, "peft_config", {}).values()
        knows = any(hasattr(config, "ensure_weight_tying") for config in configs)
        return warned(
            "the embedding is trained and the head, which should be the same weights, is not: "
            "they drift apart",
            help=_TYING if knows else f"modules_to_save=['embed_tokens', 'lm_head'], and {_UNTIE}",
        )
    if unties is False:
        return warned(
            "head and embedding, which should be the same weights, are trained apart: a merged "
            "model that is saved keeps one of them",
            help=_UNTIE,
        )
    if isinstance(unties, str):
        return not_run(f"what merging makes of a head trained apart is unknown: {unties}")
    return passed("head and embedding are trained apart, and merging keeps both")


def _is_copied(module: Any) -> bool:
    return bool(len(getattr(module, "modules_to_save", None) or ()))


def _of_score(subject: Subject) -> CheckResult | None:
    """Warn of a classification head that is frozen; ``None`` without one."""
    score: Any = getattr(subject.base, "score", None)
    weights = list(score.parameters()) if hasattr(score, "parameters") else []
    if not weights:
        return None
    if any(p.requires_grad for p in weights):
        return passed("the classification head is trained")
    return warned(
        "the classification head (score) is frozen: unless it was trained before, it is random",
        help="LoraConfig(task_type='SEQ_CLS'), or modules_to_save=['score']",
    )


def _live(module: Any) -> Any:
    """Return the weight that the forward uses: PEFT's trained copy if there is one."""
    copies = getattr(module, "modules_to_save", None)
    if copies is not None and len(copies):
        module = next(iter(copies.values()))
    tokens = getattr(module, "token_adapter", None)  # single rows are trained, the rest is shared
    if tokens is not None:
        module = tokens.get_base_layer()
    return getattr(module, "weight", None)


def _same(one: Any, other: Any) -> bool:
    return bool(one.data_ptr() == other.data_ptr() and one.numel() and one.device == other.device)
