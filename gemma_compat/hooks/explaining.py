"""Explain an exception or a log: as a value, or as a note on the exception itself."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from .._files import opened_log
from ..detect import detect_facts
from ..errors import SHOWS_NOTES, UsageError, add_note
from ..facts import Facts

if TYPE_CHECKING:
    from types import TracebackType

    from .._explain.explanation import Explanation


def explain(what: Any = None, *, model: Any = None, args: Any = None) -> Explanation:
    """Return the likely causes of an exception, a traceback or a log; prints as a report.

    Args:
        what: an exception, text, or the path of a log (an ``os.PathLike``; a ``str`` is text).
            If not given, the last error that ended a notebook's cell or a line at the prompt.
        model, args: as in ``diagnose``; they make the answer surer.

    Returns:
        the matching rules, likeliest first, with the facts that were read. For an exception,
        the facts of this machine are used too; a text may come from another machine.

    Raises:
        UsageError: the file cannot be read, ``what`` has another type, or no error is there yet.
    """
    if what is None:
        what = _last_error()

    from .._explain.explain import explain_log
    from .._explain.log_facts import merge

    def given(read: Facts) -> Facts:
        is_mine = isinstance(what, BaseException)
        if not is_mine and model is None and args is None:
            return read
        here = detect_facts(model=model, args=args)
        return merge(here if is_mine else _run_of(here), read)

    with _opened(what) as stream:
        return explain_log(stream, given)


def _last_error() -> BaseException:
    """Return what an interactive Python keeps of the last error; a handled one is not kept."""
    error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)  # 3.12; before
    if not isinstance(error, BaseException):
        raise UsageError(
            "no error has ended a cell yet; pass an exception, a text, or pathlib.Path of a log"
        )
    return error


def _opened(what: Any) -> BinaryIO:
    if isinstance(what, os.PathLike):
        try:
            return opened_log(what)
        except OSError as error:
            raise UsageError(f"{os.fspath(what)}: {error.strerror or error}") from error
    if isinstance(what, BaseException):
        lines = traceback.format_exception(type(what), what, _past_shell(what.__traceback__))
        return io.BytesIO("".join(lines).encode("utf-8", "replace"))
    if isinstance(what, str):
        return io.BytesIO(what.encode("utf-8", "replace"))
    raise UsageError(f"explain takes an exception, text or a path, not {type(what).__name__}")


def _past_shell(frames: TracebackType | None) -> TracebackType | None:
    """Return the frames from a notebook's cell on: those of IPython before it explain nothing."""
    last_of_shell = None
    step = frames
    while step is not None:
        if "/IPython/" in step.tb_frame.f_code.co_filename.replace(os.sep, "/"):
            last_of_shell = step
        step = step.tb_next
    return frames if last_of_shell is None else last_of_shell.tb_next or frames


def _run_of(facts: Facts) -> Facts:
    """Return the model and the run that were given, and nothing of this machine."""
    return Facts(model=facts.model, training=facts.training, assumed=facts.assumed)


@contextmanager
def explaining(model: Any = None, *, args: Any = None) -> Iterator[None]:
    """Explain an exception that leaves the block; also a decorator.

        with gemma_compat.explaining(model, args=training_args):
            trainer.train()

    The explanation is added as a note, which the traceback prints (Python 3.10 does not print
    notes: there it goes to stderr). The exception itself is raised again as it is.

    Args:
        model, args: the model and the ``TrainingArguments``; they make the answer surer.
    """
    try:
        yield
    except Exception as error:
        text = _explained(error, model, args)
        add_note(error, text)
        if not SHOWS_NOTES and sys.stderr is not None:
            sys.stderr.write(text + "\n")
        raise


def _explained(error: Exception, model: Any, args: Any) -> str:
    try:
        return str(explain(error, model=model, args=args)).rstrip()
    except Exception as problem:  # probe boundary: nothing may hide the user's own exception
        return f"gemma_compat could not explain this: {type(problem).__name__}: {problem}"
