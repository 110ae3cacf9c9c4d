"""What the names in ``target_modules`` match: for the rules of this folder."""

from __future__ import annotations

from ...facts import Facts

# The parents that recipes put before a name and that the towers have as well.
_PARENTS = {"self_attn", "mlp"}
LAYER = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def names(target_modules: object) -> tuple[str, ...]:
    """Return ``target_modules`` as the list that it may be; empty for a pattern, a keyword or
    ``None``.
    """
    return target_modules if isinstance(target_modules, tuple) else ()


def suffixes(facts: Facts) -> tuple[str, ...]:
    """Return the names in a list that match in every part of a model: ``q_proj``,
    ``self_attn.q_proj``.

    Empty unless ``target_modules`` is a list. Without the path before, and with no name that says
    in which part of the model it is to lie.
    """
    split = [name.split(".") for name in names(facts.adapter.target_modules)]
    return tuple(parts[-1] for parts in split if set(parts[:-1]) <= _PARENTS)


def among(parts: tuple[str, ...], paths: tuple[str, ...]) -> list[str]:
    """Return those parts that are a step of any path."""
    return [part for part in parts if any(part in path.split(".") for path in paths)]


def ends_of(parts: tuple[str, ...], paths: tuple[str, ...]) -> list[str]:
    """Return those parts that any path ends with."""
    return [part for part in parts if any(part == path.split(".")[-1] for path in paths)]
