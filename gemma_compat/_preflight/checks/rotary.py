"""Check whether the model turns positions into angles as its config says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...live.tree import text_models
from ..result import CheckResult
from ._answers import first_line, not_run, passed, warned

if TYPE_CHECKING:
    from ..subject import Subject

EDITED = "edited"  # in subject.kept: fields of the config that are not the checkpoint's
_APART = 0.01  # of a frequency; a cast to bfloat16 costs 0.004
_MOVE = ("dynamic", "longrope")  # kinds of scaling whose frequencies change with the length


def rotary_is_the_configs(subject: Subject) -> CheckResult:
    """Compare the rotary frequencies with fresh ones, and the base of both kinds of layers."""
    models = text_models(subject.base)
    if not models:
        return not_run("no rotary embedding was found")
    both = bases(models[0][1].config)
    if both and both[0] < both[1] and "rope_theta" not in subject.kept.get(EDITED, ()):
        return warned(
            f"the rotary base is {both[0]:g} for full attention and {both[1]:g} for the sliding "
            "window: they are exchanged",
            help="the checkpoint's own config: 1000000 for full attention, 10000 for the window",
        )
    seen, unmade = 0, ""
    for name, live, fresh in _frequencies(models[0][1]):
        seen += 1
        if isinstance(fresh, str):
            unmade = f"{name} cannot be made again from the config: {fresh}"
        elif live.shape == fresh.shape:
            off = float(
                ((live.float().cpu() - fresh.float().cpu()).abs() / fresh.abs().cpu()).max()
            )
            if off > _APART:
                return warned(
                    f"{name} is {off:.2g} apart from what the config gives: the model sees other "
                    "positions than it was trained with",
                    f"at most {_APART:g} apart",
                    help="load the model again, and leave its buffers alone",
                )
    if unmade or not seen:
        return not_run(unmade or "no frequencies were found")
    return passed("frequencies are the config's")


def bases(config: Any) -> tuple[float, float] | None:
    """Return the rotary base of full attention and of the window; ``None`` if there is only one."""
    stated = getattr(config, "rope_parameters", None)
    if isinstance(stated, dict) and "full_attention" in stated:
        full, window = stated["full_attention"], stated.get("sliding_attention") or {}
        pair = full.get("rope_theta"), window.get("rope_theta")
    else:
        pair = getattr(config, "rope_theta", None), getattr(config, "rope_local_base_freq", None)
    both = [float(base) for base in pair if base is not None]
    return (both[0], both[1]) if len(both) == 2 else None


def _frequencies(model: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the name of each buffer of frequencies, the buffer, and a fresh one by the config, or
    why there is none.
    """
    for path, module in model.named_modules():
        buffers = {
            n: b for n, b in module._buffers.items() if n.endswith("inv_freq") and b is not None
        }
        config = vars(module).get("config")
        if not buffers or config is None or any(kind in _kinds(module) for kind in _MOVE):
            continue
        fresh = _made_again(module, config)
        for name, buffer in buffers.items():
            other = fresh if isinstance(fresh, str) else fresh._buffers.get(name)
            if other is not None and "original" not in name and buffer.device.type != "meta":
                yield f"{path}.{name}", buffer, other


def _made_again(module: Any, config: Any) -> Any:
    """Return a second module of this class from its config alone, or the error that it raises."""
    try:
        return type(module)(config)
    except Exception as error:  # probe boundary: another library's class, which may need more
        return first_line(error)


def _kinds(module: Any) -> str:
    return str(vars(module).get("rope_type", "default"))
