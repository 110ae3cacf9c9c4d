"""Whether another thread is in a forward of a model, read off the threads' frames.

A count that hooks keep would be wrong after Ctrl-C, for which torch calls no closing hook.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any

_CALL = "_call_impl"  # torch.nn.Module's, in which every forward of a module runs


def runs_elsewhere(model: Any) -> bool:
    """Return whether another thread is in a forward of this model or of a part of it."""
    running = {id(module) for module in _running()}
    return bool(running) and any(id(module) in running for module in model.modules())


def _running() -> Iterator[Any]:
    mine = threading.get_ident()
    for thread, innermost in sys._current_frames().items():
        frame: Any = None if thread == mine else innermost
        while frame is not None:
            if frame.f_code.co_name == _CALL:
                yield frame.f_locals.get("self")
            frame = frame.f_back
