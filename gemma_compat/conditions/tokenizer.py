"""Conditions on the tokenizer and its chat template."""

from __future__ import annotations

from ..engine.condition import any_of, condition, not_
from ..facts import Facts


@condition("the tokenizer pads on the left (padding_side)")
def pads_left(facts: Facts) -> bool:
    return facts.tokenizer.padding_side == "left"


@condition("turns end with <turn|>")
def ends_turns_by_token(facts: Facts) -> bool:
    return facts.tokenizer.turn_end == "<turn|>"


@condition("the tokenizer adds <bos>")
def adds_bos(facts: Facts) -> bool:
    return facts.tokenizer.adds_bos


@condition("there is a chat template")
def has_template(facts: Facts) -> bool:
    return bool(facts.tokenizer.chat_template)


@condition("the chat template writes <bos>")
def template_writes_bos(facts: Facts) -> bool:
    return facts.tokenizer.template_writes_bos


adds_no_bos = not_(adds_bos, "the tokenizer does not add <bos>")
template_writes_no_bos = any_of(
    not_(has_template, "there is no chat template"),
    not_(template_writes_bos, "the chat template does not write <bos>"),
    phrase="the chat template does not write <bos>",
)
