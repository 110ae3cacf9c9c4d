"""Check whether the config still computes what every model of the family computes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..text import text_config_of
from ._answers import does_not_apply, failed, passed, warned
from .rotary import EDITED

if TYPE_CHECKING:
    from ..subject import Subject

# Fields that make another network of the same weights, and that recipes leave as they are.
_FIXED = {
    "gemma2": ("hidden_activation", "final_logit_softcapping", "attn_logit_softcapping"),
    "gemma3_text": ("hidden_activation", "final_logit_softcapping", "attn_logit_softcapping"),
    "gemma3n_text": ("hidden_activation", "final_logit_softcapping"),
    "gemma4_text": ("hidden_activation", "final_logit_softcapping"),
}
_DROPOUT = 0.5


def config_is_the_familys(subject: Subject) -> CheckResult:
    """Check activation and soft caps against the config class, the window, and dropout."""
    config = text_config_of(subject)
    fixed = _FIXED.get(str(getattr(config, "model_type", "")), ())
    dropout = getattr(config, "attention_dropout", 0.0)
    if isinstance(dropout, (int, float)) and dropout > _DROPOUT:
        return warned(
            f"attention_dropout={dropout:g} drops most of the attention in every training step",
            help="config.attention_dropout = 0.0",
        )
    window = getattr(config, "sliding_window", None)
    if isinstance(window, int) and window <= 1 and _slides(config):
        return failed(
            f"sliding_window={window}: in the layers with a window each token sees itself alone",
            help="leave sliding_window as it is in the checkpoint's own config.json",
        )
    if not fixed:
        return does_not_apply("of this type no such field is known")
    usual = type(config)()
    for name in fixed:
        if name in subject.kept.get(EDITED, ()):
            continue  # the checkpoint's own config has said so
        own, theirs = getattr(config, name, None), getattr(usual, name, None)
        if own != theirs:
            return warned(
                f"config.{name} is {own!r}, and {type(config).__name__} has {theirs!r} by itself: "
                "weights that were trained with one compute something else with the other",
                help=f"leave {name} out of from_pretrained and of the config; nothing, if the "
                "checkpoint's own config.json has it",
            )
    return passed(f"activation and soft caps are those of {type(config).__name__}")


def _slides(config: Any) -> bool:
    """Return whether some layer has the window; so have all, where the config does not say."""
    kinds = getattr(config, "layer_types", None) or ["sliding_attention"]
    return any("sliding" in str(kind) for kind in kinds)
