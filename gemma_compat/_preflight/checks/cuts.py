"""Find the place where something cuts the lower layers off from the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...live.tree import text_models

if TYPE_CHECKING:
    from ..subject import Subject


def where_it_is_cut(
    subject: Subject, trainable: set[str], dead: set[str]
) -> tuple[str, str] | None:
    """Return where the gradient ends, and what to do; ``None`` unless all layers up to one get none
    and all above it do.
    """
    models = text_models(subject.base)
    if not models:
        return None
    layers = models[0][1].layers
    places = {id(p): at for at, layer in enumerate(layers) for p in layer.parameters()}
    found = {n: places.get(id(p)) for n, p in subject.model.named_parameters() if n in trainable}
    alive = {at for name, at in found.items() if at is not None and name not in dead}
    below = {at for at in found.values() if at is not None} - alive
    if not alive or not below or max(below) >= min(alive):
        return None
    at = max(below)
    place = f"for layer {at} and those below it, while layer {min(alive)} has one"
    culprit = _culprit(layers, at, min(alive))
    if culprit:
        return (
            f"{place}: {culprit}, and what it returns is cut off from its input",
            "no .detach(), .data or torch.no_grad() in it; return nothing from a hook that only "
            "looks",
        )
    return (
        f"{place}: something between the two cuts them off",
        f"no .detach() or torch.no_grad() around layers {at} and {min(alive)}; "
        "requires_grad_(False) if those below are to rest",
    )


def _culprit(layers: Any, last: int, first: int) -> str:
    """Return what the script put between two layers: a hook or a forward; empty for nothing."""
    for at in range(last, first + 1):
        for path, module in layers[at].named_modules():
            name = f"layer {at}" + (f".{path}" if path else "")
            hooks = [*module._forward_hooks.values(), *module._forward_pre_hooks.values()]
            mine = [hook for hook in hooks if not _is_librarys(hook)]
            if mine:
                return f"{name} has the forward hook {getattr(mine[0], '__name__', 'of a class')}"
            own = vars(module).get("forward")
            if own is not None and not _is_librarys(own):
                return f"the forward of {name} was replaced"
    return ""


def _is_librarys(function: Any) -> bool:
    home = str(getattr(function, "__module__", "") or type(function).__module__)
    return home.partition(".")[0] in (
        "gemma_compat",
        "accelerate",
        "peft",
        "torch",
        "transformers",
        "functools",
        "unsloth",
        "unsloth_zoo",
    )
