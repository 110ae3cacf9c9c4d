"""Check whether the model still has the config of the checkpoint that it was loaded from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..result import CheckResult
from ..text import text_config_of
from ._answers import first_line, not_run, passed, warned
from .rotary import EDITED, bases

if TYPE_CHECKING:
    from ..subject import Subject

# What a forward computes with. Vocabularies may grow, and dropout is the run's own.
_FIELDS = (
    "num_hidden_layers",
    "hidden_size",
    "intermediate_size",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "layer_types",
    "sliding_window",
    "query_pre_attn_scalar",
    "rms_norm_eps",
    "hidden_activation",
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "use_bidirectional_attention",
    "num_kv_shared_layers",
    "attention_k_eq_v",
)
_ROPE = ("rope_parameters", "rope_scaling")
_LONG = 60  # characters of a value to show


def config_is_the_checkpoints(subject: Subject) -> CheckResult:
    """Compare each field that the forward computes with, with the checkpoint's own config."""
    config, home = text_config_of(subject), getattr(subject.base.config, "_name_or_path", "")
    if not home:
        return not_run("the model does not say which checkpoint it was loaded from")
    try:
        own = type(subject.base.config).from_pretrained(home, local_files_only=True)
    except Exception as error:  # probe boundary: any folder, or a repository that is not cached
        return not_run(f"the checkpoint's config cannot be read: {first_line(error)}")
    own = own.get_text_config() if hasattr(own, "get_text_config") else own
    if getattr(own, "model_type", None) != getattr(config, "model_type", None):
        return not_run("the checkpoint is of another type now")
    found = _differing(config, own)
    if not subject.is_causal:  # embeddings and classes are read in both directions on purpose
        found.pop("use_bidirectional_attention", None)
    subject.kept[EDITED] = set(found)
    if not found:
        return passed("the config computes what the checkpoint's does")
    name, (mine, theirs) = next(iter(found.items()))
    more = f" ({', '.join(list(found)[1:])} differ too)" if len(found) > 1 else ""
    return warned(
        f"config.{name} is {_shown(mine)}, and {_shown(theirs)} in the checkpoint that the model "
        f"was loaded from: its weights were trained with that{more}",
        help=f"leave {name} out of from_pretrained and of the config"
        + ("; nothing, if you cut the model on purpose" if name == "num_hidden_layers" else ""),
    )


def _differing(config: Any, own: Any) -> dict[str, tuple[Any, Any]]:
    """Return the fields that differ, with the model's value and the checkpoint's."""
    found = {}
    for name in _FIELDS:
        mine, theirs = getattr(config, name, None), getattr(own, name, None)
        if mine != theirs:
            found[name] = (mine, theirs)
    if "num_hidden_layers" in found:
        found.pop("layer_types", None)  # as long as there are layers
    if bases(config) != bases(own):
        found["rope_theta"] = (bases(config), bases(own))
    factors = _factor(config), _factor(own)
    if factors[0] is None and factors[1] is not None:  # a new one extends the context on purpose
        found["rope_scaling"] = factors
    return found


def _factor(config: Any) -> Any:
    """Return the factor by which positions are scaled; ``None`` without one."""
    stated = getattr(config, _ROPE[0], None) or getattr(config, _ROPE[1], None)
    if not isinstance(stated, dict):
        return None
    of_full = stated.get("full_attention", stated)
    return of_full.get("factor") if isinstance(of_full, dict) else None


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], str):
        full = sum(one == "full_attention" for one in value)
        return f"{full} of {len(value)} layers with full attention"
    text = repr(value)
    return text if len(text) <= _LONG else text[: _LONG - 3] + "..."
