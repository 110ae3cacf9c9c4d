"""Run preflight before the first step of a Trainer, a callback or a hand-written loop."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PreflightFailed, UsageError
from ..progress import Progress, no_progress, progress_of
from ._patched import is_first_rank, logger

if TYPE_CHECKING:
    from .._preflight.result import Preflight

FILE = "preflight.json"  # beside the checkpoints


@dataclass(frozen=True)
class Asked:
    """How to run preflight.

    Attributes:
        skip: names of checks to leave out.
        go_on: train even if a check failed.
        verbose: print every check.
    """

    skip: tuple[str, ...] = ()
    go_on: bool = False
    verbose: bool = False


def asked_for(preflight: bool | Mapping[str, Any]) -> Asked | None:
    """Read ``preflight=True`` or ``preflight=dict(skip=[...], go_on=True, verbose=True)``; ``None``
    for ``False``.

    Raises:
        UsageError: a key or a check that does not exist.
    """
    if not isinstance(preflight, Mapping):
        return Asked() if preflight else None
    unknown = sorted(set(preflight) - {"skip", "go_on", "verbose"})
    if unknown:
        raise UsageError(f"preflight takes skip, go_on and verbose, not {', '.join(unknown)}")
    skip: Iterable[str] = preflight.get("skip", ())
    names = (skip,) if isinstance(skip, str) else tuple(skip)
    if names:
        from .._preflight.checks.asking import checked_names

        checked_names(names)
    return Asked(names, bool(preflight.get("go_on")), bool(preflight.get("verbose")))


def keywords_of(asked: Asked | None) -> bool | dict[str, Any]:
    """Return the inverse of :func:`asked_for`, for a process that the script starts."""
    return False if asked is None else {**asdict(asked), "skip": list(asked.skip)}


def require_preflight(subject: Any, asked: Asked, batch: Any = None, **known: Any) -> None:
    """Try one batch and log the result.

    Args:
        subject: a Trainer, or a model with its batch.
        asked: what to leave out, and whether a failure stops the run.
        batch: the batch, if ``subject`` is a model.
        known: further arguments of :func:`gemma_compat.preflight`.

    Raises:
        PreflightFailed: a check failed, and ``go_on`` is off.
    """
    from .._preflight import preflight
    from ..report.preflight import render_stopped

    try:
        known = {**known, "skip": asked.skip, "verbose": asked.verbose}
        result = preflight(subject, batch, progress=_progress(), **known)
    except UsageError as error:  # such as a run without data, which must not stop it
        logger.warning("gemma_compat: preflight was not made: %s", error)
        return
    if is_first_rank():
        logger.warning("%s", result)
        _write(result, known.get("args") or getattr(subject, "args", None))
    if result.ok:
        return
    if asked.go_on:
        logger.warning("gemma_compat: training goes on although a check failed, as you asked")
        return
    text = render_stopped(result)
    if is_first_rank():
        logger.warning("%s", text)
    raise PreflightFailed(f"{result}\n{text}")


def require_preflight_of_loop(model: Any, prepared: Iterable[Any], asked: Asked) -> None:
    """Try the first batch of the data loader that ``Accelerator.prepare`` was given.

    Args:
        model: the model among the prepared objects.
        prepared: all objects that this call prepares.
        asked: what to leave out, and whether a failure stops the run.
    """
    from .._preflight.data import batches_of, given_back

    loaders = [item for item in prepared if hasattr(item, "dataset") and hasattr(item, "__iter__")]
    if not loaders:
        logger.warning(
            "gemma_compat: preflight was not made: Accelerator.prepare was given a model without a "
            "data loader. Call gemma_compat.preflight(model, batch) before the first step"
        )
        return
    optimizer = next((item for item in prepared if hasattr(item, "param_groups")), None)
    with given_back(loaders[0].dataset, loaders[0]):
        batch = next(iter(batches_of(loaders[0])), None)
    if not isinstance(batch, Mapping) or not {"input_ids", "labels"} <= set(batch):
        held = ", ".join(map(str, batch)) if isinstance(batch, Mapping) else type(batch).__name__
        logger.warning(
            "gemma_compat: preflight was not made: the data loader gives no input_ids with labels "
            "(%s). Call gemma_compat.preflight(model, batch)",
            held or "nothing",
        )
        return
    require_preflight(model, asked, batch, optimizer=optimizer)


def trainer_around(callback: Any) -> Any:
    """Return the Trainer that is calling this callback; ``None`` if none is found.

    transformers passes a callback the model and the data loader, but not the Trainer, whose step is
    what preflight tests. The Trainer is the ``self`` of a frame that called us.
    """
    frame = sys._getframe(1)
    while frame is not None:
        holder = frame.f_locals.get("self")
        handler = getattr(holder, "callback_handler", None)
        if any(item is callback for item in getattr(handler, "callbacks", ())):
            return holder
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _progress() -> Progress | None:
    """Return a function that shows the current check on a terminal; ``None`` elsewhere and on later
    ranks.
    """
    return progress_of("preflight") if is_first_rank() else no_progress


def _write(result: Preflight, args: Any) -> None:
    """Write the results beside the checkpoints; log one warning if the folder is not writable."""
    folder = getattr(args, "output_dir", None)
    if not isinstance(folder, (str, os.PathLike)):
        return
    path = Path(folder) / FILE
    from ..report.preflight import shareable

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(shareable(result), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        logger.warning("gemma_compat: %s was not written: %s", path, error.strerror or error)
