"""Check whether the config still computes what every model of the family computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..result import CheckResult
from ..text import text_config_of
from ._answers import does_not_apply, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject

# Fields in which the published models of a type do not differ, so its config class has them.
_FIXED = {
    "gemma2": ("hidden_activation", "final_logit_softcapping", "attn_logit_softcapping"),
    "gemma3_text": ("hidden_activation", "final_logit_softcapping", "attn_logit_softcapping"),
    "gemma3n_text": ("hidden_activation", "final_logit_softcapping"),
    "gemma4_text": ("hidden_activation", "final_logit_softcapping"),
}
_DROPOUT = 0.5


def config_is_the_familys(subject: Subject) -> CheckResult:
    """Check activation and soft caps against the type's own, and dropout against recipes."""
    config = text_config_of(subject)
    fixed = _FIXED.get(str(getattr(config, "model_type", "")), ())
    dropout = getattr(config, "attention_dropout", 0.0)
    if isinstance(dropout, (int, float)) and dropout > _DROPOUT:
        return warned(
            f"attention_dropout={dropout:g} drops most of the attention in every training step",
            help="config.attention_dropout = 0.0",
        )
    if not fixed:
        return does_not_apply("models of this type differ in their configs")
    usual = type(config)()
    for name in fixed:
        own, theirs = getattr(config, name, None), getattr(usual, name, None)
        if own != theirs:
            return warned(
                f"config.{name} is {own!r}; every published {config.model_type} has {theirs!r}, "
                "and its weights were trained with it",
                help=f"leave {name} out of from_pretrained and of the config",
            )
    return passed("activation and soft caps are the family's")
