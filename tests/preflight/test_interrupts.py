"""Ctrl-C on any line of preflight leaves no trace: every line that it comes to is tried."""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch

import gemma_compat

from .test_trace import SLOW, assert_same, run_with_gradients, state

HOME = str(Path(gemma_compat.__file__).parent / "_preflight")
Place = tuple[str, int]


class Lines:
    """Call a function before each line of preflight's own files."""

    def __init__(self, seen: Callable[[Place], None]) -> None:
        self._seen = seen

    def __enter__(self) -> Lines:
        sys.settrace(self._trace)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(HOME):
            return None
        if event == "line":
            self._seen((frame.f_code.co_filename, frame.f_lineno))
        return self._trace


def places(run: Any) -> list[Place]:
    """Return every line that a run of preflight comes to, in order, the last time it does."""
    gemma_compat.preflight(run, skip=SLOW)  # the first time modules are loaded too
    found: dict[Place, None] = {}

    def note(place: Place) -> None:
        found.pop(place, None)
        found[place] = None

    with Lines(note):
        gemma_compat.preflight(run, skip=SLOW)
    return list(found)


def interrupted_at(run: Any, place: Place, after: int = 0) -> bool:
    """Send Ctrl-C at this line, the first time or a later one; return whether it stopped."""
    left = [after]

    def send(at: Place) -> None:
        if at == place:
            left[0] -= 1
            if left[0] == -1:
                signal.raise_signal(signal.SIGINT)

    try:
        with Lines(send):
            gemma_compat.preflight(run, skip=SLOW)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False


def _no_trace_of(run: Any, chosen: list[Place], afters: tuple[int, ...]) -> int:
    before, stopped = state(run), 0
    for place in chosen:
        for after in afters:
            random_state = torch.get_rng_state()
            stopped += interrupted_at(run, place, after)
            assert torch.equal(random_state, torch.get_rng_state()), place
            try:
                assert_same(before, state(run))
            except AssertionError as error:
                raise AssertionError(f"{place}, {after}: {error}") from error
    return stopped


def test_ctrl_c_on_lines_drawn_at_random_leaves_no_trace(tmp_path: Any) -> None:
    run = run_with_gradients(tmp_path)
    chosen = random.Random(5).sample(places(run), 12)
    assert _no_trace_of(run, chosen, (0,)) >= 10


@pytest.mark.slow
def test_ctrl_c_on_any_line_leaves_no_trace(tmp_path: Any) -> None:
    run = run_with_gradients(tmp_path)
    chosen = [place for place in places(run) if "/checks/" not in place[0]]
    assert len(chosen) > 300
    assert _no_trace_of(run, chosen, (0, 3)) > len(chosen)


@pytest.mark.slow
def test_ctrl_c_in_any_check_leaves_no_trace(tmp_path: Any) -> None:
    run = run_with_gradients(tmp_path)
    chosen = [place for place in places(run) if "/checks/" in place[0]]
    assert _no_trace_of(run, chosen[::4], (0,)) > len(chosen) // 8
