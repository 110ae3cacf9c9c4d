"""What Unsloth is and did, in a line or two: it patches as well, and says little about it."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import Facts

_NAMED = 4  # methods that are named; the rest is counted
_BACKENDS = {"cpu": "its CPU backend, which patches nothing of Gemma's"}


def unsloth_text(facts: Facts) -> str:
    """Return the line for a report's head; empty where Unsloth is not used or not installed."""
    return "; ".join(_parts(facts))


def _parts(facts: Facts) -> Iterator[str]:
    unsloth = facts.unsloth
    package = facts.packages.get("unsloth")
    if package is None or unsloth.get("used") is False:
        return
    if not unsloth.known("used"):
        yield "installed; whether the run imports it is not known"
        return
    backend = unsloth.get("backend")
    if backend is None:
        yield "used"
    else:
        yield f"imported, runs on {_BACKENDS.get(backend, f'its GPU path ({backend})')}"
    if unsloth.get("imported_after"):
        yield f"imported after {', '.join(unsloth.imported_after)}"
    from ..conditions.unsloth import forces_float32  # most facts have no Unsloth

    if forces_float32.is_known_to_hold(facts):
        yield "computes this model in float32 in place of float16 and turns mixed precision off"
    yield from _on_the_model(facts)


def _on_the_model(facts: Facts) -> Iterator[str]:
    """Yield which of its patches are on the model in hand."""
    unsloth = facts.unsloth
    ours = [name for name in unsloth.get("patches", ()) if _is_the_models(name)]
    if ours:
        more = f" and {len(ours) - _NAMED} more" if len(ours) > _NAMED else ""
        yield f"its own code in {', '.join(ours[:_NAMED])}{more}"
    if unsloth.get("rebuilt"):
        yield f"rebuilt by its compiler: {', '.join(unsloth.rebuilt)}"
    if unsloth.get("carries_shared_kv"):
        yield "carries shared keys and values itself, so GC104 and GC201 stay out"


def _is_the_models(name: str) -> bool:
    """Return whether a method belongs to Gemma's own classes, and is not inherited by every
    model.
    """
    return name.startswith("Gemma") and not name.endswith("__")
