"""What the names in ``target_modules`` match: for the rules of this folder."""

from __future__ import annotations

from ...facts import Facts

# The parents that recipes put before a name and that the towers have as well.
_PARENTS = {"self_attn", "mlp"}
LAYER = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def carries_adapter(facts: Facts) -> bool:
    """Whether the model in hand has its adapter already. ``UnknownFact`` for a live model whose
    adapters could not be read."""
    return bool(facts.model.get("live")) and facts.model.peft is not None


def suffixes(facts: Facts) -> tuple[str, ...]:
    """The names in a list that match in every part of a model: ``q_proj``, ``self_attn.q_proj``.

    Empty where ``target_modules`` is no list. Without the path before, and with no name that says
    in which part of the model it is to lie.
    """
    named = facts.adapter.target_modules
    if not isinstance(named, tuple):
        return ()
    split = [name.split(".") for name in named]
    return tuple(parts[-1] for parts in split if set(parts[:-1]) <= _PARENTS)
