"""The config of a multimodal Gemma has no sizes, and code that reads them there crashes.

## What breaks
`AttributeError: 'Gemma3Config' object has no attribute 'vocab_size'`, or `hidden_size`,
`num_hidden_layers`, `num_attention_heads`, `head_dim`, in a framework or a script that was written
for text models. transformers itself, its Trainer and its DeepSpeed integration do not read them.

## Why
These sizes belong to the text model, and are in `config.text_config`. No release from 4.50.0 to
5.23.0 has them on the top-level config; PaliGemma has some of them there.

## Cure
Read `config.get_text_config()` in the code that asks for the size, or a newer release of the
framework.

Where neither can be: `gemma_compat.patch(model, select=["GC601"])` lets the class of the config
look in `text_config` for the sizes that it lacks. Nothing is stored, so nothing is saved, and it
reverts. Every config of that class in this process answers then, and code that asks
`hasattr(config, "hidden_size")` to tell a text model takes it for one: so it has to be asked for.
"""

from __future__ import annotations

from typing import Any

from ...conditions.run import has_trainer
from ...engine.condition import as_stated, condition
from ...engine.rule import Applicability, Fix, Problem, Rule, Scope, Severity
from ...errors import PatchRefused, PatchTargetMissing
from ...facts import Facts

SIZES = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "max_position_embeddings",
    "sliding_window",
)


_TYPES = frozenset({"gemma3", "gemma3n", "gemma4", "paligemma", "shieldgemma2"})


@condition("code outside the model reads sizes (hidden_size and so on) from the top-level config")
def states_reading(facts: Facts) -> bool:
    return facts.training.reads_top_config


# Neither a Trainer nor its DeepSpeed integration reads them there.
reads_top_config = as_stated(states_reading, no_when=has_trainer)


RULE = Rule(
    code="GC601",
    since="0.1.0",
    severity=Severity.ERROR,
    effects=("crash-in-training",),
    scopes=(Scope(_TYPES, {}),),
    when=(reads_top_config,),
    fix=Fix(setting="read config.get_text_config().hidden_size there"),
    applicability=Applicability.UNSAFE,
    leaves=("look_in_text_config",),
    symptoms=(
        r"'(?:Gemma3|Gemma3n|Gemma4|PaliGemma|ShieldGemma2)Config' object has no attribute "
        r"'(?:vocab_size|hidden_size|intermediate_size|num_hidden_layers|num_attention_heads|"
        r"num_key_value_heads|head_dim|max_position_embeddings|sliding_window|pad_token_id|"
        r"use_cache)'",
    ),
    reports=("huggingface/transformers#36683", "huggingface/trl#5585"),
)


def describe(facts: Facts) -> Problem:
    return Problem(
        message=(
            f"the top-level config of a {facts.model.model_type} has no vocab_size, hidden_size or "
            "num_hidden_layers: code that reads them there crashes"
        ),
    )


def patch(model: Any, ledger: Any) -> None:
    """Give the class of the top-level config a fallback for the sizes that it lacks."""
    config = getattr(model, "config", None)
    if config is None or vars(config).get("text_config") is None:
        raise PatchTargetMissing("the model's config holds no text_config")
    cls = type(config)
    own = vars(cls).get("__getattr__")
    if own is not look_in_text_config and hasattr(cls, "__getattr__"):
        raise PatchRefused(f"{cls.__name__} defines its own __getattr__")
    ledger.set_attribute(cls, "__getattr__", look_in_text_config)


def look_in_text_config(config: Any, name: str) -> Any:
    """Return a size from ``text_config``, as ``__getattr__``; else raise ``AttributeError``."""
    if name in SIZES:
        text = vars(config).get("text_config")
        if text is not None:
            return getattr(text, name)
    raise AttributeError(f"{type(config).__name__!r} object has no attribute {name!r}")
