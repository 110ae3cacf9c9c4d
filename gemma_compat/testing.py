"""Run another project's tests on patched models: patch each Gemma when it is made.

    GEMMA_COMPAT_TESTING=patched pytest -p gemma_compat.testing tests/models/gemma3

What passes plain and fails patched is our defect, or a test of the very thing that a cure changes.

Modes, by that variable or :func:`every_gemma`: ``patched``; ``reverted``, which patches each model
and takes everything back at once; ``plain``, which does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .errors import PatchError, UsageError

VARIABLE = "GEMMA_COMPAT_TESTING"
MODES = ("plain", "patched", "reverted")


@contextmanager
def every_gemma(mode: str = "patched", **options: Any) -> Iterator[list[str]]:
    """Patch each Gemma model that is made inside the block.

    Args:
        mode: one of :data:`MODES`.
        options: keywords of :func:`gemma_compat.patch`.

    Yields:
        the codes that were put on models so far, one line for each model that was changed.

    Raises:
        UsageError: an unknown mode.
    """
    if mode not in MODES:
        raise UsageError(f"{VARIABLE} must be one of {', '.join(MODES)}, not {mode!r}")
    done: list[str] = []
    if mode == "plain":
        yield done
        return
    from transformers.modeling_utils import PreTrainedModel

    found = PreTrainedModel.post_init
    PreTrainedModel.post_init = _patching(found, mode, options, done)
    try:
        yield done
    finally:
        PreTrainedModel.post_init = found


def _patching(
    found: Callable[..., Any], mode: str, options: dict[str, Any], done: list[str]
) -> Callable[..., Any]:
    """Return a ``post_init`` that calls the given one and then ``patch``."""

    def post_init(model: Any, *args: Any, **kwargs: Any) -> Any:
        result = found(model, *args, **kwargs)
        from .api import patch
        from .hooks._patched import is_gemma_model

        if is_gemma_model(model) and model.config.model_type and _is_whole(model):
            try:
                applied = patch(model, **options)
            except PatchError as error:
                done.append(f"{type(model).__name__}: {error}")
                return result
            if applied.codes:
                done.append(f"{type(model).__name__}: {' '.join(applied.codes)}")
            if mode == "reverted":
                applied.revert()
        return result

    return post_init


def _is_whole(model: Any) -> bool:
    """Return whether it has a text model: towers and empty shells of a suite have none."""
    from .live.tree import text_models

    return bool(text_models(model))


_session: list[Any] = []


def pytest_configure(config: Any) -> None:
    """Patch every Gemma from now on, if pytest loads this module as a plugin."""
    block = every_gemma(os.environ.get(VARIABLE, "patched"))
    done = block.__enter__()
    _session.append((block, done))


def pytest_unconfigure(config: Any) -> None:
    """Stop patching at the end of the test session."""
    while _session:
        block, _ = _session.pop()
        block.__exit__(None, None, None)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many models were patched, with what."""
    for _, done in _session:
        terminalreporter.write_line(f"gemma_compat: {len(done)} models were patched")
        for line in sorted(set(done)):
            terminalreporter.write_line(f"  {done.count(line)} x {line}")
