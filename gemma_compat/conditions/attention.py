"""Conditions on how attention is computed."""

from __future__ import annotations

from ..engine.condition import condition
from ..facts import Facts


@condition("the text model caps its attention logits (attn_logit_softcapping)")
def caps_attention(facts: Facts) -> bool:
    return facts.model.attn_logit_softcapping is not None


@condition("attention runs through sdpa")
def runs_sdpa(facts: Facts) -> bool:
    return facts.model.attn_implementation == "sdpa"


@condition("attention runs through FlashAttention 2")
def runs_flash_attention(facts: Facts) -> bool:
    return facts.model.attn_implementation == "flash_attention_2"


@condition("attention runs through flex_attention")
def runs_flex_attention(facts: Facts) -> bool:
    return facts.model.attn_implementation == "flex_attention"


@condition("attention is not flash attention")
def has_no_varlen_attention(facts: Facts) -> bool:
    return "flash" not in facts.model.attn_implementation


@condition("image tokens attend to each other (use_bidirectional_attention is 'vision')")
def sees_images_both_ways(facts: Facts) -> bool:
    return facts.model.use_bidirectional_attention == "vision"
