"""Read the run's own data, its first batch and up to a thousand rows, and put it all back.

A data set that can be read only once (an iterator, an open file) is read through a recorder, and
what was read is put in front of it again. An iterator that no attribute leads to, such as one in a
closure, cannot be told from a data set that starts again.
"""

from __future__ import annotations

import copy
import io
import itertools
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..errors import UsageError

ROWS = 1_000  # rows to look at without a forward pass
_STREAMED = 64  # rows of a data set without a length, which may come over a network
_PICTURED = 16  # rows of a data set with images, whose collator takes long


def first_batches(shadow: Any) -> Iterator[Any]:
    """Yield the batches of the run in its own order, made in this process.

    Args:
        shadow: the copy of the run's Trainer; its arguments are written to.

    Raises:
        UsageError: the Trainer has no training data, or none is left of it.
    """
    if getattr(shadow, "train_dataset", None) is None:
        raise UsageError("the Trainer has no train_dataset; give preflight a batch")
    if hasattr(shadow.train_dataset, "__len__") and not len(shadow.train_dataset):
        limit = getattr(shadow.args, "max_length", None)
        cut = f", or max_length={limit} leaves nothing of its answers" if limit else ""
        raise UsageError(f"the Trainer's train_dataset has no rows: it was empty{cut}")
    for name, value in _IN_PROCESS.items():
        if hasattr(shadow.args, name):
            setattr(shadow.args, name, value)
    loader = shadow.get_train_dataloader()
    yield from _plain(loader)


def evaluation_batches(shadow: Any) -> Iterator[Any]:
    """Yield the batches of the evaluation data; nothing if there are several data sets."""
    if not isinstance(shadow.eval_dataset, dict):
        yield from _plain(shadow.get_eval_dataloader())


_IN_PROCESS = {
    "dataloader_num_workers": 0,
    "dataloader_persistent_workers": False,
    "dataloader_prefetch_factor": None,
}


def batches_of(loader: Any) -> Iterator[Any]:
    """Yield the batches of a loader that the caller made, without its worker processes."""
    inner = getattr(loader, "base_dataloader", loader)
    if not getattr(inner, "num_workers", 0):
        yield from _plain(loader)
        return
    alone = copy.copy(inner)
    # torch forbids to set these after construction, through __setattr__ of the loader.
    vars(alone).update(
        num_workers=0, prefetch_factor=None, persistent_workers=False, _iterator=None
    )
    yield from alone


def _plain(loader: Any) -> Iterator[Any]:
    """Iterate over torch's loader inside accelerate's, which would count the iteration."""
    yield from getattr(loader, "base_dataloader", loader)


def rows_to_scan(batch: Any, dataset: Any) -> int:
    """Return how many rows to look at, by what one of them costs."""
    if isinstance(batch, Mapping) and any("pixel" in str(name) for name in batch):
        return _PICTURED
    return ROWS if hasattr(dataset, "__len__") else _STREAMED


@contextmanager
def given_back(*roots: Any) -> Iterator[None]:
    """Put what the body reads from one-shot iterators back in front of them."""
    recorders = record(*roots)
    try:
        yield
    finally:
        for recorder in recorders:
            recorder.give_back()


def record(*roots: Any) -> list[Any]:
    """Put recorders in the place of one-shot iterators that these objects hold; return the
    recorders.
    """
    recorders: list[Any] = []
    for root in roots:
        _record(root, recorders, set())
    return recorders


class _Recorder:
    """Replace an iterator that an object or a container holds, and keep what is read."""

    def __init__(self, table: Any, key: Any, source: Iterator[Any]) -> None:
        self._table, self._key, self._source = table, key, source
        self._read: deque[Any] = deque()
        table[key] = self

    def __iter__(self) -> _Recorder:
        return self

    def __next__(self) -> Any:
        item = next(self._source)
        self._read.append(item)
        return item

    def give_back(self) -> None:
        """Put the iterator back, with what was read in front of the rest."""
        rest = itertools.chain(self._read, self._source) if self._read else self._source
        self._table[self._key] = rest


class _File:
    """Put the position of an open file back."""

    def __init__(self, file: Any) -> None:
        self._file, self._position = file, file.tell()

    def give_back(self) -> None:
        self._file.seek(self._position)


def _record(holder: Any, recorders: list[Any], seen: set[int], depth: int = 0) -> None:
    """Search attributes and containers, five levels deep."""
    if depth > 4 or id(holder) in seen or isinstance(holder, type):
        return
    seen.add(id(holder))
    table = _table_of(holder)
    if table is None or len(table) > 1_000:
        return
    for key, value in list(table.items() if isinstance(table, dict) else enumerate(table)):
        if isinstance(value, io.IOBase):
            if value.seekable() and not value.closed:
                recorders.append(_File(value))
        elif _is_one_shot(value):
            recorders.append(_Recorder(table, key, value))
        else:
            _record(value, recorders, seen, depth + 1)


def _table_of(holder: Any) -> Any:
    if isinstance(holder, (dict, list)):
        return holder
    home = type(holder).__module__.partition(".")[0]
    if home in {"torch", "numpy", "pyarrow", "tokenizers", "builtins"}:
        return None
    return getattr(holder, "__dict__", None)


def _is_one_shot(value: Any) -> bool:
    """Return whether this is an iterator that cannot start again: ``iter`` returns itself."""
    kind = type(value)
    return hasattr(kind, "__next__") and hasattr(kind, "__iter__") and iter(value) is value
