"""Note what a pass shows while it runs: outputs of layers, experts, and how the model is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..live.tree import layer_wrappers, text_models

if TYPE_CHECKING:
    from .passes import Pass
    from .subject import Subject


def watch_layers(base: Any, peaks: dict[str, tuple[float, str]]) -> Iterator[Any]:
    """Yield hooks that note the largest absolute output of each decoder layer."""

    def note(path: str) -> Any:
        def hook(module: Any, args: Any, output: Any) -> None:
            hidden = output[0] if isinstance(output, tuple) else output
            if hasattr(hidden, "dtype") and hidden.dtype.is_floating_point:
                name = str(hidden.dtype).removeprefix("torch.")
                peaks[path] = (float(hidden.detach().abs().amax().float()), name)

        return hook

    for prefix, text_model in text_models(base):
        for index, layer in enumerate(text_model.layers):
            path = f"{prefix}.layers.{index}"
            yield layer_wrappers(layer)[0].register_forward_hook(note(path))


def watch_routers(base: Any, found: Pass) -> Iterator[Any]:
    """Yield hooks that note to which experts, of how many, the tokens of the batch go."""

    def note(path: str, total: int) -> Any:
        def hook(module: Any, args: Any, output: Any) -> None:
            chosen: Any = output[-1] if isinstance(output, tuple) else None
            if getattr(chosen, "ndim", 0) == 2 and not chosen.is_floating_point():
                used = set(chosen.flatten().tolist())
                found.experts[path] = (used, int(chosen.shape[1]), total)

        return hook

    for path, module in base.named_modules():
        if type(module).__name__.endswith("Router") and hasattr(module, "proj"):
            yield module.register_forward_hook(note(path, module.proj.out_features))


def watch_calls(subject: Subject, found: Pass) -> Any:
    """Return a hook that notes how the run calls the model: its ``use_cache``, and its mode."""
    import torch

    def hook(module: Any, args: Any, kwargs: Mapping[str, Any]) -> None:
        if "use_cache" in kwargs:
            subject.kept["use_cache"] = kwargs["use_cache"]
        if torch.is_grad_enabled():
            found.trains = module.training

    return subject.model.register_forward_pre_hook(hook, with_kwargs=True)
