"""Conditions on a PEFT adapter: on the model in hand, or that the run will put on."""

from __future__ import annotations

from ..engine.condition import NO, all_of, any_of, as_stated, condition, first_known, not_
from ..facts import Facts
from .model import is_live


@condition("the model carries a PEFT adapter")
def has_adapter(facts: Facts) -> bool:
    return facts.model.peft is not None


@condition("a PEFT adapter is trained")
def is_given_adapter(facts: Facts) -> bool:
    """Return whether the run says that it adds an adapter (``peft_config``)."""
    return facts.training.peft


has_no_adapter = not_(has_adapter, "the model carries no PEFT adapter")

# A live model that carries none is trained as it is, unless the run says otherwise.
trains_an_adapter = any_of(
    first_known(has_adapter, NO),
    as_stated(is_given_adapter, no_when=all_of(is_live, has_no_adapter)),
    phrase="a PEFT adapter is trained",
)

# The layers of the model in hand say what is adapted; the adapter's config is for later ones.
carries_adapter = all_of(first_known(is_live, NO), has_adapter)


# PEFT's methods that put trained vectors before the embeddings, and hand on no token ids.
_SOFT_PROMPTS = {"PROMPT_TUNING", "P_TUNING", "MULTITASK_PROMPT_TUNING"}


@condition("PEFT's prompt tuning or P-tuning is trained")
def tunes_soft_prompt(facts: Facts) -> bool:
    return facts.model.peft in _SOFT_PROMPTS


@condition("a vision or audio tower is adapted")
def adapts_towers(facts: Facts) -> bool:
    return any(_is_in_a_tower(path) for path in facts.model.adapted_modules)


def _is_in_a_tower(path: str) -> bool:
    return "vision" in path or "audio" in path


@condition("the adapter changes the embeddings")
def trains_embeddings(facts: Facts) -> bool:
    return facts.adapter.trains_embeddings


@condition("target_modules is all-linear")
def targets_all_linear(facts: Facts) -> bool:
    return facts.adapter.target_modules == "all-linear"
