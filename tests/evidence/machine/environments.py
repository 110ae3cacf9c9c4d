"""The directories that make an environment: overlays on the one torch of this interpreter."""

from __future__ import annotations

from tools.environments import EnvironmentFailed, ensure_companion, ensure_datasets, ensure_overlay

from .cells import pins_of


class NotInstallable(Exception):
    """A pinned release could not be installed; the message says why, in one line."""


def paths(environment: str) -> list[str]:
    """What to put on ``PYTHONPATH``: single packages, the overlay, what TRL needs beside it."""
    pins = pins_of(environment)
    try:
        overlay = ensure_overlay(pins.pop("transformers"))
        companions = [ensure_companion(name, version) for name, version in sorted(pins.items())]
        below = [ensure_datasets()] if "trl" in pins else []
    except EnvironmentFailed as error:
        raise NotInstallable(str(error)) from error
    return [str(path) for path in (*companions, overlay, *below)]
