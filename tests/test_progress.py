"""Progress is for whoever watches: tqdm's bar, else a line; nothing where it is piped."""

from __future__ import annotations

import io
import sys
import threading
import time
import types
from typing import Any

import pytest

from gemma_compat import progress

NAMES = ["labels", "loss", "gradients"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Bar:
    """What is used of tqdm's."""

    made: list[Bar] = []

    def __init__(self, total: int, desc: str, **_: Any) -> None:
        self.total, self.desc, self.n, self.names, self.closed = total, desc, 0, [], False
        Bar.made.append(self)

    def set_postfix_str(self, name: str, refresh: bool) -> None:
        self.names.append(name)

    def update(self, by: int) -> None:
        self.n += by

    def close(self) -> None:
        self.closed = True


def walk(stream: io.StringIO) -> bool:
    show = progress.progress_of("preflight", stream)
    for number, name in enumerate(NAMES if show else ()):
        assert show is not None
        show(name, number, len(NAMES))
    return show is not None


@pytest.fixture
def no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ipykernel", "google.colab"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("no_notebook")
def test_nothing_where_it_is_piped() -> None:
    assert not walk(io.StringIO())


@pytest.mark.usefixtures("no_notebook")
def test_a_plain_line_without_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    stream = Terminal()
    assert walk(stream)
    assert [part.split(":")[0] for part in stream.getvalue().split("\r")[1:]] == [
        f"gemma_compat preflight {number}/3" for number in (1, 2, 3)
    ]
    assert stream.getvalue().count("\n") == 1 and stream.getvalue().endswith("\n")


@pytest.mark.parametrize("module", ["ipykernel", "google.colab"])
def test_a_notebook_is_watched_and_tqdm_is_used(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
    tqdm = types.ModuleType("tqdm")
    tqdm.tqdm = Bar  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm", tqdm)
    monkeypatch.setattr(progress, "find_spec", lambda name: name)
    Bar.made.clear()
    assert walk(io.StringIO())
    (bar,) = Bar.made
    assert (bar.total, bar.n, bar.closed, bar.names) == (3, 2, True, NAMES)


def test_work_that_is_one_long_call_says_that_it_goes_on_and_takes_it_back() -> None:
    stream = Terminal()
    with progress.waiting("advise", stream, patience=0.01):
        until = time.monotonic() + 10
        while not stream.getvalue() and time.monotonic() < until:
            time.sleep(0.01)  # the work itself calls nothing
        assert stream.getvalue() == "gemma_compat advise ..."
    assert stream.getvalue().endswith("\r" + " " * 23 + "\r")


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()], ids=["terminal", "pipe"])
def test_short_work_and_a_pipe_get_nothing(stream: io.StringIO) -> None:
    patience = 60 if stream.isatty() else 0
    with progress.waiting("advise", stream, patience=patience):
        time.sleep(0.05)
    assert stream.getvalue() == ""


def test_an_error_takes_the_line_back_and_stops_the_timer() -> None:
    stream, before = Terminal(), threading.active_count()
    with pytest.raises(ValueError, match="wrong"), progress.waiting("advise", stream, patience=60):
        raise ValueError("wrong")
    assert stream.getvalue() == "" and threading.active_count() == before
